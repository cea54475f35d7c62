#include "front/insert.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "front/global_index.h"
#include "front/statement.h"

namespace tributary::lab {

namespace {

using Span = std::pair<std::size_t, std::size_t>;  // tokens [first, second)

struct Insert {
  TableRef target;
  std::string verb;  // INSERT IGNORE INTO
  bool replace = false;
  std::vector<std::string> columns;
  bool listed = false;  // the statement names its columns
  std::vector<std::vector<Span>> rows;
  std::string update;  // ON DUPLICATE KEY UPDATE ..
};

Answer<void> read_rows(const Sql& sql, std::size_t& at, Insert& out) {
  while (sql.is_symbol(at, "(")) {
    auto& row = out.rows.emplace_back();
    row.reserve(out.rows[0].size());
    std::size_t depth = 0, begin = ++at;
    for (;; ++at) {
      if (at >= sql.size()) return syntax_error("end of statement");
      if (sql[at].kind != TokenKind::symbol) continue;
      const char c = sql.text()[sql[at].begin];
      if (c == '(') {
        ++depth;
      } else if (c == ')' && depth-- == 0) {
        if (at > begin) row.emplace_back(begin, at);
        break;
      } else if (c == ',' && depth == 0) {
        row.emplace_back(begin, at);
        begin = at + 1;
      }
    }
    ++at;
    if (!sql.is_symbol(at, ",")) break;
    ++at;
  }
  return {};
}

Answer<Insert> read_insert(const Work& work, const Sql& sql) {
  Insert out;
  std::size_t at = 1;
  while (sql.is(at, "low_priority") || sql.is(at, "delayed") || sql.is(at, "high_priority") || sql.is(at, "ignore"))
    ++at;
  out.verb = sql.text(0, at);
  out.verb += " INTO";
  out.replace = sql.is(0, "replace");
  if (sql.is(at, "into")) ++at;
  const auto target = read_table(sql, at, false);
  if (!target) return syntax_error(sql.text(at, sql.size()));
  out.target = *target;
  at = target->last;
  if (sql.is_symbol(at, "(") && !sql.is(at + 1, "select")) {
    const std::size_t close = sql.closing(at);
    for (const auto& [first, last] : split_list(sql, at + 1, close)) out.columns.push_back(sql.name(last - 1));
    out.listed = true;
    at = close + 1;
  }
  if (sql.is(at, "values") || sql.is(at, "value")) {
    TRY(read_rows(sql, ++at, out));
  } else if (sql.is(at, "set")) {
    const std::size_t end = sql.find("on", at, sql.size());
    auto& row = out.rows.emplace_back();
    for (const auto& [first, last] : split_list(sql, at + 1, end)) {
      const std::size_t equals = sql.is_symbol(first + 1, ".") ? first + 3 : first + 1;
      if (!sql.is_symbol(equals, "=")) return syntax_error(sql.text(first, last));
      out.columns.push_back(sql.name(equals - 1));
      row.emplace_back(equals + 1, last);
    }
    out.listed = true;
    at = end;
  } else {
    return not_supported("INSERT .. SELECT");
  }
  if (sql.is(at, "on"))
    out.update = " " + std::string(sql.text(at, sql.size()));
  else if (at < sql.size())
    return syntax_error(sql.text(at, sql.size()));
  const TablePtr table = work.catalogue().find(out.target.name);
  if (!table) return unknown_table(work.catalogue().database() + "." + out.target.name);
  if (!out.listed) {
    for (const auto& column : table->columns)
      if (!same_name(column.name, implicit_key)) out.columns.push_back(column.name);
  }
  // VALUES () gives every column its default.
  if (!out.listed && std::all_of(out.rows.begin(), out.rows.end(), [](const auto& row) { return row.empty(); }))
    out.columns.clear();
  for (std::size_t i = 0; i < out.rows.size(); ++i)
    if (out.rows[i].size() != out.columns.size())
      return sql_fail(1136, "21S01", fmt::format("Column count doesn't match value count at row {}", i + 1));
  return out;
}

int position(const std::vector<std::string>& columns, std::string_view name) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (same_name(columns[i], name)) return static_cast<int>(i);
  return -1;
}

// Numbers for an AUTO_INCREMENT column the front fills: into the row's value, or behind the row.
struct Numbers {
  int at = -1;  // position in the row; -1: the column is not listed
  std::string column;
  std::uint64_t next = 0;  // the first one taken for this statement
};

bool wants_number(const Sql& sql, Span value) {
  const auto [first, last] = value;
  return last == first + 1 &&
         (sql.is(first, "null") || sql.is(first, "default") || sql.text(first) == "0" || sql.text(first) == "'0'");
}

// The shard key's value; expressions are computed by shard 0, and then written as that value.
Answer<KeyValue> key_value(Work& work, const Sql& sql, Span value, std::string& computed) {
  if (auto known = literal(sql, value.first, value.second)) return std::move(*known);
  TRY_VALUE(const mysql::Table table,
            work.backend.query(0, fmt::format("SELECT {}", sql.text(value.first, value.second))));
  const auto& cell = table.rows.at(0).at(0);
  computed = cell ? quote_text(*cell) : "NULL";
  return KeyValue{!cell, cell.value_or("")};
}

std::string column_list(const std::vector<std::string>& columns) {
  std::string out = " (";
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i == 0 ? "" : ", ") + mysql::quote_name(columns[i]);
  return out + ")";
}

// Rows of the statement for one physical table, values as text.
class RowSplitter {
 public:
  RowSplitter(Work& work, const Sql& sql, const TableDef& table, const Insert& insert)
      : work_(work),
        sql_(sql),
        table_(table),
        insert_(insert),
        db_at_(position(insert.columns, table.db_key)),
        tb_at_(position(insert.columns, table.tb_key)) {
    if (table.db_key.empty()) db_at_ = -1;
    if (table.tb_key.empty()) tb_at_ = -1;
  }

  Answer<void> take_numbers();
  Answer<void> split();
  // "(..), (..)" by physical table.
  const std::map<PhysicalTable, std::string>& rows() const { return rows_; }
  std::vector<std::string> columns() const;
  bool adds_column() const { return numbers_ && numbers_->at < 0; }
  std::uint64_t first_number() const { return numbers_ ? numbers_->next : 0; }

 private:
  Work& work_;
  const Sql& sql_;
  const TableDef& table_;
  const Insert& insert_;
  int db_at_, tb_at_;
  std::optional<Numbers> numbers_;
  std::map<PhysicalTable, std::string> rows_;
};

std::vector<std::string> RowSplitter::columns() const {
  auto out = insert_.columns;
  if (adds_column()) out.push_back(numbers_->column);
  return out;
}

Answer<void> RowSplitter::take_numbers() {
  const ColumnInfo* column = table_.auto_increment();
  if (column == nullptr || table_.kind == TableKind::single) return {};
  Numbers numbers{position(insert_.columns, column->name), column->name, 0};
  std::uint64_t wanted = numbers.at < 0 ? insert_.rows.size() : 0, largest = 0;
  for (std::size_t i = 0; i < insert_.rows.size() && numbers.at >= 0; ++i) {
    const Span value = insert_.rows[i][static_cast<std::size_t>(numbers.at)];
    if (wants_number(sql_, value)) {
      ++wanted;
    } else if (const auto given = literal(sql_, value.first, value.second); given && !given->null) {
      std::uint64_t number = 0;
      std::from_chars(given->text.data(), given->text.data() + given->text.size(), number);
      largest = std::max(largest, number);
    }
  }
  if (largest > 0) TRY(work_.shared.sequences->raise(table_.name, largest));
  if (wanted == 0) return {};
  TRY_VALUE(numbers.next, work_.shared.sequences->take(table_.name, wanted));
  numbers_ = std::move(numbers);
  return {};
}

Answer<void> RowSplitter::split() {
  std::uint64_t number = first_number();
  std::string row_text, computed;
  for (const auto& row : insert_.rows) {
    row_text = "(";
    std::optional<KeyValue> db_value, tb_value;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) row_text += ", ";
      const int at = static_cast<int>(i);
      computed.clear();
      if (numbers_ && numbers_->at == at && wants_number(sql_, row[i])) {
        computed = std::to_string(number++);
        if (at == db_at_) db_value = KeyValue{false, computed};
        if (at == tb_at_) tb_value = KeyValue{false, computed};
      } else if (at == db_at_ || at == tb_at_) {
        TRY_VALUE(KeyValue value, key_value(work_, sql_, row[i], computed));
        if (at == tb_at_) tb_value = value;
        if (at == db_at_) db_value = std::move(value);
      }
      row_text += computed.empty() ? sql_.text(row[i].first, row[i].second) : std::string_view(computed);
    }
    if (adds_column()) {
      const std::string text = std::to_string(number++);
      row_text += (row.empty() ? "" : ", ") + text;
      if (same_name(numbers_->column, table_.db_key)) db_value = KeyValue{false, text};
      if (same_name(numbers_->column, table_.tb_key)) tb_value = KeyValue{false, text};
    }
    row_text += ')';
    // A key that is not listed takes its column's default, which the front does not know: NULL.
    if (!table_.db_key.empty() && !db_value) db_value = KeyValue{true, {}};
    if (!table_.tb_key.empty() && !tb_value) tb_value = KeyValue{true, {}};
    const auto places = route(table_, work_.shard_count(), db_value, tb_value);
    if (!places)
      return sql_fail(1292, "22007", fmt::format("Incorrect datetime value for shard key '{}'", table_.tb_key));
    for (const auto& place : *places) {
      std::string& rows = rows_[place];
      if (!rows.empty()) rows += ", ";
      rows += row_text;
    }
  }
  return {};
}

}  // namespace

Answer<Outcome> run_insert(Work& work, const Sql& sql) {
  TRY_VALUE(const Insert insert, read_insert(work, sql));
  const TablePtr table = work.catalogue().find(insert.target.name);
  if (!table) return unknown_table(work.catalogue().database() + "." + insert.target.name);
  RowSplitter splitter(work, sql, *table, insert);
  TRY(splitter.take_numbers());
  TRY(splitter.split());

  Outcome outcome;
  outcome.insert_id = splitter.first_number();
  const bool own_numbers = table->kind == TableKind::single && table->auto_increment() != nullptr;
  // Rows that may replace others are indexed by looking at what is there afterwards.
  const bool may_replace =
      insert.replace || !insert.update.empty() || insert.verb.find_first_of("gG") != std::string::npos;
  IndexKeeper keeper(work, *table);
  const std::vector<std::string> columns = splitter.columns();
  const bool named = insert.listed || splitter.adds_column() || table->implicit_id;
  const std::string names = named ? column_list(columns) : "";
  if (may_replace) TRY(keeper.before_replace(columns, splitter.rows()));
  const auto one_time = work.backend.hold_time(table->kind == TableKind::broadcast);
  for (const auto& [place, rows] : splitter.rows()) {
    const std::string statement =
        fmt::format("{} {}{} VALUES {}{}", insert.verb, mysql::quote_name(place.name), names, rows, insert.update);
    TRY_VALUE(const std::uint64_t affected,
              work.backend.write(place.shard, statement, own_numbers ? &outcome.insert_id : nullptr));
    if (table->kind == TableKind::broadcast)
      outcome.affected = affected;
    else
      outcome.affected += affected;
  }
  if (may_replace)
    TRY(keeper.after());
  else
    TRY(keeper.inserted(columns, splitter.rows()));
  if (outcome.insert_id != 0) work.last_insert_id = outcome.insert_id;
  return outcome;
}

}  // namespace tributary::lab
