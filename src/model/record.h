// Encoded records on their way to the sink: many in one buffer, no heap node per record. Threads: one at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/buffer.h"

namespace tributary::model {

// What happened to a row, or to a schema. DTS numbers: INSERT 0, UPDATE 1, DELETE 2, DDL 3, INIT 16.
enum class Operation : std::uint8_t {
  insert = 0,
  update = 1,
  delete_ = 2,
  ddl = 3,
  begin = 4,
  commit = 5,
  heartbeat = 8,
  init = 16
};
std::string_view to_string(Operation operation);  // "INSERT", ...

inline constexpr std::uint32_t no_key = std::numeric_limits<std::uint32_t>::max();

struct EncodedRecord {
  std::uint64_t value_begin = 0;  // in RecordBatch::bytes
  std::uint32_t value_size = 0;
  std::uint32_t key_size = no_key;  // the key stands directly before the value; no_key: null key
  std::int32_t partition = 0;       // decided by the sink's policy
  std::uint16_t topic = 0;          // the sink's number of the topic
  bool has_value = true;            // else the value is null: a tombstone
};

struct RecordBatch {
  base::Buffer bytes;
  std::vector<EncodedRecord> records;

  bool empty() const { return records.empty(); }
  void clear() {
    bytes.clear();
    records.clear();
  }
  std::string_view value(const EncodedRecord& r) const { return bytes.view(r.value_begin, r.value_size); }
  std::string_view key(const EncodedRecord& r) const {
    return r.key_size == no_key ? std::string_view{} : bytes.view(r.value_begin - r.key_size, r.key_size);
  }
};

}  // namespace tributary::model
