// For tests, benchmarks and fuzzing: walks the bytes of a binlog (with or without its magic number) through the whole
// decoder, payloads and compressed events included, and hands out what it finds.
#pragma once

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "source/binlog/derived_schema.h"
#include "source/binlog/event.h"
#include "source/binlog/event_body.h"
#include "source/binlog/payload.h"
#include "source/binlog/row_reader.h"
#include "source/binlog/table_map.h"

namespace tributary::source::testing {

// A value as readable text; bytes as they are.
inline std::string render(const model::Value& v) {
  char text[64] = "";
  const auto print = [&](const char* form, auto... arguments) {
    std::snprintf(text, sizeof text, form, arguments...);
    return std::string(text);
  };
  const auto& t = v.t;
  switch (v.kind) {
    case model::ValueKind::null:
      return "NULL";
    case model::ValueKind::absent:
      return "absent";
    case model::ValueKind::integer:
      return std::to_string(v.i);
    case model::ValueKind::integer_unsigned:
      return std::to_string(v.u);
    case model::ValueKind::real:
      return print("%.17g", v.d);
    case model::ValueKind::date:
      return print("%04d-%02d-%02d", t.year, t.month, t.day);
    case model::ValueKind::year:
      return print("%04d", t.year);
    case model::ValueKind::time:
      return print("%s%02d:%02d:%02d.%06u", v.negative ? "-" : "", t.hour, t.minute, t.second, t.micros);
    case model::ValueKind::datetime:
      return print("%04d-%02d-%02d %02d:%02d:%02d.%06u", t.year, t.month, t.day, t.hour, t.minute, t.second, t.micros);
    case model::ValueKind::timestamp:
      return print("%lld.%06u", static_cast<long long>(v.i), t.micros);
    default:
      return std::string(v.text);
  }
}

inline std::string render(const std::vector<model::Value>& row) {
  std::string text;
  for (const model::Value& value : row) text += (text.empty() ? "" : "|") + render(value);
  return text;
}

class BinlogWalker {
 public:
  std::size_t events = 0, inner_events = 0, row_events = 0, rows = 0, errors = 0;
  std::size_t left = 0;           // bytes at the end that are no whole event
  bool ignore_checksums = false;  // fuzzing: no random byte has a right checksum
  bool stop_at_error = true;
  std::string first_error;

  virtual ~BinlogWalker() = default;

  void walk(std::string_view bytes) {
    if (bytes.starts_with("\xfe"
                          "bin"))
      bytes.remove_prefix(4);
    const std::size_t size = bytes.size();
    FormatDescription format;
    if (ignore_checksums) format.checksum = Checksum::off;
    while (bytes.size() >= event_header_size && !stopped_) {
      auto header = parse_event_header(bytes);
      if (!header) return fail(header.error(), size - bytes.size());
      const std::string_view raw = bytes.substr(0, header->size);
      if (raw.size() < header->size && stop_at_error) break;  // the file ends inside an event
      ++events;
      take(raw, format, size - bytes.size(), 0);
      bytes.remove_prefix(raw.size());
    }
    left = bytes.size();
  }

 protected:
  virtual void on_event(const EventView&, const FormatDescription&) {}
  virtual void on_row(const model::TableSchema&, RowChange, const std::vector<model::Value>&,
                      const std::vector<model::Value>&) {}
  virtual void on_query(const QueryEvent&) {}

 private:
  struct Table {
    TableMap map;
    base::Result<RowPlan> plan = base::fail(base::ErrorCode::internal, "no plan");
  };

  void fail(const base::Error& error, std::size_t offset) {
    ++errors;
    if (first_error.empty()) first_error = "at " + std::to_string(offset) + ": " + error.message();
    if (stop_at_error) stopped_ = true;
  }
  template <typename T>
  void check(const base::Result<T>& result, std::size_t offset) {
    if (!result) fail(result.error(), offset);
  }

  void take(std::string_view raw, FormatDescription& format, std::size_t offset, int depth) {
    auto event = parse_event(raw, format);
    if (!event) {
      if (!ignore_checksums || event.error().code != base::ErrorCode::data_event_checksum)
        return fail(event.error(), offset);
      event = EventView{*parse_event_header(raw), raw.substr(event_header_size, raw.size() - event_header_size - 4)};
    }
    on_event(*event, format);
    switch (event->header.type) {
      case EventType::start_v3:
      case EventType::format_description: {
        auto next = parse_format_description(*event);
        if (!next) return fail(next.error(), offset);
        format = *next;
        if (ignore_checksums) format.checksum = Checksum::off;
        break;
      }
      case EventType::rotate:
        check(parse_rotate(*event, format), offset);
        break;
      case EventType::query:
      case EventType::query_compressed: {
        auto query = parse_query(*event, format, scratch_);
        if (!query) return fail(query.error(), offset);
        on_query(*query);
        check(parse_xa_statement(query->sql), offset);
        break;
      }
      case EventType::xid:
        check(parse_xid(*event), offset);
        break;
      case EventType::gtid:
      case EventType::anonymous_gtid:
      case EventType::gtid_tagged:
        check(parse_gtid(*event), offset);
        break;
      case EventType::previous_gtids:
        check(parse_previous_gtids(*event), offset);
        break;
      case EventType::mariadb_gtid:
        check(parse_mariadb_gtid(*event), offset);
        break;
      case EventType::mariadb_gtid_list:
        check(parse_mariadb_gtid_list(*event), offset);
        break;
      case EventType::xa_prepare:
        check(parse_xa_prepare(*event), offset);
        break;
      case EventType::heartbeat:
      case EventType::heartbeat_v2:
        check(parse_heartbeat(*event), offset);
        break;
      case EventType::incident:
        check(parse_incident(*event), offset);
        break;
      case EventType::rows_query:
      case EventType::annotate_rows:
        check(parse_rows_query(*event), offset);
        break;
      case EventType::transaction_payload:
        take_payload(*event, format, offset, depth);
        break;
      case EventType::table_map:
        take_table_map(*event, format, offset);
        break;
      default:
        if (is_rows_event(event->header.type)) take_rows(*event, format, offset);
        if (is_pre_ga_rows_event(event->header.type)) fail(refuse_event(event->header.type), offset);
    }
  }

  void take_payload(const EventView& event, const FormatDescription& format, std::size_t offset, int depth) {
    if (depth != 0) return;
    PayloadReader reader;
    if (auto opened = reader.open(event); !opened) return fail(opened.error(), offset);
    FormatDescription inner = format.without_checksum();
    std::string_view raw;
    while (!stopped_) {
      auto more = reader.next(raw);
      if (!more) return fail(more.error(), offset);
      if (!*more) return;
      ++inner_events;
      take(raw, inner, offset, depth + 1);
    }
  }

  void take_table_map(const EventView& event, const FormatDescription& format, std::size_t offset) {
    auto name = parse_mapped_table(event, format);
    if (!name) return fail(name.error(), offset);
    Table& table = tables_[name->table_id];
    if (auto parsed = table.map.parse(event, format); !parsed) {
      tables_.erase(name->table_id);
      return fail(parsed.error(), offset);
    }
    if (table.plan && table.plan->fits(table.map)) return;
    auto schema = derive_schema(table.map);
    if (!schema) return fail(schema.error(), offset);
    table.plan = RowPlan::make(table.map, adjust(*schema));
    if (!table.plan) return fail(table.plan.error(), offset);
  }

  void take_rows(const EventView& event, const FormatDescription& format, std::size_t offset) {
    ++row_events;
    auto table_id = parse_rows_table_id(event, format);
    if (!table_id) return fail(table_id.error(), offset);
    const auto found = tables_.find(*table_id);
    if (found == tables_.end() || !found->second.plan) {
      if (*table_id != RowsEvent::dummy_table_id) {
        fail({base::ErrorCode::data_event_malformed, "rows without a table map", ""}, offset);
      }
      return;
    }
    if (auto opened = reader_.open(event, format, *found->second.plan); !opened) return fail(opened.error(), offset);
    while (true) {
      auto more = reader_.next(before_, after_);
      if (!more) return fail(more.error(), offset);
      if (!*more) return;
      ++rows;
      on_row(*found->second.plan->schema(), reader_.change(), before_, after_);
    }
  }

 protected:
  // A chance to say more about a table than its map does.
  virtual model::TableSchemaPtr adjust(model::TableSchemaPtr schema) { return schema; }

 private:
  bool stopped_ = false;
  std::map<std::uint64_t, Table> tables_;
  RowReader reader_;
  std::vector<model::Value> before_, after_;
  base::Buffer scratch_;
};

// Keeps every row as a line: "I 1|...", "B 1|..." and "A 1|..." for the two sides of an update, "D 1|...".
class RowCollector : public BinlogWalker {
 public:
  std::vector<std::string> lines;
  std::vector<std::string> queries;
  std::map<EventType, std::size_t> counts;
  void (*change_schema)(model::TableSchema&) = nullptr;

 protected:
  void on_event(const EventView& event, const FormatDescription&) override { ++counts[event.header.type]; }
  void on_query(const QueryEvent& query) override { queries.emplace_back(query.sql); }
  void on_row(const model::TableSchema&, RowChange change, const std::vector<model::Value>& before,
              const std::vector<model::Value>& after) override {
    if (change == RowChange::insert) lines.push_back("I " + render(after));
    if (change == RowChange::delete_) lines.push_back("D " + render(before));
    if (change != RowChange::update) return;
    lines.push_back("B " + render(before));
    lines.push_back("A " + render(after));
  }
  model::TableSchemaPtr adjust(model::TableSchemaPtr schema) override {
    if (change_schema == nullptr) return schema;
    auto changed = std::make_shared<model::TableSchema>(*schema);
    change_schema(*changed);
    return changed;
  }
};

}  // namespace tributary::source::testing
