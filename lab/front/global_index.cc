#include "front/global_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "front/statement.h"

namespace tributary::lab {

namespace {

using Row = std::vector<std::optional<std::string>>;

std::string exact_columns(const TableDef& table) {
  std::string out;
  for (const auto& column : table.columns) out += (out.empty() ? "" : ", ") + exact_column(column);
  return out;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& n) { return same_name(n, name); });
}

}  // namespace

std::vector<std::string> index_table_columns(const TableDef& table, const std::vector<std::string>& index_columns,
                                             const std::vector<std::string>& covering) {
  std::vector<std::string> out;
  for (const auto& column : table.columns)
    if (column.primary || contains(index_columns, column.name) || contains(covering, column.name) ||
        same_name(column.name, table.db_key) || same_name(column.name, table.tb_key))
      out.push_back(column.name);
  return out;
}

IndexKeeper::IndexKeeper(Work& work, const TableDef& table) : work_(work), table_(table) {
  for (const auto& name : table.global_indexes)
    if (TablePtr index = work.catalogue().find(name)) indexes_.push_back(std::move(index));
}

std::string IndexKeeper::key_predicate(const Row& row) const {
  std::string out;
  for (std::size_t i = 0; i < table_.columns.size(); ++i)
    if (table_.columns[i].primary)
      out += fmt::format("{}{} = {}", out.empty() ? "" : " AND ", mysql::quote_name(table_.columns[i].name),
                         sql_literal(table_.columns[i], row[i]));
  return out;
}

Answer<std::vector<Row>> IndexKeeper::rows_of(const PhysicalTable& place, const std::string& predicate) {
  TRY_VALUE(mysql::Table table, work_.backend.query_locked(
                                    place.shard, fmt::format("SELECT {} FROM {} {} FOR UPDATE", exact_columns(table_),
                                                             mysql::quote_name(place.name), predicate)));
  return std::move(table.rows);
}

Answer<void> IndexKeeper::change(const TableDef& index, const Row& row, bool add) {
  const auto key = [&](const std::string& name) -> std::optional<KeyValue> {
    const int at = table_.column(name);
    if (at < 0) return std::nullopt;
    const auto& cell = row[static_cast<std::size_t>(at)];
    return KeyValue{!cell, cell.value_or("")};
  };
  const auto places = route(index, work_.shard_count(), key(index.db_key), key(index.tb_key));
  if (!places || places->size() != 1) return not_supported("a global index key without a place");
  const PhysicalTable& place = places->front();
  std::string names, values;
  for (const auto& column : index.columns) {
    const auto& cell = row[static_cast<std::size_t>(table_.column(column.name))];
    names += (names.empty() ? "" : ", ") + mysql::quote_name(column.name);
    values += (values.empty() ? "" : ", ") + sql_literal(column, cell);
  }
  const std::string statement =
      add ? fmt::format("INSERT INTO {} ({}) VALUES ({})", mysql::quote_name(place.name), names, values)
          : fmt::format("DELETE FROM {} WHERE {}", mysql::quote_name(place.name), key_predicate(row));
  TRY(work_.backend.write(place.shard, statement));
  return {};
}

Answer<void> IndexKeeper::removed(const Row& row) {
  for (const auto& index : indexes_) TRY(change(*index, row, false));
  return {};
}

Answer<void> IndexKeeper::added(const Row& row) {
  for (const auto& index : indexes_) TRY(change(*index, row, true));
  return {};
}

Answer<void> IndexKeeper::before(const PhysicalTable& place, const std::string& predicate) {
  if (!active()) return {};
  TRY_VALUE(const auto rows, rows_of(place, predicate));
  for (const auto& row : rows) {
    changing_[place].insert(key_predicate(row));
    TRY(removed(row));
  }
  return {};
}

Answer<void> IndexKeeper::after() {
  for (const auto& [place, predicates] : changing_) {
    for (const auto& predicate : predicates) {
      TRY_VALUE(const auto rows, rows_of(place, "WHERE " + predicate));
      for (const auto& row : rows) TRY(added(row));
    }
  }
  changing_.clear();
  return {};
}

// The rows' text is read again as a statement: their expressions for the index's columns go to the index tables.
Answer<void> IndexKeeper::inserted(const std::vector<std::string>& columns,
                                   const std::map<PhysicalTable, std::string>& rows) {
  for (const auto& index : indexes_) {
    std::vector<std::size_t> wanted;
    std::string names;
    std::optional<std::size_t> db_at, tb_at;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (index->column(columns[i]) < 0) continue;
      if (same_name(columns[i], index->db_key)) db_at = i;
      if (same_name(columns[i], index->tb_key)) tb_at = i;
      wanted.push_back(i);
      names += (names.empty() ? "" : ", ") + mysql::quote_name(columns[i]);
    }
    std::map<PhysicalTable, std::string> out;
    for (const auto& [place, text] : rows) {
      const Sql sql(text);
      for (const auto& [first, last] : split_list(sql, 0, sql.size())) {
        const auto values = split_list(sql, first + 1, last - 1);
        const auto key = [&](std::optional<std::size_t> at) -> std::optional<KeyValue> {
          if (!at) return KeyValue{true, {}};
          return literal(sql, values[*at].first, values[*at].second);
        };
        const auto db_value = key(db_at), tb_value = key(tb_at);
        if (!db_value || !tb_value) return not_supported("an expression as the key of a global index");
        const auto places = route(*index, work_.shard_count(), db_value, tb_value);
        if (!places || places->size() != 1) return not_supported("a global index key without a place");
        std::string& into = out[places->front()];
        into += into.empty() ? "(" : ", (";
        for (std::size_t i = 0; i < wanted.size(); ++i)
          into += (i == 0 ? "" : ", ") + std::string(sql.text(values[wanted[i]].first, values[wanted[i]].second));
        into += ')';
      }
    }
    for (const auto& [place, values] : out)
      TRY(work_.backend.write(
          place.shard, fmt::format("INSERT INTO {} ({}) VALUES {}", mysql::quote_name(place.name), names, values)));
  }
  return {};
}

Answer<void> IndexKeeper::before_replace(const std::vector<std::string>& columns,
                                         const std::map<PhysicalTable, std::string>& rows) {
  if (!active()) return {};
  for (const auto& [place, text] : rows) {
    const Sql sql(text);
    for (const auto& [first, last] : split_list(sql, 0, sql.size())) {
      const auto values = split_list(sql, first + 1, last - 1);
      std::string predicate;
      for (const auto& key : table_.primary_key()) {
        const auto at =
            std::find_if(columns.begin(), columns.end(), [&](const std::string& c) { return same_name(c, key); });
        if (at == columns.end())
          return not_supported("a replacing write without the primary key on a table with global indexes");
        const auto& [from, to] = values[static_cast<std::size_t>(at - columns.begin())];
        predicate +=
            fmt::format("{}{} = {}", predicate.empty() ? "" : " AND ", mysql::quote_name(key), sql.text(from, to));
      }
      TRY(before(place, "WHERE " + predicate));
      changing_[place].insert(predicate);
    }
  }
  // The same row under two spellings of its key would be written twice.
  for (auto& [place, predicates] : changing_) {
    std::map<std::string, std::string> spellings;
    for (const auto& predicate : predicates) {
      std::string plain;
      for (const char c : predicate)
        if (c != '\'' && c != '"' && c != ' ') plain += c;
      spellings.emplace(plain, predicate);
    }
    predicates.clear();
    for (auto& [plain, predicate] : spellings) predicates.insert(std::move(predicate));
  }
  return {};
}

}  // namespace tributary::lab
