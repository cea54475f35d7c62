#include "front/catalogue.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "base/clock.h"
#include "front/token.h"

namespace tributary::lab {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

json to_json(const ColumnInfo& c) {
  return {{"name", c.name},
          {"type", c.type},
          {"auto_increment", c.auto_increment},
          {"primary", c.primary},
          {"generated", c.generated}};
}

json to_json(const TableDef& t) {
  json columns = json::array();
  for (const auto& column : t.columns) columns.push_back(to_json(column));
  json extra = json::array();
  for (const auto& place : t.extra) extra.push_back({{"shard", place.shard}, {"name", place.name}});
  return {{"name", t.name},
          {"kind", static_cast<int>(t.kind)},
          {"random", t.random},
          {"db_key", t.db_key},
          {"tb_key", t.tb_key},
          {"tb_function", to_string(t.tb_function)},
          {"db_count", t.db_count},
          {"tb_count", t.tb_count},
          {"implicit_id", t.implicit_id},
          {"columns", columns},
          {"base", t.base},
          {"unique", t.unique},
          {"index_columns", t.index_columns},
          {"covering", t.covering},
          {"extra", extra},
          {"global_indexes", t.global_indexes}};
}

TableDef table_from(const json& j) {
  TableDef t;
  t.name = j.at("name");
  t.kind = static_cast<TableKind>(j.at("kind").get<int>());
  t.random = j.at("random");
  t.db_key = j.at("db_key");
  t.tb_key = j.at("tb_key");
  t.tb_function = shard_function(j.at("tb_function").get<std::string>()).value_or(ShardFunction::none);
  t.db_count = j.at("db_count");
  t.tb_count = j.at("tb_count");
  t.implicit_id = j.at("implicit_id");
  for (const auto& c : j.at("columns"))
    t.columns.push_back({c.at("name"), c.at("type"), c.at("auto_increment"), c.at("primary"), c.at("generated")});
  t.base = j.at("base");
  t.unique = j.at("unique");
  t.index_columns = j.at("index_columns");
  t.covering = j.at("covering");
  for (const auto& place : j.value("extra", json::array())) t.extra.push_back({place.at("shard"), place.at("name")});
  t.global_indexes = j.at("global_indexes");
  return t;
}

}  // namespace

std::string random_text(int count, std::string_view alphabet) {
  std::random_device source;
  std::uniform_int_distribution<std::size_t> pick(0, alphabet.size() - 1);
  std::string out;
  for (int i = 0; i < count; ++i) out += alphabet[pick(source)];
  return out;
}

Result<std::unique_ptr<Catalogue>> Catalogue::open(const std::string& state_dir, const std::string& database,
                                                   int storages, int databases_per_instance) {
  std::unique_ptr<Catalogue> out(new Catalogue());
  std::error_code error;
  std::filesystem::create_directories(state_dir, error);
  out->path_ = state_dir + "/catalogue.json";
  out->database_ = database;
  const std::size_t wanted = static_cast<std::size_t>(storages * databases_per_instance);
  if (std::ifstream file(out->path_); file) {
    std::stringstream text;
    text << file.rdbuf();
    TRY(out->load(text.str()));
    if (out->database_ != database || out->shards_.size() != wanted)
      return fail(ErrorCode::task_bad_value,
                  fmt::format("the state is of database {} with {} shards", out->database_, out->shards_.size()),
                  out->path_);
    return out;
  }
  const std::string upper_name = upper(database), random = random_text(4, lower_case);
  out->app_name_ =
      fmt::format("{}_{}{}", lower(database), base::SystemClock::instance().now_ms(), random_text(4, lower_case));
  for (std::size_t i = 0; i < wanted; ++i)
    out->shards_.push_back({fmt::format("{}_{}_{:04}", lower(database), random, i),
                            fmt::format("{}{}_{}_{:04}_RDS", upper(out->app_name_), upper_name, upper(random), i),
                            static_cast<int>(i) / databases_per_instance});
  TRY(out->save());
  return out;
}

Status Catalogue::load(const std::string& text) {
  try {
    const json j = json::parse(text);
    database_ = j.at("database");
    app_name_ = j.at("app_name");
    for (const auto& s : j.at("shards"))
      shards_.push_back({s.at("database"), s.at("group"), s.at("storage"), s.value("suspended", false)});
    for (const auto& t : j.at("tables")) {
      TableDef table = table_from(t);
      const std::string key = lower(table.name);
      tables_[key] = std::make_shared<const TableDef>(std::move(table));
    }
  } catch (const json::exception& e) {
    return fail(ErrorCode::io, e.what(), path_);
  }
  return {};
}

Status Catalogue::save() const {
  json shards = json::array(), tables = json::array();
  for (const auto& s : shards_)
    shards.push_back(
        {{"database", s.database}, {"group", s.group}, {"storage", s.storage}, {"suspended", s.is_suspended}});
  for (const auto& [key, table] : tables_) tables.push_back(to_json(*table));
  const json j = {{"database", database_}, {"app_name", app_name_}, {"shards", shards}, {"tables", tables}};
  const std::string next = path_ + ".new";
  std::ofstream file(next, std::ios::trunc);
  file << j.dump(1, ' ', false, json::error_handler_t::replace) << '\n';
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(next, path_, error);
  if (!file || error) return fail(ErrorCode::io, "the catalogue can't be written", path_);
  return {};
}

TablePtr Catalogue::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(lower(name));
  return found == tables_.end() ? nullptr : found->second;
}

std::vector<TablePtr> Catalogue::tables() const {
  const std::lock_guard lock(mutex_);
  std::vector<TablePtr> out;
  for (const auto& [key, table] : tables_) out.push_back(table);
  return out;
}

Status Catalogue::put_shard(int index, Shard shard) {
  const std::lock_guard lock(mutex_);
  shards_[static_cast<std::size_t>(index)] = std::move(shard);
  return save();
}

Status Catalogue::put(TableDef table) {
  const std::lock_guard lock(mutex_);
  const std::string key = lower(table.name);
  tables_[key] = std::make_shared<const TableDef>(std::move(table));
  return save();
}

Status Catalogue::erase(std::string_view name) {
  const std::lock_guard lock(mutex_);
  tables_.erase(lower(name));
  return save();
}

}  // namespace tributary::lab
