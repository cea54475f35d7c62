// Which partition a record goes to. The hashes are those of DTS, so that consumers which compute the partition of a key
// find it: Java's String.hashCode over the text's UTF-16 units, Math.floorMod by the number of partitions.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tributary::sink {

enum class PartitionPolicy : std::uint8_t {
  zero,   // everything to partition 0: one total order, what the official consumers read
  table,  // by "database.table"
  key,    // by the record's Kafka key; records without a key to partition 0
};

// Java's "…".hashCode() of UTF-8 text. Bytes that are not UTF-8 count as U+FFFD each.
std::int32_t java_hash(std::string_view utf8);

// Math.floorMod(hash, partitions); partitions must be positive.
std::int32_t floor_mod(std::int32_t hash, std::int32_t partitions);

}  // namespace tributary::sink
