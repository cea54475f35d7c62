// DDL text. The first byte chooses the server, the second the session's sql_mode and how much of the text is put
// together from words here; the rest are statements, one behind the other, with ";\n" between them. For each of them:
// looking changes nothing and foretells what applying does; what is not understood changes nothing and says why; the
// effects told account for exactly what changed; and the statement told with its own table names has the same effect.
#include <map>
#include <optional>

#include "input.h"
#include "source/ddl/tracker.h"

namespace {

using namespace tributary;
using fuzz::Input;
using fuzz::require;
using source::Effect;
using source::SchemaTracker;
using source::TableEffect;
using source::TableName;
using source::TrackedTablePtr;
using Tables = std::map<TableName, TrackedTablePtr>;

std::string name_of(const TableName& name) { return name.database + "." + name.table; }

// All that matters of a table, as text.
std::string shape(const TrackedTablePtr& table, bool layout_only = false) {
  if (!table) return "none";
  std::string text;
  if (!layout_only) text = table->collation + (table->is_partitioned ? " partitioned" : "");
  for (const model::Column& c : table->schema.columns) {
    text += "\n " + c.name + " " + std::string(model::to_string(c.type)) + " " + c.declared_type + " " + c.charset +
            " " + c.collation + (c.is_nullable ? "" : " not null") + (c.is_unsigned ? " unsigned" : "") +
            (c.is_generated ? " generated" : "") + " " + std::to_string(c.length) + "," + std::to_string(c.precision) +
            "," + std::to_string(c.scale) + "," + std::to_string(c.fraction_digits);
    for (const std::string& label : c.labels) text += " '" + label + "'";
  }
  for (const model::Key& key : table->schema.keys) {
    text += "\n " + key.name;
    for (const auto column : key.columns) text += " " + std::to_string(column);
  }
  return text;
}

void check_table(const TableName& name, const TrackedTablePtr& table) {
  require(table != nullptr, "a tracked table is one", name_of(name));
  const std::size_t count = table->schema.columns.size();
  for (const model::Column& column : table->schema.columns) require(!column.name.empty(), "a column has a name");
  for (const model::Key& key : table->schema.keys)
    for (const auto column : key.columns) require(column < count, "a key's column is one of the table", shape(table));
  for (const auto column : table->schema.identity) require(column < count, "so is an identity's");
  require(table->schema.database == name.database && table->schema.table == name.table, "a table knows its name",
          table->schema.database + "." + table->schema.table + " / " + name_of(name));
}

void check_same(const Tables& left, const Tables& right, const char* claim, std::string_view sql,
                bool layout_only = false) {
  const auto tell = [&](const TableName& name, const TrackedTablePtr& a, const TrackedTablePtr& b) {
    return std::string(sql) + "\n" + name_of(name) + "\n" + shape(a) + "\nand\n" + shape(b);
  };
  for (const auto& [name, table] : left) {
    const auto found = right.find(name);
    const TrackedTablePtr other = found == right.end() ? nullptr : found->second;
    if (table != other && shape(table, layout_only) != shape(other, layout_only))
      require(false, claim, tell(name, table, other));
  }
  for (const auto& [name, table] : right)
    if (!left.contains(name)) require(false, claim, tell(name, nullptr, table));
}

// What the effects say became of the tables.
void account(Tables& tables, const Effect& effect) {
  using enum TableEffect::Kind;
  for (const TableEffect& one : effect.tables) {
    switch (one.kind) {
      case created:
      case altered:
      case unchanged:
      case emptied:
        if (one.after) tables[one.new_name.table.empty() ? one.name : one.new_name] = one.after;
        break;
      case renamed:
        tables.erase(one.name);
        if (one.after) tables[one.new_name] = one.after;
        break;
      case dropped:
        tables.erase(one.name);
        break;
    }
  }
}

class Session {
 public:
  Session(source::ServerTraits traits, std::uint64_t sql_mode) : tracker_(traits) {
    tracker_.put_database("d", traits.default_collation);
    context_.database = "d";
    context_.sql_mode = sql_mode;
    context_.session = 7;
    context_.explicit_defaults_for_timestamp = traits.explicit_defaults_for_timestamp;
    for (const char* sql :
         {"CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), b DECIMAL(10,2) NOT NULL, e ENUM('x','y'), KEY k (a))",
          "CREATE TABLE u (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, j TEXT, ts TIMESTAMP NULL, UNIQUE KEY (id)) "
          "PARTITION BY HASH (id) PARTITIONS 4"})
      require(tracker_.apply(context_, sql).outcome == Effect::Outcome::applied, "the first tables are understood",
              sql);
  }

  void run(std::string_view sql) {
    using enum Effect::Outcome;
    const Tables before = tracker_.tables();
    const auto databases = tracker_.databases();
    const SchemaTracker earlier = tracker_;
    const Effect seen = tracker_.look(context_, sql);
    check_same(before, tracker_.tables(), "looking changes nothing", sql);
    const Effect effect = tracker_.apply(context_, sql);
    require(seen.outcome == effect.outcome && seen.tables.size() == effect.tables.size(), "looking foretells", sql);
    const Tables after = tracker_.tables();
    check_same(before, earlier.tables(), "a copy stays as it was", sql);
    for (const auto& [name, table] : after)
      if (const auto had = before.find(name); had == before.end() || had->second != table) check_table(name, table);
    if (effect.outcome == not_understood) {
      check_same(before, after, "what is not understood changes nothing", sql);
      require(databases == tracker_.databases(), "nor the databases", sql);
      require(!effect.reason.empty(), "and says why", sql);
      return;
    }
    require(effect.reason.empty(), "what is understood needs no reason", effect.reason);
    if (effect.outcome == no_layout_change) check_same(before, after, "no layout changes", sql, true);
    Tables told = before;
    account(told, effect);
    check_same(told, after, "the effects told are what happened", sql);
    check_renamed(earlier, sql, effect, before, after);
  }

 private:
  // The statement with its own names put in place of themselves, and with others that are put back.
  void check_renamed(const SchemaTracker& earlier, std::string_view sql, const Effect& effect, const Tables& before,
                     const Tables& after) {
    std::map<TableName, std::string> names;
    for (const auto* tables : {&before, &after})
      for (const auto& [name, table] : *tables)
        if (name.database == "d") names[name] = name.table;
    const auto same = source::rename_tables(tracker_.traits(), context_, sql, names);
    if (!same) return;
    SchemaTracker other = earlier;
    const Effect again = other.apply(context_, *same);
    require(again.outcome == effect.outcome, "told again it is understood the same way",
            std::string(sql) + "\n" + *same + "\n" + again.reason);
    check_same(after, other.tables(), "told again it does the same", std::string(sql) + "\n" + *same);
  }

  SchemaTracker tracker_;
  source::StatementContext context_;
};

// Parts of statements that fit together often enough to be understood.
std::string composed(Input& in) {
  static constexpr const char* tables[] = {"t", "u", "`n`", "d.t", "v", "`a``b`", "T", "d . u"};
  static constexpr const char* types[] = {"INT",
                                          "BIGINT UNSIGNED",
                                          "VARCHAR(20)",
                                          "DECIMAL(10,2)",
                                          "DATETIME(3)",
                                          "ENUM('a','b''c')",
                                          "TEXT CHARACTER SET latin1",
                                          "CHAR(4) COLLATE utf8mb4_bin",
                                          "JSON",
                                          "BIT(7)",
                                          "SERIAL",
                                          "TIMESTAMP",
                                          "FLOAT(7,3)",
                                          "SET('x','y')",
                                          "BLOB",
                                          "BOOL",
                                          "NATIONAL VARCHAR(3)",
                                          "YEAR",
                                          "POINT",
                                          "LONG VARCHAR"};
  static constexpr const char* columns[] = {"id", "a", "b", "e", "x", "`y`", "ts", "j", "`q w`"};
  static constexpr const char* attributes[] = {"",
                                               " NOT NULL",
                                               " NULL",
                                               " DEFAULT 1",
                                               " PRIMARY KEY",
                                               " UNIQUE",
                                               " AUTO_INCREMENT",
                                               " COMMENT 'it''s'",
                                               " GENERATED ALWAYS AS (1 + 1) STORED",
                                               " DEFAULT CURRENT_TIMESTAMP",
                                               " /* c */",
                                               " CHECK (1)"};
  const auto any = [&](const auto& list) { return std::string(list[in.below(std::size(list))]); };
  const auto column = [&] { return any(columns) + " " + any(types) + any(attributes) + any(attributes); };
  const auto place = [&]() -> std::string {
    switch (in.below(4)) {
      case 0:
        return " FIRST";
      case 1:
        return " AFTER " + any(columns);
      default:
        return "";
    }
  };
  const auto list = [&](auto item, const char* separator = ", ") {
    std::string text = item();
    for (std::uint64_t n = in.below(4); n > 0; --n) text += separator + item();
    return text;
  };
  const auto names = [&] { return list([&] { return any(columns); }); };
  const auto index = [&]() -> std::string {
    switch (in.below(5)) {
      case 0:
        return "PRIMARY KEY (" + names() + ")";
      case 1:
        return "UNIQUE KEY " + any(columns) + " (" + names() + ")";
      case 2:
        return "KEY (" + names() + ")";
      case 3:
        return "UNIQUE (" + any(columns) + "(3))";
      default:
        return "CONSTRAINT c FOREIGN KEY (" + any(columns) + ") REFERENCES " + any(tables) + " (id)";
    }
  };
  const auto clause = [&]() -> std::string {
    switch (in.below(14)) {
      case 0:
      case 1:
        return "ADD COLUMN " + column() + place();
      case 2:
        return "DROP COLUMN " + any(columns);
      case 3:
        return "MODIFY " + column() + place();
      case 4:
        return "CHANGE " + any(columns) + " " + column() + place();
      case 5:
        return "RENAME COLUMN " + any(columns) + " TO " + any(columns);
      case 6:
        return "ADD " + index();
      case 7:
        return "DROP PRIMARY KEY";
      case 8:
        return "RENAME TO " + any(tables);
      case 9:
        return "CONVERT TO CHARACTER SET utf8mb4";
      case 10:
        return "ADD (" + list(column) + ")";
      case 11:
        return "DROP INDEX " + any(columns);
      case 12:
        return "ENGINE = InnoDB";
      default:
        return "ALTER COLUMN " + any(columns) + " SET DEFAULT 5";
    }
  };
  switch (in.below(10)) {
    case 0:
    case 1:
      return "CREATE TABLE " + std::string(in.flag() ? "IF NOT EXISTS " : "") + any(tables) + " (" +
             list([&] { return in.below(4) == 3 ? index() : column(); }) + ")" +
             (in.flag() ? " DEFAULT CHARSET latin1" : "");
    case 2:
      return "CREATE TABLE " + any(tables) + " LIKE " + any(tables);
    case 3:
      return "DROP TABLE IF EXISTS " + list([&] { return any(tables); });
    case 4:
      return "RENAME TABLE " + list([&] { return any(tables) + " TO " + any(tables); });
    case 5:
      return "TRUNCATE " + any(tables);
    case 6:
      return "CREATE UNIQUE INDEX " + any(columns) + " ON " + any(tables) + " (" + names() + ")";
    default:
      return "ALTER TABLE " + any(tables) + " " + list(clause);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using mysql::Flavour;
  static const source::ServerTraits servers[] = {{Flavour::mysql, 90704, 0, true, "utf8mb4_0900_ai_ci"},
                                                 {Flavour::mysql, 50624, 0, false, "latin1_swedish_ci"},
                                                 {Flavour::mysql, 80036, 1, true, "utf8mb4_0900_ai_ci"},
                                                 {Flavour::mariadb, 101119, 0, true, "utf8mb4_general_ci"},
                                                 {Flavour::mariadb, 101119, 1, true, "latin1_swedish_ci"}};
  Input in(data, size);
  const source::ServerTraits& traits = servers[in.byte() % std::size(servers)];
  const std::uint8_t how = in.byte();
  constexpr std::uint64_t ansi_quotes = 4, no_backslash_escapes = 1u << 20;
  Session session(traits, ((how & 1) != 0 ? ansi_quotes : 0) | ((how & 2) != 0 ? no_backslash_escapes : 0));
  if ((how & 4) != 0) {
    for (int i = 0; i < 12 && !in.empty(); ++i) session.run(composed(in));
    return 0;
  }
  std::string_view text = in.rest();
  for (int i = 0; i < 12 && !text.empty(); ++i) {
    const std::size_t end = std::min(text.find(";\n"), text.size());
    session.run(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 2));
  }
  return 0;
}
