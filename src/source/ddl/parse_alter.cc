// ALTER TABLE: its clauses in the order written.
#include <fmt/format.h>

#include "source/ddl/parser.h"

namespace tributary::source::ddl {

namespace {

struct Place {
  bool is_first = false;
  std::string after;
};

Place parse_place(TokenCursor& at) {
  Place place;
  if (at.accept("first"))
    place.is_first = true;
  else if (at.accept("after"))
    place.after = at.identifier("a column's name");
  return place;
}

bool accept_if_not_exists(TokenCursor& at) {
  if (!at.is("if") || !at.is("not", 1)) return false;
  at.next();
  at.next();
  return at.expect("exists");
}

void skip_names(TokenCursor& at) {  // of partitions
  at.accept_any({"local", "no_write_to_binlog"});
  do {
    at.identifier("a partition");
  } while (at.accept_symbol(','));
}

class AlterParser {
 public:
  AlterParser(TokenCursor& at, const ParseRules& rules) : at_(at), rules_(rules) {}

  AlterTable run() {
    alter_.if_exists = at_.accept("if", "exists");
    alter_.table = parse_mapped_table(at_);
    skip_wait(at_);
    while (at_.ok() && !at_.at_end()) {
      if (at_.accept_symbol(',')) continue;
      clause();
    }
    return std::move(alter_);
  }

 private:
  template <typename Clause>
  void add(Clause clause) {
    alter_.clauses.emplace_back(std::move(clause));
  }

  void clause() {
    if (at_.accept("add")) return add_clause();
    if (at_.accept("drop")) return drop_clause();
    if (at_.is("change") || at_.is("modify")) return change_clause();
    if (at_.accept("alter")) return alter_clause();
    if (at_.accept("rename")) return rename_clause();
    if (at_.accept("convert")) return convert_clause();
    if (at_.accept("order", "by")) return order_clause();
    if (partition_clause()) return;
    if (at_.accept_any({"force", "secondary_load", "secondary_unload"})) return add(OtherClause{});
    if (at_.accept_any({"algorithm", "lock"})) {
      at_.accept_symbol('=');
      const bool copies = at_.is("copy");
      at_.identifier("a value");
      return add(OtherClause{.is_manner = !copies});
    }
    if (at_.accept("enable", "keys") || at_.accept("disable", "keys") || at_.accept("with", "validation") ||
        at_.accept("without", "validation"))
      return add(OtherClause{});
    if (at_.accept("discard", "tablespace") || at_.accept("import", "tablespace")) return add(OtherClause{true});
    if (at_.accept("upgrade", "partitioning")) return add(OtherClause{});
    TableOptions options;
    if (parse_table_option(at_, rules_, options)) {
      if (options.charset.is_said())
        add(DefaultCharset{std::move(options.charset)});
      else
        add(OtherClause{});
      return;
    }
    at_.fail("a clause of ALTER TABLE is expected");
  }

  void add_clause() {
    if (at_.accept("partition")) {
      accept_if_not_exists(at_);
      at_.accept_any({"local", "no_write_to_binlog"});
      if (at_.accept("partitions"))
        at_.number("a number");
      else
        at_.skip_parentheses();
      return add(Partitioning{});
    }
    if (at_.accept("system", "versioning")) return add(Versioning{true});
    if (is_key_clause(at_)) {
      KeyClause key;
      if (parse_key(at_, key))
        add(AddKey{std::move(key)});
      else
        add(OtherClause{});
      return;
    }
    at_.accept("column");
    const bool if_not_exists = accept_if_not_exists(at_);
    if (at_.accept_symbol('(')) {
      do {
        if (is_key_clause(at_)) {
          KeyClause key;
          if (parse_key(at_, key)) add(AddKey{std::move(key)});
        } else {
          AddColumn added{parse_column(at_, rules_), false, {}};
          added.column.if_not_exists = if_not_exists;
          add(std::move(added));
        }
      } while (at_.accept_symbol(','));
      at_.expect_symbol(')');
      return;
    }
    AddColumn added{parse_column(at_, rules_), false, {}};
    added.column.if_not_exists = if_not_exists;
    Place place = parse_place(at_);
    added.is_first = place.is_first;
    added.after = std::move(place.after);
    add(std::move(added));
  }

  void drop_clause() {
    const std::uint32_t offset = at_.peek().offset;
    if (at_.accept("primary")) {
      at_.expect("key");
      return add(DropKey{DropKey::Kind::primary, "PRIMARY", false, offset});
    }
    if (at_.accept("foreign")) {
      at_.expect("key");
      at_.accept("if", "exists");
      at_.identifier("a foreign key's name");
      if (at_.accept_symbol('.')) at_.identifier("a foreign key's name");  // MariaDB takes `t`.`fk`
      return add(OtherClause{});
    }
    if (at_.accept_any({"index", "key"})) {
      DropKey drop{DropKey::Kind::index, {}, at_.accept("if", "exists"), at_.peek().offset};
      drop.name = at_.identifier("an index's name");
      if (same_word(drop.name, "primary")) drop.kind = DropKey::Kind::primary;
      return add(std::move(drop));
    }
    if (at_.is("constraint") || at_.is("check")) {
      const bool is_check = at_.is("check");
      at_.next();
      DropKey drop{DropKey::Kind::constraint, {}, at_.accept("if", "exists"), at_.peek().offset};
      drop.name = at_.identifier("a constraint's name");
      if (is_check) return add(OtherClause{});
      return add(std::move(drop));
    }
    if (at_.accept("partition")) {
      at_.accept("if", "exists");
      skip_names(at_);
      return add(Partitioning{true, true, {}, {}, false, false});
    }
    if (at_.accept("system", "versioning")) return add(Versioning{false});
    if (at_.accept("period")) {
      at_.accept("if", "exists");
      at_.expect("for");
      at_.identifier("a period");
      return add(OtherClause{});
    }
    at_.accept("column");
    DropColumn drop;
    drop.if_exists = at_.accept("if", "exists");
    drop.offset = at_.peek().offset;
    drop.name = at_.identifier("a column's name");
    while (at_.accept_symbol('.')) drop.name = at_.identifier("a column's name");
    at_.accept_any({"restrict", "cascade"});
    add(std::move(drop));
  }

  void change_clause() {
    const bool is_change = at_.is("change");
    at_.next();
    at_.accept("column");
    ChangeColumn change;
    change.if_exists = at_.accept("if", "exists");
    change.offset = at_.peek().offset;
    if (is_change) {
      change.name = at_.identifier("a column's name");
      while (at_.accept_symbol('.')) change.name = at_.identifier("a column's name");
    }
    change.column = parse_column(at_, rules_);
    if (!is_change) change.name = change.column.name;
    Place place = parse_place(at_);
    change.is_first = place.is_first;
    change.after = std::move(place.after);
    add(std::move(change));
  }

  void alter_clause() {
    if (at_.is("index") || at_.is("key")) {
      at_.next();
      at_.accept("if", "exists");
      at_.identifier("an index's name");
      if (at_.accept("not"))
        at_.expect("ignored");
      else if (!at_.accept_any({"visible", "invisible", "ignored"}))
        at_.fail("VISIBLE, INVISIBLE or IGNORED is expected");
      return add(OtherClause{});
    }
    if (at_.is("check") || at_.is("constraint")) {
      at_.next();
      at_.identifier("a constraint's name");
      if (at_.is("not") && at_.is("enforced", 1)) at_.next();
      at_.expect("enforced");
      return add(OtherClause{});
    }
    at_.accept("column");
    AlterDefault altered;
    altered.if_exists = at_.accept("if", "exists");
    altered.offset = at_.peek().offset;
    altered.name = at_.identifier("a column's name");
    if (at_.accept("drop")) {
      at_.expect("default");
    } else {
      at_.expect("set");
      if (at_.accept("default"))
        skip_value();
      else if (!at_.accept_any({"visible", "invisible"}))
        at_.fail("DEFAULT, VISIBLE or INVISIBLE is expected");
    }
    add(std::move(altered));
  }

  // To the next comma or the end.
  void skip_value() {
    while (at_.ok() && !at_.at_end() && !at_.is_symbol(',')) {
      if (at_.peek().kind == Token::Kind::broken) {
        at_.fail("a value");
        return;
      }
      if (at_.is_symbol('('))
        at_.skip_parentheses();
      else
        at_.next();
    }
  }

  void rename_clause() {
    const std::uint32_t offset = at_.peek().offset;
    if (at_.is("column") && at_.is_identifier(1)) {
      at_.next();
      RenameColumn rename;
      rename.if_exists = at_.accept("if", "exists");
      rename.offset = offset;
      rename.name = at_.identifier("a column's name");
      at_.expect("to");
      rename.new_name = at_.identifier("a column's name");
      return add(std::move(rename));
    }
    if ((at_.is("index") || at_.is("key")) && at_.is_identifier(1)) {
      at_.next();
      RenameKey rename;
      rename.if_exists = at_.accept("if", "exists");
      rename.offset = offset;
      rename.name = at_.identifier("an index's name");
      at_.expect("to");
      rename.new_name = at_.identifier("an index's name");
      return add(std::move(rename));
    }
    if (!at_.accept_any({"to", "as"})) at_.accept_symbol('=');
    add(RenameTo{parse_mapped_table(at_)});
  }

  void convert_clause() {
    if (at_.accept("partition")) {  // MariaDB
      at_.identifier("a partition");
      at_.expect("to");
      at_.expect("table");
      Partitioning partitioning{true, true, {}, {}, true, false};
      partitioning.converted = parse_mapped_table(at_);
      return add(std::move(partitioning));
    }
    if (at_.accept("table")) {
      Partitioning partitioning{true, true, {}, {}, false, false};
      partitioning.converted = parse_mapped_table(at_);
      at_.expect("to");
      at_.expect("partition");
      skip_value();
      return add(std::move(partitioning));
    }
    at_.expect("to");
    ConvertCharset convert;
    if (!parse_charset_option(at_, convert.charset)) at_.fail("a character set is expected");
    if (at_.is("collate")) parse_charset_option(at_, convert.charset);
    add(std::move(convert));
  }

  // Its columns may be followed by the clauses of others.
  void order_clause() {
    do {
      at_.identifier("a column's name");
      while (at_.accept_symbol('.')) at_.identifier("a column's name");
      at_.accept_any({"asc", "desc"});
      if (!at_.is_symbol(',')) break;
      bool is_clause = false;
      for (const std::string_view word :
           {"add", "alter", "change", "convert", "drop", "force", "lock", "modify", "order", "rename", "algorithm"})
        is_clause = is_clause || at_.is(word, 1);
      if (is_clause) break;
    } while (at_.accept_symbol(','));
    add(OtherClause{});
  }

  bool partition_clause() {
    if (at_.accept("partition", "by")) {
      while (at_.ok() && !at_.at_end()) {
        if (at_.is_symbol('('))
          at_.skip_parentheses();
        else if (at_.peek().kind == Token::Kind::broken)
          at_.fail("a partition clause");
        else
          at_.next();
      }
      return add(Partitioning{true, false, {}, {}, false, true}), true;
    }
    if (at_.accept("remove", "partitioning")) return add(Partitioning{false, false, {}, {}, false, true}), true;
    if (at_.is("exchange") && at_.is("partition", 1)) {
      at_.next();
      at_.next();
      at_.identifier("a partition");
      at_.expect("with");
      at_.expect("table");
      Partitioning partitioning{true, true, {}, {}, false, false};
      partitioning.exchanged = parse_mapped_table(at_);
      return add(std::move(partitioning)), true;
    }
    if (at_.is("reorganize") && at_.is("partition", 1)) {
      at_.next();
      at_.next();
      if (at_.is_identifier() && !at_.is("into")) skip_names(at_);
      if (at_.accept("into")) at_.skip_parentheses();
      return add(Partitioning{}), true;
    }
    if (at_.is("coalesce") && at_.is("partition", 1)) {
      at_.next();
      at_.next();
      at_.accept_any({"local", "no_write_to_binlog"});
      at_.number("a number");
      return add(Partitioning{}), true;
    }
    for (const std::string_view verb :
         {"truncate", "analyze", "check", "optimize", "rebuild", "repair", "discard", "import"}) {
      if (!at_.is(verb) || !at_.is("partition", 1)) continue;
      at_.next();
      at_.next();
      skip_names(at_);
      at_.accept("tablespace");
      while (at_.accept_any({"quick", "fast", "medium", "extended", "changed", "use_frm", "for", "upgrade"})) {
      }
      const bool empties = verb == "truncate" || verb == "discard" || verb == "import";
      return add(Partitioning{true, empties, {}, {}, false, false}), true;
    }
    return false;
  }

  TokenCursor& at_;
  const ParseRules& rules_;
  AlterTable alter_;
};

}  // namespace

AlterTable parse_alter_table(TokenCursor& at, const ParseRules& rules) { return AlterParser(at, rules).run(); }

}  // namespace tributary::source::ddl
