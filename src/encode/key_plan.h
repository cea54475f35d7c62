// The Kafka key and the identity bytes of a table's rows; RowEncoder says what they look like.
// Threads: immutable, shared by any number.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "model/charset.h"
#include "model/schema.h"
#include "model/value.h"

namespace tributary::encode {

class KeyPlan {
 public:
  explicit KeyPlan(const model::TableSchema& schema);

  bool key(std::span<const model::Value> row, base::Buffer& out) const;
  void identity(std::span<const model::Value> row, base::Buffer& out) const;

 private:
  struct KeyColumn {
    std::uint32_t source = 0;
    bool is_set = false;
    const model::Charset* charset = nullptr;  // null: binary
    std::vector<std::string> labels;          // ENUM: '' and each label as JSON; SET: the bare labels
  };
  std::size_t value_bytes_max(const KeyColumn& column, const model::Value& value) const;
  char* write_value(const KeyColumn& column, const model::Value& value, char* to) const;

  static std::vector<KeyColumn> plan(const model::TableSchema& schema, std::span<const std::uint32_t> columns);

  std::string opening_;                  // ["db","table"
  std::vector<KeyColumn> key_columns_;   // none: no key
  std::vector<std::uint32_t> identity_;  // columns
};

}  // namespace tributary::encode
