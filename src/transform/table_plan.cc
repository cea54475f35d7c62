#include "transform/table_plan.h"

#include <algorithm>
#include <utility>

namespace tributary::transform {

base::Result<TablePlan> TablePlan::make(const model::TableSchemaPtr& source, std::string_view script,
                                        etl::ErrorPolicy policy) {
  TablePlan plan;
  plan.target_ = source;
  if (script.empty()) return plan;
  auto program = etl::EtlProgram::compile(script, *source, {.policy = policy});
  if (!program) {
    base::Error& error = program.error();
    error.where = source->database + "." + source->table + ", script " + error.where;
    return base::fail(std::move(error));
  }
  plan.script_ = *std::move(program);
  plan.target_ = plan.script_->output();
  for (const std::uint32_t column : plan.script_->changed_columns())
    if (std::ranges::find(source->identity, column) != source->identity.end()) plan.keeps_identity_ = false;
  return plan;
}

void TablePlan::project(Row& row) const { row.after.resize(target_->columns.size()); }

base::Result<TablePlan::Verdict> TablePlan::apply(Row& row) const {
  row.nulls = 0;
  if (!script_) return Verdict::sent;
  const etl::Change change{row.operation, row.commit_s, 0, row.before, row.after};
  TRY_VALUE(const etl::Outcome outcome, script_->run(change, row.script_, row.other_before_, row.other_after_));
  if (outcome.verdict == etl::Outcome::Verdict::skipped) return Verdict::skipped;
  if (outcome.verdict == etl::Outcome::Verdict::dropped) return Verdict::left_out;
  row.nulls = outcome.nulls;
  row.before.swap(row.other_before_);
  row.after.swap(row.other_after_);
  return Verdict::sent;
}

}  // namespace tributary::transform
