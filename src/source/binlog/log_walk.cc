#include "source/binlog/log_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/binlog/cursor.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

bool is_gtid(EventType type) {
  return type == EventType::gtid || type == EventType::anonymous_gtid || type == EventType::gtid_tagged;
}

// MariaDB's 5.3 form of TIME(n), DATETIME(n), TIMESTAMP(n) can't be told from the form without a fraction.
bool may_have_hidden_fractions(const TableMap& map, const FormatDescription& format) {
  if (!format.is_mariadb) return false;
  for (const WireColumn& column : map.columns())
    if (column.type == WireType::time || column.type == WireType::datetime || column.type == WireType::timestamp)
      return true;
  return false;
}

// The columns in a row image, by name; nothing if all are.
std::vector<std::string> present(const model::TableSchema& schema, std::string_view bitmap) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < schema.columns.size(); ++i)
    if ((static_cast<unsigned char>(bitmap[i / 8]) >> (i % 8) & 1) != 0) names.push_back(schema.columns[i].name);
  if (names.size() == schema.columns.size()) names.clear();
  return names;
}

}  // namespace

Status LogWalker::walk(LogFile& file, const LogRange& range, const base::CancelToken& cancel) {
  format_ = file.binlog_version() == 1 ? old_format(1) : FormatDescription();
  structures_.end_statement();
  may_lack_maps_ = false;
  LogFileEvent raw;
  while (!cancel.requested()) {
    auto more = file.next(raw, format_.checksum);
    if (more && !*more) return {};
    Status done;
    if (more && raw.begin >= range.to) return {};
    if (more) {
      is_quiet_ = raw.begin < range.from;
      if (file.binlog_version() == 1 && format_.header_length != event_header_size_v1) format_ = old_format(1);
      done = take(file, raw);
    } else {
      is_quiet_ = file.position() < range.from;
      done = fail(std::move(more.error()));
    }
    if (done) continue;
    if (!is_quiet_) return done;
    TRY(file.skip_to(range.from));
    structures_.end_statement();
    may_lack_maps_ = true;
  }
  return fail(ErrorCode::cancelled);
}

Status LogWalker::take(LogFile& file, const LogFileEvent& raw) {
  LogEvent event;
  event.begin = raw.begin;
  event.end = raw.end;
  event.header = raw.header;
  const auto here = [&] { return fmt::format("{}:{}", file.name(), raw.begin); };
  if (!raw.is_whole) {
    if (is_quiet_) return {};
    const EventView view{raw.header, raw.raw.substr(event_header_size), event_header_size};
    const std::size_t around = event_header_size + (format_.checksum == Checksum::crc32 ? 4 : 0);
    auto done = take_payload(view, event, raw.header.size - around, [&] { return file.more(); });
    // What reading the file has to say names the place already.
    if (!done && !done.error().where.starts_with(file.name())) return fail(std::move(done.error()).in(here()));
    return done;
  }
  auto view = parse_event(raw.raw, format_);
  if (!view) return fail(std::move(view.error()).in(here()));
  if (auto done = take_view(*view, event); !done) return fail(std::move(done.error()).in(here()));
  return {};
}

Status LogWalker::tell(const LogEvent& event) {
  if (is_quiet_) return {};
  visitor_.on_event(event);
  visitor_.on_event_end(event);
  return {};
}

Status LogWalker::take_view(const EventView& view, LogEvent& event) {
  const EventType type = view.header.type;
  switch (type) {
    case EventType::start_v3: {
      TRY_VALUE(format_, parse_start_v3(view));
      event.fields = fields_of(format_);
      structures_.on_format(format_);
      return tell(event);
    }
    case EventType::format_description: {
      TRY_VALUE(format_, parse_format_description(view));
      event.fields = fields_of(format_);
      structures_.on_format(format_);
      return tell(event);
    }
    case EventType::query:
    case EventType::query_compressed:
    case EventType::execute_load_query:
      return take_query(view, event);
    case EventType::mariadb_gtid: {
      TRY_VALUE(const MariaDbGtidEvent gtid, parse_mariadb_gtid(view));
      is_without_effect_ = gtid.is_alter_without_effect();
      event.fields = fields_of(gtid, view.header.server_id);
      structures_.end_statement();
      return tell(event);
    }
    case EventType::table_map: {
      TRY_VALUE(LogTable* const table, structures_.on_table_map(view, format_));
      event.map = &table->map;
      if (table->plan) event.schema = table->plan->schema().get();
      TRY_VALUE(const MappedTable name, parse_mapped_table(view, format_));
      event.fields = {
          {"table_id", name.table_id}, {"database", std::string(name.database)}, {"table", std::string(name.table)}};
      event.undecoded = table->undecoded;
      return tell(event);
    }
    case EventType::transaction_payload:
      if (is_in_payload_) return malformed("Transaction_payload: one in another", view.body_offset);
      return is_quiet_ ? Status{} : take_payload(view, event, view.body.size(), nullptr);
    case EventType::start_encryption: {
      TRY_VALUE(event.fields, read_event_fields(view, format_));
      TRY(tell(event));
      return fail(
          ErrorCode::data_binlog_file,
          "the file is encrypted from here on (encrypt_binlog = ON); read it through the server, which decrypts "
          "it: mariadb-binlog --read-from-remote-server --raw");
    }
    default:
      break;
  }
  if (is_rows_event(type)) return take_rows(view, event);
  if (is_gtid(type)) {
    TRY_VALUE(const GtidEvent gtid, parse_gtid(view));
    event.fields = fields_of(gtid);
    structures_.end_statement();
    return tell(event);
  }
  TRY_VALUE(event.fields, read_event_fields(view, format_));
  if (is_pre_ga_rows_event(type)) {
    event.has_rows = true;
    event.undecoded = "written by a beta of MySQL 5.1 (before 5.1.18)";
  }
  return tell(event);
}

Status LogWalker::take_query(const EventView& view, LogEvent& event) {
  TRY_VALUE(const QueryEvent query, parse_query(view, format_, scratch_));
  event.fields = fields_of(query);
  const auto sql = std::ranges::find(event.fields, "sql", &EventField::name);
  sql->value = structures_.text_of(query);
  std::string reason;
  if (is_without_effect_)
    event.fields.push_back({"note", std::string("two-phase ALTER: this event changes nothing yet")});
  else if (query.error_code == 0)
    reason = structures_.on_statement(query);
  if (!reason.empty()) event.fields.push_back({"not_understood", std::move(reason)});
  is_without_effect_ = false;
  structures_.end_statement();
  return tell(event);
}

Status LogWalker::take_payload(const EventView& view, LogEvent& event, std::uint64_t body_size,
                               PayloadReader::More more) {
  TRY(payload_.open(view, body_size, std::move(more)));
  event.fields = {{"compression", std::string(payload_.compression())},
                  {"uncompressed_size", payload_.uncompressed_size()}};
  visitor_.on_event(event);
  const FormatDescription outer = format_;
  format_ = outer.without_checksum();
  is_in_payload_ = true;
  const auto walk_inner = [&]() -> Status {
    std::string_view raw;
    std::uint64_t offset = 0;
    while (true) {
      TRY_VALUE(const bool is_there, payload_.next(raw));
      if (!is_there) return {};
      LogEvent inner;
      inner.begin = event.begin;
      inner.end = event.end;
      inner.is_inner = true;
      inner.inner_offset = offset;
      const auto here = [&] { return fmt::format("inner event at {}", offset); };
      auto inner_view = parse_event(raw, format_);
      if (!inner_view) return fail(std::move(inner_view.error()).in(here()));
      inner.header = inner_view->header;
      if (auto done = take_view(*inner_view, inner); !done) return fail(std::move(done.error()).in(here()));
      offset += raw.size();
    }
  };
  const Status done = walk_inner();
  is_in_payload_ = false;
  format_ = outer;
  visitor_.on_event_end(event);
  return done;
}

Status LogWalker::take_rows(const EventView& view, LogEvent& event) {
  event.has_rows = true;
  TRY_VALUE(const std::uint64_t id, parse_rows_table_id(view, format_));
  LogTable* const table = structures_.find(id);
  event.fields = {{"table_id", id}};
  if (table == nullptr) {
    const bool is_dummy = id == RowsEvent::dummy_table_id;
    if (is_dummy) structures_.end_statement();
    if (!is_dummy && !may_lack_maps_ && !is_quiet_)
      return fail(ErrorCode::data_event_malformed, fmt::format("rows of table id {} without a table map", id));
    event.undecoded = is_dummy ? "an end mark without rows" : "its table map was jumped over";
    return tell(event);
  }
  event.map = &table->map;
  event.fields.push_back({"database", std::string(table->map.database())});
  event.fields.push_back({"table", std::string(table->map.table())});
  if (!table->plan) {
    event.undecoded = table->undecoded;
    return tell(event);
  }
  event.schema = table->plan->schema().get();
  if (auto opened = reader_.open(view, format_, *table->plan); !opened) {
    if (opened.error().code != ErrorCode::data_event_unsupported) return opened;
    event.undecoded = opened.error().what;
    return tell(event);
  }
  const RowsEvent& rows = reader_.event();
  event.change = rows.change;
  if (auto names = present(*event.schema, rows.columns_before); !names.empty())
    event.fields.push_back({rows.change == RowChange::insert ? "columns" : "columns_before", std::move(names), true});
  if (rows.change == RowChange::update) {
    if (auto names = present(*event.schema, rows.columns_after); !names.empty())
      event.fields.push_back({"columns_after", std::move(names), true});
  }
  const bool ends_statement = rows.ends_statement();
  Status done;
  if (!is_quiet_) {
    visitor_.on_event(event);
    const bool wants_rows = visitor_.wants_rows(event);
    while (wants_rows) {
      auto more = reader_.next(before_, after_);
      if (!more) {
        if (may_have_hidden_fractions(table->map, format_)) {
          event.undecoded =
              "its old TIME, DATETIME or TIMESTAMP columns may have fractions, which the log does not tell";
        } else {
          done = fail(std::move(more.error()));
        }
        break;
      }
      if (!*more) break;
      visitor_.on_row(event, before_, after_);
    }
    visitor_.on_event_end(event);
  }
  if (ends_statement) structures_.end_statement();
  return done;
}

}  // namespace tributary::source
