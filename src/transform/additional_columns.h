// Columns that a task adds to all of its tables, behind their own and those of scripts: they say of each record what
// happened, when and where. What each holds: docs/additional-columns.md. Source of the standard names: DTS, "Add
// additional columns to a destination table". Threads: immutable once made.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/value.h"

namespace tributary::transform {

enum class Fact : std::uint8_t {
  operation,  // I, U or D; rows of the full load are I
  time,       // of the commit; of the full load: when the row was read
  position,   // as the record's sourcePosition
  instance,   // of the source
  database,   // at the source (logical)
  table,
  record_id,
  before_flag,  // Y in an image from before the change, else N
  after_flag,
};
std::string_view to_string(Fact fact);
std::optional<Fact> fact_of(std::string_view name);
std::vector<std::string_view> fact_names();

struct AdditionalColumn {
  std::string name;
  Fact holds = Fact::operation;
};
// Those that DTS adds, under its names.
std::vector<AdditionalColumn> dts_additional_columns();

// What is known of a change besides its rows. Borrowed.
struct ChangeFacts {
  model::Operation operation = model::Operation::insert;
  std::int64_t time_s = 0;
  std::uint64_t record_id = 0;
  std::string_view position, instance;
};

// The additional columns of one table.
class AdditionalValues {
 public:
  // `target` gets the columns; objects_conflict if one of them has the name of another.
  static base::Result<AdditionalValues> add_to(model::TableSchemaPtr& target,
                                               const std::vector<AdditionalColumn>& columns,
                                               const model::TableSchemaPtr& source);

  bool empty() const { return facts_.empty(); }
  // Their values behind an image.
  void append(const ChangeFacts& change, bool is_after, std::vector<model::Value>& image) const;

 private:
  std::vector<Fact> facts_;
  model::TableSchemaPtr source_;
};

}  // namespace tributary::transform
