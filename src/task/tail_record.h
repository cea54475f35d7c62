// One Kafka message of a task's topic as people and scripts read it: every value as text. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tributary::task {

struct TailColumn {
  std::string name;
  std::optional<std::string> value;  // UTF-8; binary as hex; empty for NULL

  bool operator==(const TailColumn&) const = default;
};

// Columns in the record's order; a name that stands twice is kept twice.
using TailImage = std::vector<TailColumn>;

struct TailRecord {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;          // of the message; -1: none
  std::optional<std::string> key;          // of the message: text, or hex where it is not UTF-8
  std::string operation;                   // INSERT, UPDATE, DELETE, INIT, DDL, ...
  std::optional<std::string> object_name;  // as written
  std::string database, table;             // object_name taken apart; either may be empty
  std::int64_t id = 0;
  std::int64_t source_timestamp = 0;  // seconds
  std::string position;               // offset@file number
  std::vector<std::pair<std::string, std::string>> tags;
  std::optional<TailImage> before, after;
  std::optional<std::string> ddl;  // the statement

  std::string table_name() const;  // db.table, or the database alone
};

// Fills everything that comes from the message's value. Errors: data.avro_malformed.
base::Result<TailRecord> read_tail_record(std::string_view value);

// Text as it is if it is UTF-8, else lower-case hex.
std::string text_or_hex(std::string_view bytes);

}  // namespace tributary::task
