#include "transform/table_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tributary::transform {

using base::Result;
using model::Operation;
using model::Value;

namespace {

// Rows of the full load are always sent.
bool is_chosen(std::uint8_t dml, Operation operation) {
  switch (operation) {
    case Operation::insert:
      return (dml & dml_insert) != 0;
    case Operation::update:
      return (dml & dml_update) != 0;
    case Operation::delete_:
      return (dml & dml_delete) != 0;
    default:
      return true;
  }
}

void pick(std::vector<Value>& values, std::vector<Value>& room, const std::vector<std::uint32_t>& from) {
  if (values.empty()) return;
  room.clear();
  for (const std::uint32_t column : from) room.push_back(values[column]);
  values.swap(room);
}

base::Error in_part(base::Error error, const model::TableSchema& source, std::string_view part) {
  error.where = fmt::format("{}.{}, {} {}", source.database, source.table, part, error.where);
  return error;
}

}  // namespace

Result<TablePlan> TablePlan::make(const model::TableSchemaPtr& source, const TableRule* rule, std::string_view script,
                                  etl::ErrorPolicy policy, const Dialect& server,
                                  const std::vector<AdditionalColumn>& additional) {
  TablePlan plan;
  plan.target_ = source;
  if (rule != nullptr && !rule->options.row_filter.empty()) {
    auto filter = Filter::compile(rule->options.row_filter, *source, server);
    if (!filter) return base::fail(in_part(std::move(filter.error()), *source, "filter"));
    plan.filter_ = *std::move(filter);
  }
  if (!script.empty()) {
    auto program = etl::EtlProgram::compile(script, *source, {.policy = policy});
    if (!program) return base::fail(in_part(std::move(program.error()), *source, "script"));
    plan.script_ = *std::move(program);
    plan.target_ = plan.script_->output();
    for (const std::uint32_t column : plan.script_->changed_columns())
      if (std::ranges::find(source->identity, column) != source->identity.end()) plan.keeps_identity_ = false;
  }
  plan.scripted_columns_ = plan.target_->columns.size();
  if (rule != nullptr) TRY(plan.map(*source, *rule));
  TRY_VALUE(plan.additional_, AdditionalValues::add_to(plan.target_, additional, source));
  return plan;
}

base::Status TablePlan::map(const model::TableSchema& source, const TableRule& rule) {
  dml_ = rule.options.dml;
  TableRule wide = rule;
  for (std::size_t i = source.columns.size(); i < target_->columns.size(); ++i)
    wide.columns.emplace_back(target_->columns[i].name);
  TRY_VALUE(MappedSchema mapped, map_schema(wide, target_));
  for (std::size_t i = source.columns.size(); i < target_->columns.size(); ++i) {
    const std::string& added = target_->columns[i].name;
    if (std::ranges::count(mapped.target->columns, added, &model::Column::name) > 1)
      return base::fail(base::ErrorCode::objects_conflict,
                        fmt::format("the script adds `{}`, which is the new name of another column", added),
                        source.database + "." + source.table);
  }
  target_ = std::move(mapped.target);
  from_ = std::move(mapped.from);
  maps_ = from_.size() != scripted_columns_;  // their order stays, so that only a gap moves values
  return {};
}

// Also makes of an UPDATE across the filter's edge what it is on this side of it.
Result<bool> TablePlan::passes(Row& row) const {
  const auto test = [&](const std::vector<Value>& image) -> Result<bool> {
    TRY_VALUE(const Filter::Verdict verdict, filter_->test(image, row.filter_));
    return verdict == Filter::Verdict::yes;
  };
  if (row.operation == Operation::delete_) return test(row.before);
  TRY_VALUE(const bool is, test(row.after));
  if (row.operation != Operation::update) return is;
  TRY_VALUE(const bool was, test(row.before));
  if (was == is) return is;
  row.operation = is ? Operation::insert : Operation::delete_;
  (is ? row.before : row.after).clear();
  return true;
}

void TablePlan::project(Row& row) const {
  row.after.resize(scripted_columns_);
  if (maps_) pick(row.after, row.other_after_, from_);
  row.after.resize(target_->columns.size());
}

Result<TablePlan::Verdict> TablePlan::apply(Row& row) const {
  row.nulls = 0;
  if (!is_chosen(dml_, row.operation)) return Verdict::left_out;
  if (filter_ && !row.has_passed_filter) {
    TRY_VALUE(const bool stays, passes(row));
    if (!stays) return Verdict::left_out;
  }
  if (script_) {
    const etl::Change change{row.operation, row.commit_s, 0, row.before, row.after};
    TRY_VALUE(const etl::Outcome outcome, script_->run(change, row.script_, row.other_before_, row.other_after_));
    if (outcome.verdict == etl::Outcome::Verdict::skipped) return Verdict::skipped;
    if (outcome.verdict == etl::Outcome::Verdict::dropped) return Verdict::left_out;
    row.nulls = outcome.nulls;
    row.before.swap(row.other_before_);
    row.after.swap(row.other_after_);
  }
  if (maps_) {
    pick(row.before, row.other_before_, from_);
    pick(row.after, row.other_after_, from_);
  }
  if (!additional_.empty()) {
    const ChangeFacts change{row.operation, row.commit_s, row.record_id, row.position, row.instance};
    if (!row.before.empty()) additional_.append(change, false, row.before);
    if (!row.after.empty()) additional_.append(change, true, row.after);
  }
  return Verdict::sent;
}

}  // namespace tributary::transform
