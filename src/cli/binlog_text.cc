#include "cli/binlog_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using task::BinlogColumn;
using task::BinlogEvent;
using task::BinlogField;
using task::BinlogRow;
using task::BinlogStatistics;
using task::BinlogValue;

constexpr std::string_view dim = "\x1b[2m", red = "\x1b[31m", green = "\x1b[32m", yellow = "\x1b[33m", bold = "\x1b[1m",
                           plain = "\x1b[0m";

std::string painted(std::string_view text, std::string_view paint, bool color) {
  return color ? fmt::format("{}{}{}", paint, text, plain) : std::string(text);
}

std::string field_text(const BinlogField::Value& value) {
  struct Visitor {
    std::string operator()(std::uint64_t number) const { return fmt::to_string(number); }
    std::string operator()(std::int64_t number) const { return fmt::to_string(number); }
    std::string operator()(bool is_so) const { return is_so ? "yes" : "no"; }
    std::string operator()(const std::string& text) const { return printable(text); }
    std::string operator()(const std::vector<std::string>& texts) const {
      return printable(fmt::format("{}", fmt::join(texts, ",")));
    }
  };
  return std::visit(Visitor{}, value);
}

void append_field(std::string& out, const BinlogField::Value& value) {
  struct Visitor {
    std::string& out;
    void operator()(std::uint64_t number) const { out += fmt::to_string(number); }
    void operator()(std::int64_t number) const { out += fmt::to_string(number); }
    void operator()(bool is_so) const { out += is_so ? "true" : "false"; }
    void operator()(const std::string& text) const { append_json_text(out, text); }
    void operator()(const std::vector<std::string>& texts) const {
      out += '[';
      for (const std::string& text : texts) {
        if (out.back() != '[') out += ',';
        append_json_text(out, text);
      }
      out += ']';
    }
  };
  std::visit(Visitor{out}, value);
}

std::string columns_text(const std::vector<BinlogColumn>& columns) {
  std::string out;
  for (const BinlogColumn& column : columns) {
    if (!out.empty()) out += ", ";
    out += printable(column.name);
    if (!column.name.empty()) out += ' ';
    out += printable(column.type);
    if (!column.is_nullable) out += " not null";
  }
  return out;
}

std::string body_text(const BinlogEvent& event) {
  std::string out;
  if (!event.table.empty()) {
    out = printable(fmt::format("{}.{}", event.database, event.table));
    if (!event.columns.empty()) out += fmt::format(" ({})", columns_text(event.columns));
  }
  std::string_view database;
  for (const BinlogField& field : event.fields) {
    if (field.is_detail) continue;
    if (!event.table.empty() && (field.name == "database" || field.name == "table")) continue;
    if (field.name == "table_id" && !event.table.empty()) continue;
    if (!out.empty()) out += "  ";
    // Statements stand for themselves.
    if (field.name == "sql" || field.name == "gtid" || field.name == "gtid_set")
      out += field_text(field.value);
    else
      out += fmt::format("{}={}", field.name, field_text(field.value));
  }
  if (!event.flags.empty()) out += fmt::format("{}[{}]", out.empty() ? "" : "  ", fmt::join(event.flags, " "));
  if (!event.undecoded.empty()) out += fmt::format("  ({})", printable(event.undecoded));
  return out;
}

std::string_view paint_of(const BinlogEvent& event) {
  if (!event.has_rows) return event.type == "Query" ? bold : "";
  return event.type.starts_with("Write") ? green : event.type.starts_with("Delete") ? red : yellow;
}

std::string value_text(const BinlogValue& value) {
  switch (value.kind) {
    case BinlogValue::Kind::absent:
      return "(absent)";
    case BinlogValue::Kind::null:
      return "NULL";
    case BinlogValue::Kind::text: {
      std::string out = "'";
      for (const char c : printable(value.text)) {
        if (c == '\'') out += '\\';
        out += c;
      }
      return out + "'";
    }
    default:
      return value.text;
  }
}

void append_image(std::string& out, const BinlogRow& row, const std::vector<BinlogValue>& image) {
  JsonObject object(out);
  for (std::size_t i = 0; i < image.size(); ++i) {
    const BinlogValue& value = image[i];
    if (value.kind == BinlogValue::Kind::absent) continue;
    if (value.kind == BinlogValue::Kind::null)
      object.null(row.columns[i].name);
    else if (value.kind == BinlogValue::Kind::change) {
      JsonObject change(object.key(row.columns[i].name));
      change.text("change", value.text);
      change.close();
    } else
      object.text(row.columns[i].name, value.text);
  }
  object.close();
}

std::string heading(std::string_view position, std::string_view end, std::string_view time, std::string_view server,
                    std::string_view type, std::string_view length) {
  return fmt::format("{:>10} {:>10}  {:<19} {:>10}  {:<26} {:>8}", position, end, time, server, type, length);
}

}  // namespace

std::string binlog_heading() {
  return heading("position", "end", "time (UTC)", "server", "type", "length") + "  content";
}

std::string binlog_line(const BinlogEvent& event, bool color) {
  const std::string type = event.is_inner ? fmt::format("  {}", event.type) : std::string(event.type);
  std::string head =
      heading(event.is_inner ? fmt::format("+{}", event.inner_offset) : fmt::to_string(event.begin),
              event.is_inner ? "" : fmt::to_string(event.end), event.timestamp == 0 ? "-" : utc_text(event.timestamp),
              fmt::to_string(event.server_id), type, fmt::to_string(event.length));
  if (color) {
    const std::size_t at = head.find(type);
    const std::string_view paint = paint_of(event);
    head = painted(head.substr(0, at), dim, true) + (paint.empty() ? type : painted(type, paint, true)) +
           head.substr(at + type.size());
  }
  const std::string body = body_text(event);
  return body.empty() ? head : fmt::format("{}  {}", head, body);
}

std::string binlog_row_line(const BinlogRow& row, bool color) {
  const std::string_view paint = row.change == "insert" ? green : row.change == "delete" ? red : yellow;
  std::string out = fmt::format("{:>12}{}  ", "", painted(row.change, paint, color));
  bool is_first = true;
  const auto add = [&](std::size_t i, std::string_view text, std::string_view sign) {
    if (!is_first) out += ", ";
    is_first = false;
    out += printable(row.columns[i].name);
    out += sign;
    out += text;
  };
  const std::size_t count = std::max(row.before.size(), row.after.size());
  for (std::size_t i = 0; i < count; ++i) {
    const BinlogValue* before = i < row.before.size() ? &row.before[i] : nullptr;
    const BinlogValue* after = i < row.after.size() ? &row.after[i] : nullptr;
    const auto is_there = [](const BinlogValue* value) {
      return value != nullptr && value->kind != BinlogValue::Kind::absent;
    };
    if (before != nullptr && after != nullptr) {
      if (!is_there(before) && !is_there(after)) continue;
      if (before->kind == after->kind && before->text == after->text)
        add(i, value_text(*after), "=");
      else if (!is_there(after))
        add(i, value_text(*before), "=");
      else
        add(i, fmt::format("{} → {}", value_text(*before), value_text(*after)), ": ");
    } else if (is_there(before) || is_there(after)) {
      add(i, value_text(is_there(after) ? *after : *before), "=");
    }
  }
  return out;
}

std::string binlog_json(std::string_view file, const BinlogEvent& event) {
  std::string out;
  JsonObject object(out);
  object.text("file", file);
  object.number("position", event.begin);
  object.number("end_position", event.end);
  if (event.is_inner) object.number("payload_offset", event.inner_offset);
  object.text("type", event.type);
  object.number("type_number", event.type_number);
  object.number("length", event.length);
  object.number("timestamp", event.timestamp);
  if (event.timestamp != 0) object.text("time", rfc3339(event.timestamp));
  object.number("server_id", event.server_id);
  append_field(object.key("flags"), event.flags);
  JsonObject body(object.key("body"));
  for (const BinlogField& field : event.fields) append_field(body.key(field.name), field.value);
  if (!event.columns.empty()) {
    std::string& to = body.key("columns");
    to += '[';
    for (const BinlogColumn& column : event.columns) {
      if (to.back() != '[') to += ',';
      JsonObject one(to);
      if (!column.name.empty()) one.text("name", column.name);
      one.text("type", column.type);
      one.boolean("nullable", column.is_nullable);
      one.close();
    }
    to += ']';
  }
  if (!event.undecoded.empty()) body.text("undecoded", event.undecoded);
  body.close();
  return out;
}

void append_row_json(std::string& out, const BinlogRow& row) {
  JsonObject object(out);
  if (!row.before.empty()) append_image(object.key("before"), row, row.before);
  if (!row.after.empty()) append_image(object.key("after"), row, row.after);
  object.close();
}

std::string statistics_text(const BinlogStatistics& s) {
  std::string out =
      fmt::format("{} file{}, {} events, {}, {} transactions, {} rows\n", with_commas(s.files), s.files == 1 ? "" : "s",
                  with_commas(s.events), human_bytes(static_cast<double>(s.bytes)), with_commas(s.transactions),
                  with_commas(s.rows));
  if (s.first_time != 0) {
    out += fmt::format("from {} to {} (UTC)\n", utc_text(static_cast<std::int64_t>(s.first_time)),
                       utc_text(static_cast<std::int64_t>(s.last_time)));
  }
  out += fmt::format("\n{:<28} {:>12} {:>16}\n", "type", "events", "bytes");
  for (const auto& [name, type] : s.types)
    out += fmt::format("{:<28} {:>12} {:>16}\n", name, with_commas(type.events), with_commas(type.bytes));
  if (s.tables.empty()) return out;
  std::size_t width = 28;
  for (const auto& [name, table] : s.tables)
    width = std::max(width, static_cast<std::size_t>(display_width(printable(name))));
  out += fmt::format("\n{} {:>12} {:>12} {:>12}\n", left("table", static_cast<int>(width)), "inserts", "updates",
                     "deletes");
  for (const auto& [name, table] : s.tables) {
    out += fmt::format("{} {:>12} {:>12} {:>12}", left(printable(name), static_cast<int>(width)),
                       with_commas(table.inserts), with_commas(table.updates), with_commas(table.deletes));
    if (table.undecoded != 0) out += fmt::format("  and {} rows events not decoded", with_commas(table.undecoded));
    out += '\n';
  }
  return out;
}

std::string statistics_json(const BinlogStatistics& s) {
  std::string out;
  JsonObject outer(out);
  JsonObject object(outer.key("statistics"));
  object.number("files", s.files);
  object.number("events", s.events);
  object.number("bytes", s.bytes);
  object.number("transactions", s.transactions);
  object.number("rows", s.rows);
  if (s.first_time != 0) {
    object.text("first_time", rfc3339(static_cast<std::int64_t>(s.first_time)));
    object.text("last_time", rfc3339(static_cast<std::int64_t>(s.last_time)));
  }
  JsonObject types(object.key("types"));
  for (const auto& [name, type] : s.types) {
    JsonObject one(types.key(name));
    one.number("events", type.events);
    one.number("bytes", type.bytes);
    one.close();
  }
  types.close();
  JsonObject tables(object.key("tables"));
  for (const auto& [name, table] : s.tables) {
    JsonObject one(tables.key(name));
    one.number("inserts", table.inserts);
    one.number("updates", table.updates);
    one.number("deletes", table.deletes);
    if (table.undecoded != 0) one.number("undecoded_events", table.undecoded);
    one.close();
  }
  tables.close();
  object.close();
  outer.close();
  return out;
}

std::string file_end_text(const task::BinlogFileEnd& end) {
  return fmt::format("{}: {}, {} events, {} rows, to position {}", printable(end.file),
                     end.is_damaged ? "DAMAGED" : "ok", with_commas(end.events), with_commas(end.rows), end.position);
}

std::string file_end_json(const task::BinlogFileEnd& end) {
  std::string out;
  JsonObject object(out);
  object.text("file", end.file);
  object.boolean("ok", !end.is_damaged);
  object.number("events", end.events);
  object.number("rows", end.rows);
  object.number("position", end.position);
  object.close();
  return out;
}

}  // namespace tributary::cli
