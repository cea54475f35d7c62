#include "cli/tail_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/json.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using task::TailColumn;
using task::TailImage;
using task::TailRecord;

constexpr int value_width = 32;

std::string value_text(const std::optional<std::string>& value) {
  return value ? shorten(printable(*value), value_width) : "NULL";
}

// What follows db and table in our own keys, ["db","table",key...]; other keys as they are.
std::string key_text(const TailRecord& record) {
  if (!record.key) return "-";
  const auto parsed = nlohmann::json::parse(*record.key, nullptr, false);
  if (!parsed.is_array() || parsed.size() < 3 || parsed[0] != record.database) return printable(*record.key);
  std::string out;
  for (std::size_t i = 2; i < parsed.size(); ++i) {
    if (i > 2) out += ',';
    out += parsed[i].is_string() ? parsed[i].get<std::string>()
                                 : parsed[i].dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return printable(out);
}

std::string image_text(const TailImage& image) {
  std::string out;
  for (const TailColumn& column : image) {
    if (!out.empty()) out += ", ";
    out += printable(column.name) + "=" + value_text(column.value);
  }
  return out;
}

std::string update_text(const TailImage& before, const TailImage& after) {
  std::string out;
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (before[i].value == after[i].value) continue;
    if (!out.empty()) out += ", ";
    out +=
        fmt::format("{}: {} → {}", printable(after[i].name), value_text(before[i].value), value_text(after[i].value));
  }
  return out.empty() ? "(no column changed)" : out;
}

std::string changes_text(const TailRecord& record) {
  if (record.ddl) return printable(*record.ddl);
  if (record.before && record.after) return update_text(*record.before, *record.after);
  if (record.after) return image_text(*record.after);
  return record.before ? image_text(*record.before) : std::string{};
}

std::string fit(const TailColumns& columns, std::string_view time, std::string_view operation, std::string_view table,
                std::string_view key, std::string_view changes, std::string_view position) {
  std::string out;
  const auto add = [&](std::string_view text, int width) {
    if (width == 0) return;
    if (!out.empty()) out += "  ";
    out += left(text, width);
  };
  add(time, columns.time);
  add(operation, columns.operation);
  add(table, columns.table);
  add(key, columns.key);
  add(changes, columns.changes);
  add(position, columns.position);
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

void append_image(std::string& out, const std::optional<TailImage>& image) {
  if (!image) {
    out += "null";
    return;
  }
  JsonObject object(out);
  for (const TailColumn& column : *image) object.text_or_null(column.name, column.value);
  object.close();
}

}  // namespace

TailColumns tail_columns(int terminal_width) {
  constexpr int gap = 2, changes_least = 30;
  TailColumns columns;
  const auto rest = [&] {
    const int gaps = gap * (columns.position > 0 ? 5 : 4);
    return terminal_width - gaps - columns.time - columns.operation - columns.table - columns.key - columns.position;
  };
  if (rest() < changes_least) columns.position = 0;
  if (rest() < changes_least) columns.key = 8;
  if (rest() < changes_least) columns.table = 14;
  if (rest() < changes_least) columns.time = 10;
  columns.changes = std::max(10, rest());
  return columns;
}

std::string tail_heading(const TailColumns& columns) {
  return fit(columns, "time (UTC)", "operation", "table", "key", "columns", "position");
}

std::string tail_line(const TailRecord& record, const TailColumns& columns) {
  std::string time = utc_text(record.source_timestamp);
  if (columns.time < 19) time = time.substr(11);  // the time of day alone
  return fit(columns, time, record.operation, printable(record.table_name()), key_text(record), changes_text(record),
             printable(record.position));
}

std::string tail_json(const TailRecord& record) {
  std::string out;
  JsonObject object(out);
  object.text("topic", record.topic);
  object.number("partition", record.partition);
  object.number("offset", record.offset);
  object.number("timestamp_ms", record.timestamp_ms);
  object.text("operation", record.operation);
  const auto name_or_null = [](const std::string& name) { return name.empty() ? std::nullopt : std::optional(name); };
  object.text_or_null("db", name_or_null(record.database));
  object.text_or_null("table", name_or_null(record.table));
  object.text_or_null("objectName", record.object_name);
  object.number("id", record.id);
  object.text("position", record.position);
  object.text("time", rfc3339(record.source_timestamp));
  object.text_or_null("key", record.key);
  JsonObject tags(object.key("tags"));
  for (const auto& [name, value] : record.tags) tags.text(name, value);
  tags.close();
  append_image(object.key("before"), record.before);
  append_image(object.key("after"), record.after);
  if (record.ddl) object.text("ddl", *record.ddl);
  object.close();
  return out;
}

}  // namespace tributary::cli
