// What happens to the rows of one table between source and encoder: the user's choice of statements, the row filter,
// the ETL script, then names and columns as they leave, and additional columns. Made once per structure of a table.
//
// An UPDATE whose row enters the filter leaves as an INSERT, one whose row leaves it as a DELETE: the after image
// decides of INSERT and UPDATE, the before image of DELETE. The choice of statements is of those of the source. Errors
// of make(): what the parts refuse (filter.*, etl.*, task.objects_*), with database.table in `where`. Threads: a plan
// is immutable and shared by any number; a Row serves one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/value.h"
#include "transform/additional_columns.h"
#include "transform/etl/program.h"
#include "transform/filter/filter.h"
#include "transform/objects/selection.h"

namespace tributary::transform {

// A change on its way; kept from row to row for its room. The images are in the order of the source's columns before
// apply(), of the target's behind it; one that the operation does not have is empty.
struct Row {
  model::Operation operation = model::Operation::insert;
  std::int64_t commit_s = 0;
  std::uint64_t record_id = 0;
  std::string_view position, instance;  // borrowed; of the change at the source
  std::vector<model::Value> before, after;
  bool has_passed_filter = false;  // the server has tested it
  std::uint32_t nulls = 0;         // set by apply(): expressions that failed and became NULL

 private:
  friend class TablePlan;
  Filter::Scratch filter_;
  etl::Scratch script_;
  std::vector<model::Value> other_before_, other_after_;
};

class TablePlan {
 public:
  // rule: made for this structure; null: all columns under their own names. script empty: none.
  static base::Result<TablePlan> make(const model::TableSchemaPtr& source, const TableRule* rule,
                                      std::string_view script, etl::ErrorPolicy policy, const Dialect& server,
                                      const std::vector<AdditionalColumn>& additional = {});

  // Nothing happens to rows, but that they leave under other names of database and table: apply() need not be called.
  bool is_plain() const { return !filter_ && !script_ && !maps_ && additional_.empty() && dml_ == dml_all; }
  // The table as its records show it; the source's own if it is plain.
  const model::TableSchemaPtr& target() const { return target_; }

  // The filter's condition for a SELECT of a session with filter_session; empty: all rows.
  std::string_view condition() const { return filter_ ? std::string_view(filter_->sql()) : std::string_view(); }

  enum class Verdict : std::uint8_t {
    sent,
    left_out,
    skipped,  // for an error of the script
  };
  // Values of the row borrow from what they borrowed from before, and from the row itself until its next use.
  base::Result<Verdict> apply(Row& row) const;
  // Only gives the after image the target's columns; those that a script or the task adds are NULL. For a row that
  // apply() has not sent, to be named as its records would be.
  void project(Row& row) const;
  // Two rows are one at the target exactly if they are at the source.
  bool keeps_identity() const { return keeps_identity_; }

 private:
  base::Status map(const model::TableSchema& source, const TableRule& rule);
  base::Result<bool> passes(Row& row) const;

  model::TableSchemaPtr target_;
  std::uint8_t dml_ = dml_all;
  std::optional<Filter> filter_;
  std::optional<etl::EtlProgram> script_;
  std::size_t scripted_columns_ = 0;  // of the source, and those that the script adds
  bool maps_ = false;
  std::vector<std::uint32_t> from_;  // column i of the target is column from_[i] of what the script gives
  AdditionalValues additional_;
  bool keeps_identity_ = true;
};

}  // namespace tributary::transform
