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

// The columns of the record's key by their numbers at the target, where the user names them: comma-separated, by their
// names at the source. A database's key is that of those of its tables that have all its columns.
Result<std::vector<std::uint32_t>> message_key_of(const TableOptions& options, const model::TableSchema& source,
                                                  const std::vector<std::uint32_t>& from) {
  std::vector<std::uint32_t> key;
  std::string_view left = options.message_key;
  while (!left.empty()) {
    const std::size_t comma = std::min(left.find(','), left.size());
    std::string_view name = left.substr(0, comma);
    left.remove_prefix(std::min(comma + 1, left.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const auto column =
        std::ranges::find_if(source.columns, [&](const model::Column& c) { return !c.is_hidden && c.name == name; });
    const auto place = std::ranges::find(from, static_cast<std::uint32_t>(column - source.columns.begin()));
    if (column != source.columns.end() && place != from.end()) {
      key.push_back(static_cast<std::uint32_t>(place - from.begin()));
      continue;
    }
    if (!options.message_key_is_its_own) return std::vector<std::uint32_t>();
    return base::fail(
        base::ErrorCode::objects_bad_value,
        fmt::format("message_key names `{}`, {}", name,
                    column == source.columns.end() ? "which the table does not have" : "which is not selected"),
        source.database + "." + source.table);
  }
  return key;
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
  TRY_VALUE(std::vector<std::uint32_t> message_key, message_key_of(rule.options, source, from_));
  if (!message_key.empty()) {
    auto keyed = std::make_shared<model::TableSchema>(*target_);
    keyed->message_key = std::move(message_key);
    target_ = std::move(keyed);
  }
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
