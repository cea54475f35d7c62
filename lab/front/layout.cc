#include "front/layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "front/token.h"

namespace tributary::lab {

namespace {

bool type_starts(const std::string& type, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
    return type.size() >= prefix.size() && same_name(std::string_view(type).substr(0, prefix.size()), prefix);
  });
}

bool is_date(ShardFunction function) { return function != ShardFunction::none && function != ShardFunction::hash; }

int suffix_width(const TableDef& table) {
  const int largest = is_date(table.tb_function) ? table.tb_count - 1 : table.db_count * table.tb_count - 1;
  const int digits = static_cast<int>(std::to_string(largest).size());
  return is_date(table.tb_function) ? digits : std::max(digits, 2);
}

std::string stem(const TableDef& table) { return table.random.empty() ? table.name : table.name + "_" + table.random; }

}  // namespace

bool ColumnInfo::is_integer() const {
  return type_starts(type, {"tinyint", "smallint", "mediumint", "int", "bigint", "year"});
}
bool ColumnInfo::is_number() const { return is_integer() || type_starts(type, {"decimal", "float", "double"}); }
bool ColumnInfo::is_text() const {
  return type_starts(type, {"char", "varchar", "text", "tinytext", "mediumtext", "longtext", "json"});
}
bool ColumnInfo::is_enum() const { return type_starts(type, {"enum", "set"}); }
bool ColumnInfo::is_binary() const {
  return type_starts(type, {"binary", "varbinary", "blob", "tinyblob", "mediumblob", "longblob", "bit", "geometry",
                            "geom", "point", "linestring", "polygon", "multi", "vector"});
}
bool ColumnInfo::is_float() const { return type_starts(type, {"float"}); }

bool TableDef::same_key() const { return !db_key.empty() && same_name(db_key, tb_key); }

int TableDef::column(std::string_view column_name) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (same_name(columns[i].name, column_name)) return static_cast<int>(i);
  return -1;
}

const ColumnInfo* TableDef::find(std::string_view column_name) const {
  const int at = column(column_name);
  return at < 0 ? nullptr : &columns[static_cast<std::size_t>(at)];
}

const ColumnInfo* TableDef::auto_increment() const {
  const auto found = std::find_if(columns.begin(), columns.end(), [](const ColumnInfo& c) { return c.auto_increment; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> TableDef::primary_key() const {
  std::vector<std::string> out;
  for (const auto& column : columns)
    if (column.primary) out.push_back(column.name);
  return out;
}

std::string physical_name(const TableDef& table, int shard, int slot) {
  if (table.tb_function == ShardFunction::none) return stem(table);
  const int suffix = is_date(table.tb_function) ? slot : shard * table.tb_count + slot;
  return fmt::format("{}_{:0{}}", stem(table), suffix, suffix_width(table));
}

std::vector<PhysicalTable> topology(const TableDef& table, int shard_count) {
  std::vector<PhysicalTable> out;
  const int shards = table.kind == TableKind::broadcast ? shard_count : table.is_sharded() ? table.db_count : 1;
  for (int shard = 0; shard < shards; ++shard)
    for (int slot = 0; slot < table.tb_count; ++slot) out.push_back({shard, physical_name(table, shard, slot)});
  out.insert(out.end(), table.extra.begin(), table.extra.end());
  return out;
}

std::vector<PhysicalTable> everywhere(const TableDef& table, int shard_count) {
  if (table.kind != TableKind::single) return topology(table, shard_count);
  std::vector<PhysicalTable> out;
  for (int shard = 0; shard < shard_count; ++shard) out.push_back({shard, physical_name(table, shard, 0)});
  return out;
}

std::optional<std::vector<PhysicalTable>> route(const TableDef& table, int shard_count,
                                                const std::optional<KeyValue>& db_value,
                                                const std::optional<KeyValue>& tb_value) {
  if (!table.is_sharded()) return topology(table, shard_count);
  const auto integer = [&](const std::string& key) {
    const ColumnInfo* column = table.find(key);
    return column != nullptr && column->is_integer();
  };
  const auto tables = static_cast<std::uint64_t>(table.tb_count);
  const auto shards = static_cast<std::uint64_t>(table.db_count);
  std::optional<int> shard, slot;
  if (table.db_key.empty()) shard = 0;
  if (table.tb_key.empty()) slot = 0;
  if (db_value && !table.db_key.empty()) {
    const std::uint64_t hash = hash_magnitude(*db_value, integer(table.db_key));
    if (table.same_key() && table.tb_function == ShardFunction::hash) {
      shard = static_cast<int>(hash % (shards * tables) / tables);
      slot = static_cast<int>(hash % (shards * tables) % tables);
    } else {
      shard = static_cast<int>(hash % shards);
    }
  }
  if (tb_value && !slot) {
    if (table.tb_function == ShardFunction::hash) {
      slot = static_cast<int>(hash_magnitude(*tb_value, integer(table.tb_key)) % tables);
    } else {
      slot = date_slot(table.tb_function, *tb_value, table.tb_count);
      if (!slot) return std::nullopt;
    }
  }
  std::vector<PhysicalTable> out;
  for (int s = shard.value_or(0); s <= shard.value_or(table.db_count - 1); ++s)
    for (int t = slot.value_or(0); t <= slot.value_or(table.tb_count - 1); ++t)
      out.push_back({s, physical_name(table, s, t)});
  if (!shard || !slot) out.insert(out.end(), table.extra.begin(), table.extra.end());
  return out;
}

std::string shard_clause(const TableDef& table) {
  if (table.kind == TableKind::broadcast) return "broadcast";
  std::string out;
  if (!table.db_key.empty()) out = fmt::format("dbpartition by hash(`{}`)", table.db_key);
  if (!table.tb_key.empty())
    out += fmt::format("{}tbpartition by {}(`{}`) tbpartitions {}", out.empty() ? "" : " ",
                       to_string(table.tb_function), table.tb_key, table.tb_count);
  return out;
}

std::string table_pattern(const TableDef& table) {
  if (table.tb_function == ShardFunction::none) return stem(table);
  return fmt::format("{}_{{{:0{}}}}", stem(table), 0, suffix_width(table));
}

}  // namespace tributary::lab
