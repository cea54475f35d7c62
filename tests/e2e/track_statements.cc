// Feeds Query events to a SchemaTracker and tells what became of its tables. For the differential tests of DDL
// (tests/e2e/ddl_tracker.py), which compare it with the server after each statement.
//
//   track_statements < one JSON object a line > one JSON object a line
//
// {"traits": {...}}      begins anew
// {"format": hex}        the format description event of the file from which the next events come
// {"event": hex}         a Query event -> outcome, effects, the tables that differ from before
// {"put": {...}}, {"remove": {...}}, {"database": name, "collation": name}
// The last word of an answer: "changed" [[database, table, {...}]], "gone" [[database, table]], "databases" {name:
// collation}.
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/buffer.h"
#include "source/binlog/event.h"
#include "source/binlog/event_body.h"
#include "source/binlog/statement_context.h"
#include "source/ddl/tracker.h"
#include "source/topology/schema_reader.h"

namespace {

using namespace tributary;
using model::ColumnType;
using nlohmann::json;
using source::SchemaTracker;
using source::TableEffect;
using source::TableName;
using source::TrackedTable;
using source::TrackedTablePtr;

std::string from_hex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return bytes;
}

json column_json(const model::Column& column) {
  json made = {{"name", column.name},
               {"type", model::to_string(column.type)},
               {"declared", column.declared_type},
               {"nullable", column.is_nullable},
               {"unsigned", column.is_unsigned},
               {"generated", column.is_generated},
               {"charset", column.charset},
               {"collation", column.collation}};
  switch (column.type) {
    case ColumnType::decimal:
      made["precision"] = column.precision;
      made["scale"] = column.scale;
      break;
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
      made["fraction_digits"] = column.fraction_digits;
      break;
    case ColumnType::bit:
    case ColumnType::char_:
    case ColumnType::binary:
    case ColumnType::varchar:
    case ColumnType::varbinary:
      made["length"] = column.length;
      break;
    case ColumnType::enum_:
    case ColumnType::set:
      made["labels"] = column.labels;
      break;
    default:
      break;
  }
  return made;
}

json table_json(const TrackedTable& table) {
  json columns = json::array(), indexes = json::array(), keys = json::array(), identity = json::array();
  for (const auto& column : table.schema.columns) columns.push_back(column_json(column));
  for (const auto& index : table.indexes)
    indexes.push_back({{"name", index.name},
                       {"primary", index.is_primary},
                       {"unique", index.is_unique},
                       {"functional", index.is_functional},
                       {"columns", index.columns},
                       {"prefixes", index.prefixes}});
  for (const auto& key : table.schema.keys) keys.push_back(key.name);
  for (const auto c : table.schema.identity) identity.push_back(table.schema.columns.at(c).name);
  return {{"collation", table.collation}, {"columns", columns},
          {"indexes", indexes},           {"keys", keys},
          {"identity", identity},         {"partitioned", table.is_partitioned}};
}

TrackedTable table_of(const json& told) {
  TrackedTable table;
  table.schema.database = told.at("database");
  table.schema.table = told.at("table");
  table.collation = told.at("collation");
  table.is_partitioned = told.at("partitioned");
  for (const json& c : told.at("columns")) {
    model::Column column;
    column.name = c.at("name");
    const std::string type = c.at("type");
    for (int t = 0; t <= static_cast<int>(ColumnType::inet6); ++t)
      if (model::to_string(static_cast<ColumnType>(t)) == type) column.type = static_cast<ColumnType>(t);
    column.declared_type = c.at("declared");
    column.is_nullable = c.at("nullable");
    column.is_unsigned = c.at("unsigned");
    column.is_generated = c.at("generated");
    column.charset = c.at("charset");
    column.collation = c.at("collation");
    column.precision = c.value("precision", std::uint8_t{0});
    column.scale = c.value("scale", std::uint8_t{0});
    column.fraction_digits = c.value("fraction_digits", std::uint8_t{0});
    column.length = c.value("length", 0U);
    column.labels = c.value("labels", std::vector<std::string>{});
    table.schema.columns.push_back(std::move(column));
  }
  const auto number_of = [&](const std::string& name) {
    const auto& columns = table.schema.columns;
    return static_cast<std::uint32_t>(
        std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; }) - columns.begin());
  };
  for (const json& i : told.at("indexes")) {
    source::TrackedIndex index;
    index.name = i.at("name");
    index.is_primary = i.at("primary");
    index.is_unique = i.at("unique");
    index.is_functional = i.at("functional");
    index.columns = i.at("columns").get<std::vector<std::string>>();
    index.prefixes = i.at("prefixes").get<std::vector<std::uint32_t>>();
    table.indexes.push_back(std::move(index));
  }
  for (const std::string name : told.at("keys"))
    for (const auto& index : table.indexes)
      if (index.name == name) {
        model::Key key{name, index.is_primary, {}};
        for (const auto& column : index.columns) key.columns.push_back(number_of(column));
        table.schema.keys.push_back(std::move(key));
      }
  source::finish_schema(table.schema);
  return table;
}

std::string_view kind_name(TableEffect::Kind kind) {
  switch (kind) {
    case TableEffect::Kind::created:
      return "created";
    case TableEffect::Kind::altered:
      return "altered";
    case TableEffect::Kind::renamed:
      return "renamed";
    case TableEffect::Kind::dropped:
      return "dropped";
    case TableEffect::Kind::emptied:
      return "emptied";
    case TableEffect::Kind::unchanged:
      return "unchanged";
  }
  return "?";
}

class Session {
 public:
  json answer(const json& message) {
    json said = json::object();
    if (message.contains("traits")) begin(message["traits"]);
    if (message.contains("format")) {
      if (auto wrong = read_format(from_hex(message["format"]))) return *wrong;
    }
    if (message.contains("put")) tracker_->put_table(table_of(message["put"]));
    if (message.contains("remove")) tracker_->remove_table({message["remove"]["database"], message["remove"]["table"]});
    if (message.contains("database"))
      tracker_->put_database(message["database"].get<std::string>(), message["collation"].get<std::string>());
    if (message.contains("event")) said = apply(from_hex(message["event"]));
    tell_changes(said);
    return said;
  }

 private:
  void begin(const json& t) {
    source::ServerTraits traits;
    traits.flavour = t.at("mariadb") ? mysql::Flavour::mariadb : mysql::Flavour::mysql;
    traits.version_number = t.at("version_number");
    traits.lower_case_table_names = t.at("lower_case_table_names");
    traits.explicit_defaults_for_timestamp = t.at("explicit_defaults_for_timestamp");
    traits.default_collation = t.at("default_collation");
    tracker_ = std::make_unique<SchemaTracker>(traits);
  }

  std::optional<json> read_format(const std::string& raw) {
    const auto event = source::parse_event(raw, {});
    if (!event) return json{{"error", event.error().message()}};
    auto read = source::parse_format_description(*event);
    if (!read) return json{{"error", read.error().message()}};
    format_ = *read;
    return std::nullopt;
  }

  json apply(const std::string& raw) {
    const auto event = source::parse_event(raw, format_);
    if (!event) return {{"error", event.error().message()}};
    const auto query = source::parse_query(*event, format_, scratch_);
    if (!query) return {{"error", query.error().message()}};
    const source::StatementContext context = source::statement_context(*query, tracker_->traits());
    const source::Effect effect = tracker_->apply(context, query->sql);
    constexpr const char* outcomes[] = {"applied", "no_layout_change", "not_understood"};
    json effects = json::array(), concerned = json::array();
    for (const auto& e : effect.tables)
      effects.push_back({{"kind", kind_name(e.kind)},
                         {"name", {e.name.database, e.name.table}},
                         {"new_name", {e.new_name.database, e.new_name.table}}});
    for (const auto& name : effect.concerned) concerned.push_back({name.database, name.table});
    return {{"outcome", outcomes[static_cast<int>(effect.outcome)]},
            {"reason", effect.reason},
            {"is_ddl", effect.is_ddl},
            {"effects", effects},
            {"concerned", concerned},
            {"sql", query->sql},
            {"database", query->database}};
  }

  void tell_changes(json& said) {
    auto now = tracker_->tables();
    json changed = json::array(), gone = json::array();
    for (const auto& [name, table] : now)
      if (const auto was = before_.find(name); was == before_.end() || was->second != table)
        changed.push_back({name.database, name.table, table_json(*table)});
    for (const auto& [name, table] : before_)
      if (!now.contains(name)) gone.push_back({name.database, name.table});
    before_ = std::move(now);
    said["changed"] = changed;
    said["gone"] = gone;
    said["databases"] = tracker_->databases();
  }

  std::unique_ptr<SchemaTracker> tracker_;
  std::map<TableName, TrackedTablePtr> before_;
  source::FormatDescription format_;
  base::Buffer scratch_;
};

}  // namespace

int main() {
  Session session;
  for (std::string line; std::getline(std::cin, line);)
    std::cout << session.answer(json::parse(line)).dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}
