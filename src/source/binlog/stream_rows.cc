// Table maps and rows: which table a row belongs to, and with which structure it is read.
#include <fmt/format.h>

#include <algorithm>

#include "source/binlog/stream_state.h"
#include "source/heartbeat.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

// A session can set binlog_row_image for itself. Generated columns, VIRTUAL ones too, are in full images.
Status require_full_image(std::string_view present, const model::TableSchema& schema) {
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (i % 8 == 0 && static_cast<unsigned char>(present[i / 8]) == 0xff) {
      i += 7;
      continue;
    }
    if ((static_cast<unsigned char>(present[i / 8]) >> (i % 8) & 1) == 0)
      return fail(ErrorCode::source_row_image,
                  fmt::format("a row was logged without column {}", schema.columns[i].name),
                  schema.database + "." + schema.table);
  }
  return {};
}

}  // namespace

Status BinlogStream::State::on_table_map(const EventView& event) {
  TRY_VALUE(const MappedTable name, parse_mapped_table(event, format));
  std::int64_t table = tables.find(name.database, name.table);
  if (table < 0 && !group.skip && group.xid.empty() && tables.is_missed(name.database, name.table)) {
    TRY_VALUE(const SchemaChange change, tables.join_missed(name.database, name.table, here(), ask()));
    bound.resize(tables.size());
    TRY(handler->on_schema_change(change, tables, context));
    table = change.captured.front().table;
  }
  table_ids.emplace_back(name.table_id, table);
  if (table < 0) {
    group.has_heartbeat = group.has_heartbeat || is_heartbeat(name.database, name.table);
    if (!group.skip && tables.has_database(name.database)) handler->on_other_table(name.database, name.table, {});
    return {};
  }
  if (!group.xid.empty()) return held.add(group.xid, event);
  if (group.skip) return {};
  const auto number = static_cast<std::uint32_t>(table);
  TRY(bound[number].map.parse(event, format));
  return bind(number);
}

// The begin of the event: all statements before it have been applied, those in its own transaction, too.
model::BinlogPosition BinlogStream::State::here() const { return {context.position.file, event_begin}; }

// Finds out how the rows behind the table map are read.
Status BinlogStream::State::bind(std::uint32_t table) {
  Bound& layout = bound[table];
  const model::TableSchemaPtr schema = tables.schema_at(table, group.schema);
  if (layout.plan && layout.plan->schema() == schema && layout.plan->fits(layout.map)) return {};
  layout.plan.reset();
  const CapturedTable& names = tables.captured(table);
  Result<RowPlan> plan = schema ? RowPlan::make(layout.map, schema)
                                : fail(ErrorCode::data_schema_mismatch, "rows of a table that is not known to be there",
                                       names.database + "." + names.table);
  if (!plan && plan.error().code == ErrorCode::data_schema_mismatch && group.schema == tables.number()) {
    TRY_VALUE(const SchemaChange change, tables.mend(table, plan.error().what, here(), ask()));
    TRY(handler->on_schema_change(change, tables, context));
    plan = RowPlan::make(layout.map, tables.schema(table));
  }
  if (!plan) return fail(std::move(plan.error()));
  layout.plan = *std::move(plan);
  return {};
}

Status BinlogStream::State::on_rows(const EventView& event) {
  TRY_VALUE(const std::uint64_t id, parse_rows_table_id(event, format));
  const auto known = std::find_if(table_ids.rbegin(), table_ids.rend(), [&](const auto& t) { return t.first == id; });
  if (known == table_ids.rend()) {
    if (id == RowsEvent::dummy_table_id) return {};
    return fail(ErrorCode::data_event_malformed, fmt::format("rows of table id {} without a table map", id));
  }
  if (known->second < 0) return {};
  ++group.rows_events;
  if (!group.xid.empty()) return held.add(group.xid, event);
  if (group.skip) return {};
  return deliver_rows(event, static_cast<std::uint32_t>(known->second));
}

Status BinlogStream::State::deliver_rows(const EventView& event, std::uint32_t table) {
  const RowPlan& plan = *bound[table].plan;
  if (auto opened = reader.open(event, format, plan); !opened) {
    const CapturedTable& names = tables.captured(table);
    return fail(std::move(opened.error()).in(names.database + "." + names.table));
  }
  const RowsEvent& rows = reader.event();
  TRY(require_full_image(rows.columns_before, *plan.schema()));
  if (rows.change == RowChange::update) TRY(require_full_image(rows.columns_after, *plan.schema()));
  group.has_rows = true;
  return handler->on_rows(table, plan.schema(), reader, context);
}

}  // namespace tributary::source
