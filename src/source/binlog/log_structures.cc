#include "source/binlog/log_structures.h"

#include <algorithm>

#include "source/binlog/derived_schema.h"

namespace tributary::source {

using base::Result;
using base::Status;

struct LogStructures::Known {};

LogStructures::LogStructures() : known_(std::make_unique<Known>()) {}
LogStructures::~LogStructures() = default;

void LogStructures::on_format(const FormatDescription&) { end_statement(); }

void LogStructures::on_statement(const QueryEvent&) {}

Result<LogTable*> LogStructures::on_table_map(const EventView& event, const FormatDescription& format) {
  TRY_VALUE(const TableName name, parse_table_name(event, format));
  std::string key(name.database);
  key += '\0';
  key += name.table;
  std::unique_ptr<LogTable>& table = tables_[key];
  if (!table) table = std::make_unique<LogTable>();
  if (auto parsed = table->map.parse(event, format); !parsed) {
    table->plan.reset();
    if (parsed.error().code != base::ErrorCode::data_event_unsupported) return base::fail(std::move(parsed.error()));
    table->undecoded = parsed.error().what;
  } else if (!table->plan || !table->plan->fits(table->map)) {
    TRY(make_plan(*table));
  }
  std::erase_if(ids_, [&](const auto& known) { return known.first == name.table_id; });
  ids_.emplace_back(name.table_id, table.get());
  return table.get();
}

Status LogStructures::make_plan(LogTable& table) {
  table.plan.reset();
  table.undecoded.clear();
  auto derived = derive_schema(table.map);
  if (!derived) {
    if (derived.error().code != base::ErrorCode::data_event_unsupported) return base::fail(std::move(derived.error()));
    table.undecoded = derived.error().what;
    return {};
  }
  auto plan = RowPlan::make(table.map, *derived);
  if (plan)
    table.plan = std::move(*plan);
  else
    table.undecoded = plan.error().what;
  return {};
}

LogTable* LogStructures::find(std::uint64_t table_id) {
  const auto known = std::find_if(ids_.rbegin(), ids_.rend(), [&](const auto& id) { return id.first == table_id; });
  return known == ids_.rend() ? nullptr : known->second;
}

}  // namespace tributary::source
