// The five bytes that stand in front of a datum whose schema is in a registry: 0, and the schema's id in four
// big-endian bytes ("wire format" of Confluent's registry). Threads: functions without state.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace tributary::encode::avro {

inline std::array<char, 5> frame(std::uint32_t schema_id) {
  return {0, static_cast<char>(schema_id >> 24), static_cast<char>(schema_id >> 16), static_cast<char>(schema_id >> 8),
          static_cast<char>(schema_id)};
}

inline std::string_view view(const std::array<char, 5>& frame) { return {frame.data(), frame.size()}; }

}  // namespace tributary::encode::avro
