#include "checkpoint/schema_history.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "checkpoint/bytes_text.h"

namespace tributary::checkpoint {

using base::ErrorCode;
using base::fail;
using base::Result;
using model::Column;
using nlohmann::json;

namespace {

constexpr std::uint64_t format = 1;

// Reads members of one JSON object; what does not fit is noted, and yields nothing.
class Object {
 public:
  Object(const json& object, std::string& problem) : object_(object), problem_(problem) {
    if (!object.is_object()) complain("is not an object");
  }
  const json* get(const char* name) {
    if (!problem_.empty()) return nullptr;
    const auto found = object_.find(name);
    if (found == object_.end()) return complain(std::string(name) + " is missing"), nullptr;
    return &*found;
  }
  std::string bytes(const char* name) {
    const json* value = get(name);
    return value ? bytes(*value, name) : std::string();
  }
  std::string bytes(const json& value, const char* name) {
    const auto* text = value.get_ptr<const json::string_t*>();
    auto found = text ? bytes_from_text(*text) : std::nullopt;
    if (!found) complain(std::string(name) + " is not a byte string");
    return found.value_or("");
  }
  std::uint64_t number(const char* name, std::uint64_t most = UINT64_MAX) {
    const json* value = get(name);
    if (!value) return 0;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most)
      return complain(std::string(name) + " is out of range"), 0;
    return value->get<std::uint64_t>();
  }
  bool flag(const char* name) {
    const json* value = get(name);
    if (value && !value->is_boolean()) complain(std::string(name) + " is neither true nor false");
    return value && value->is_boolean() && value->get<bool>();
  }
  const json& list(const char* name) {
    static const json none = json::array();
    const json* value = get(name);
    if (value && !value->is_array()) complain(std::string(name) + " is no list");
    return value && value->is_array() ? *value : none;
  }
  void complain(std::string what) {
    if (problem_.empty()) problem_ = std::move(what);
  }

 private:
  const json& object_;
  std::string& problem_;
};

json from_strings(const std::vector<std::string>& list) {
  json out = json::array();
  for (const std::string& one : list) out.push_back(bytes_to_text(one));
  return out;
}
std::vector<std::string> to_strings(Object& object, const char* name) {
  std::vector<std::string> out;
  for (const json& one : object.list(name)) out.push_back(object.bytes(one, name));
  return out;
}

json from_column(const Column& c) {
  return {{"name", bytes_to_text(c.name)},
          {"type", model::to_string(c.type)},
          {"unsigned", c.is_unsigned},
          {"nullable", c.is_nullable},
          {"hidden", c.is_hidden},
          {"generated", c.is_generated},
          {"length", c.length},
          {"precision", c.precision},
          {"scale", c.scale},
          {"fraction", c.fraction_digits},
          {"charset", bytes_to_text(c.charset)},
          {"collation", bytes_to_text(c.collation)},
          {"declared", bytes_to_text(c.declared_type)},
          {"labels", from_strings(c.labels)}};
}
Column to_column(const json& value, std::string& problem) {
  Object object(value, problem);
  Column c;
  c.name = object.bytes("name");
  const json* type = object.get("type");
  bool is_known = false;
  for (int i = 0; type && type->is_string() && i <= static_cast<int>(model::ColumnType::inet6); ++i)
    if (model::to_string(static_cast<model::ColumnType>(i)) == type->get<std::string>()) {
      c.type = static_cast<model::ColumnType>(i);
      is_known = true;
    }
  if (!is_known) object.complain("type is not known");
  c.is_unsigned = object.flag("unsigned");
  c.is_nullable = object.flag("nullable");
  c.is_hidden = object.flag("hidden");
  c.is_generated = object.flag("generated");
  c.length = static_cast<std::uint32_t>(object.number("length", UINT32_MAX));
  c.precision = static_cast<std::uint8_t>(object.number("precision", UINT8_MAX));
  c.scale = static_cast<std::uint8_t>(object.number("scale", UINT8_MAX));
  c.fraction_digits = static_cast<std::uint8_t>(object.number("fraction", UINT8_MAX));
  c.charset = object.bytes("charset");
  c.collation = object.bytes("collation");
  c.declared_type = object.bytes("declared");
  c.labels = to_strings(object, "labels");
  return c;
}

Result<json> parse_json(std::string_view text) {
  constexpr int depth_max = 16;
  bool too_deep = false;
  json object = json::parse(
      text.begin(), text.end(),
      [&](int depth, json::parse_event_t, json&) {
        too_deep |= depth > depth_max;
        return depth <= depth_max;
      },
      /*allow_exceptions=*/false);
  if (too_deep || object.is_discarded()) return fail(ErrorCode::task_state_unusable, "malformed structure: not JSON");
  return object;
}

base::Status check(const std::string& problem, std::uint64_t found) {
  if (!problem.empty()) return fail(ErrorCode::task_state_unusable, "malformed structure: " + problem);
  if (found > format)
    return fail(ErrorCode::task_state_newer, fmt::format("structure format {}, this release knows {}", found, format));
  return {};
}

std::string text_of(const json& object) { return object.dump(-1, ' ', true, json::error_handler_t::replace); }

}  // namespace

std::string told_name(const KeptStatement& statement) {
  return fmt::format("{}/{}.{}", statement.number, statement.logical_database, statement.logical_table);
}

std::string schema_prefix(std::string_view subtask) { return fmt::format("schema/{}/", subtask); }
std::string schema_key(std::string_view subtask, std::uint64_t number, std::string_view database,
                       std::string_view table) {
  return fmt::format("schema/{}/{:016x}/t/{}/{}", subtask, number, database, table);
}
std::string databases_key(std::string_view subtask, std::uint64_t number) {
  return fmt::format("schema/{}/{:016x}/d", subtask, number);
}
std::string statement_prefix(std::string_view subtask) { return fmt::format("ddl/{}/", subtask); }
std::string statement_key(std::string_view subtask, const KeptStatement& s) {
  return fmt::format("ddl/{}/{:016x}/{}/{}", subtask, s.number, s.database, s.table);
}

std::optional<std::uint64_t> number_in(std::string_view key, std::string_view prefix) {
  constexpr std::size_t digits = 16;
  if (!key.starts_with(prefix) || key.size() < prefix.size() + digits) return {};
  std::uint64_t number = 0;
  const char* end = key.data() + prefix.size() + digits;
  const auto read = std::from_chars(key.data() + prefix.size(), end, number, 16);
  if (read.ec != std::errc{} || read.ptr != end) return {};
  return number;
}

std::string serialise(const KeptTable& t) {
  json columns = json::array(), keys = json::array(), indexes = json::array();
  for (const Column& column : t.schema.columns) columns.push_back(from_column(column));
  json tail = json::array();
  for (const model::TailColumn column : t.schema.tail) tail.push_back(static_cast<unsigned>(column));
  for (const model::Key& key : t.schema.keys)
    keys.push_back({{"name", bytes_to_text(key.name)}, {"primary", key.is_primary}, {"columns", key.columns}});
  for (const KeptIndex& index : t.indexes)
    indexes.push_back({{"name", bytes_to_text(index.name)},
                       {"primary", index.is_primary},
                       {"unique", index.is_unique},
                       {"functional", index.is_functional},
                       {"columns", from_strings(index.columns)},
                       {"prefixes", index.prefixes},
                       {"generated", index.is_generated}});
  return text_of({{"format", format},
                  {"database", bytes_to_text(t.database)},
                  {"table", bytes_to_text(t.table)},
                  {"gone", t.is_gone},
                  {"logical_database", bytes_to_text(t.logical_database)},
                  {"logical_table", bytes_to_text(t.logical_table)},
                  {"columns", std::move(columns)},
                  {"tail", std::move(tail)},
                  {"row_end", t.schema.row_end ? json(*t.schema.row_end) : json(nullptr)},
                  {"keys", std::move(keys)},
                  {"indexes", std::move(indexes)},
                  {"collation", bytes_to_text(t.collation)},
                  {"partitioned", t.is_partitioned},
                  {"ignores_file", bytes_to_text(t.ignores_until.file)},
                  {"ignores_offset", t.ignores_until.offset}});
}

Result<KeptTable> parse_table(std::string_view text) {
  TRY_VALUE(const json value, parse_json(text));
  std::string problem;
  Object object(value, problem);
  KeptTable t;
  const std::uint64_t found = object.number("format");
  t.database = object.bytes("database");
  t.table = object.bytes("table");
  t.is_gone = object.flag("gone");
  t.logical_database = object.bytes("logical_database");
  t.logical_table = object.bytes("logical_table");
  t.schema.database = t.database;
  t.schema.table = t.table;
  for (const json& column : object.list("columns")) t.schema.columns.push_back(to_column(column, problem));
  for (const json& column : object.list("tail")) {
    if (!column.is_number_unsigned() || column.get<std::uint64_t>() > static_cast<unsigned>(model::TailColumn::row_end))
      object.complain("a hidden column is of no known kind");
    else
      t.schema.tail.push_back(static_cast<model::TailColumn>(column.get<unsigned>()));
  }
  if (const auto row_end = value.find("row_end"); row_end != value.end() && !row_end->is_null()) {
    if (!row_end->is_number_unsigned() ||
        row_end->get<std::uint64_t>() >= t.schema.columns.size() + t.schema.tail.size())
      object.complain("row_end is out of range");
    else
      t.schema.row_end = row_end->get<std::uint32_t>();
  }
  for (const json& one : object.list("keys")) {
    Object key(one, problem);
    model::Key read{key.bytes("name"), key.flag("primary"), {}};
    for (const json& column : key.list("columns")) {
      if (!column.is_number_unsigned() || column.get<std::uint64_t>() >= t.schema.columns.size())
        key.complain("a key's column is out of range");
      else
        read.columns.push_back(column.get<std::uint32_t>());
    }
    t.schema.keys.push_back(std::move(read));
  }
  for (const json& one : object.list("indexes")) {
    Object index(one, problem);
    KeptIndex read{index.bytes("name"),      index.flag("primary"),        index.flag("unique"),
                   index.flag("functional"), to_strings(index, "columns"), {},
                   index.flag("generated")};
    for (const json& prefix : index.list("prefixes")) {
      if (!prefix.is_number_unsigned() || prefix.get<std::uint64_t>() > UINT32_MAX)
        index.complain("a prefix is out of range");
      else
        read.prefixes.push_back(prefix.get<std::uint32_t>());
    }
    t.indexes.push_back(std::move(read));
  }
  t.collation = object.bytes("collation");
  t.is_partitioned = object.flag("partitioned");
  t.ignores_until = {object.bytes("ignores_file"), object.number("ignores_offset")};
  TRY(check(problem, found));
  return t;
}

std::string serialise(const std::map<std::string, std::string>& databases) {
  json list = json::array();
  for (const auto& [name, collation] : databases)
    list.push_back({{"name", bytes_to_text(name)}, {"collation", bytes_to_text(collation)}});
  return text_of({{"format", format}, {"databases", std::move(list)}});
}

Result<std::map<std::string, std::string>> parse_databases(std::string_view text) {
  TRY_VALUE(const json value, parse_json(text));
  std::string problem;
  Object object(value, problem);
  std::map<std::string, std::string> databases;
  const std::uint64_t found = object.number("format");
  for (const json& one : object.list("databases")) {
    Object database(one, problem);
    std::string name = database.bytes("name");
    databases[std::move(name)] = database.bytes("collation");
  }
  TRY(check(problem, found));
  return databases;
}

std::string serialise(const KeptStatement& s) {
  return text_of({{"format", format},
                  {"number", s.number},
                  {"database", bytes_to_text(s.database)},
                  {"table", bytes_to_text(s.table)},
                  {"logical_database", bytes_to_text(s.logical_database)},
                  {"logical_table", bytes_to_text(s.logical_table)},
                  {"text", bytes_to_text(s.text)},
                  {"structure", s.structure},
                  {"record_id", s.record_id},
                  {"timestamp_s", static_cast<std::uint64_t>(s.timestamp_s)},
                  {"position", bytes_to_text(s.position)},
                  {"safe_position", bytes_to_text(s.safe_position)},
                  {"server_id", s.server_id},
                  {"thread_id", s.thread_id}});
}

Result<KeptStatement> parse_statement(std::string_view text) {
  TRY_VALUE(const json value, parse_json(text));
  std::string problem;
  Object object(value, problem);
  KeptStatement s;
  const std::uint64_t found = object.number("format");
  s.number = object.number("number");
  s.database = object.bytes("database");
  s.table = object.bytes("table");
  s.logical_database = object.bytes("logical_database");
  s.logical_table = object.bytes("logical_table");
  s.text = object.bytes("text");
  s.structure = static_cast<std::uint32_t>(object.number("structure", UINT32_MAX));
  s.record_id = object.number("record_id");
  s.timestamp_s = static_cast<std::int64_t>(object.number("timestamp_s", INT64_MAX));
  s.position = object.bytes("position");
  s.safe_position = object.bytes("safe_position");
  s.server_id = static_cast<std::uint32_t>(object.number("server_id", UINT32_MAX));
  s.thread_id = object.number("thread_id");
  TRY(check(problem, found));
  return s;
}

}  // namespace tributary::checkpoint
