#include "source/ddl/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "source/ddl/charsets.h"
#include "source/ddl/table_change.h"
#include "source/ddl/token_cursor.h"

namespace tributary::source::ddl {

namespace {

using Kind = TableEffect::Kind;

std::unexpected<Refusal> refuse(std::uint32_t offset, std::string reason) {
  return std::unexpected(Refusal{offset, std::move(reason)});
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

class Applier {
 public:
  Applier(const Session& session, Draft& draft, Effect& effect) : session_(session), draft_(draft), effect_(effect) {}

  Placed<void> operator()(const NotDdl&) { return {}; }
  Placed<void> operator()(const OtherDdl&) { return {}; }

  Placed<void> operator()(const CreateTable& create) {
    const TableName name = stored_name(create.table);
    if (create.is_temporary) {
      draft_.set_temporary(session_.context.session, name, true);
      return {};
    }
    const TrackedTablePtr before = draft_.find(name);
    if (before && create.if_not_exists) {
      say(Kind::unchanged, name, before, before);
      return {};
    }
    if (before && !create.or_replace)
      return refuse(create.table.begin, fmt::format("table {} exists already", text(name)));
    const Catalogue::Database* const database = draft_.find_database(name.database);
    if (!database) {
      say(Kind::created, name, nullptr, nullptr);
      return {};
    }
    TrackedTablePtr after;
    if (create.like) {
      const TrackedTablePtr model = draft_.find(stored_name(*create.like));
      if (!model) return refuse(create.like->begin, fmt::format("table {} is not known", create.like->table));
      TrackedTable copy = *model;
      for (TrackedIndex& index : copy.indexes) index.is_generated = false;
      after = named(std::move(copy), name);
    } else if (create.has_select) {
      return refuse(create.select_offset, "the columns of a query are not known here");
    } else {
      auto created = create_table(session_, create, database->collation, name);
      if (!created) return std::unexpected(created.error());
      after = std::make_shared<const TrackedTable>(std::move(*created));
    }
    if (before) say(Kind::dropped, name, before, nullptr);
    say(Kind::created, name, nullptr, after);
    draft_.put(name, after);
    return {};
  }

  Placed<void> operator()(const AlterTable& alter) {
    const TableName name = stored_name(alter.table);
    if (is_temporary(name)) return rename_temporary(alter, name);
    const TrackedTablePtr before = draft_.find(name);
    const Catalogue::Database* const database = draft_.find_database(name.database);
    TableName new_name = name;
    bool empties = false;
    for (const AlterClause& clause : alter.clauses) {
      if (const auto* rename = std::get_if<RenameTo>(&clause)) new_name = stored_name(rename->to);
      if (const auto* other = std::get_if<OtherClause>(&clause)) empties = empties || other->empties;
      const auto* const partitioning = std::get_if<Partitioning>(&clause);
      if (!partitioning) continue;
      if (partitioning->converted)
        return refuse(partitioning->converted->begin, "a partition made a table, or a table a partition");
      empties = empties || partitioning->empties;
      if (!partitioning->exchanged) continue;
      const TableName other = stored_name(*partitioning->exchanged);
      const TrackedTablePtr table = draft_.find(other);
      say(Kind::emptied, other, table, table);
    }
    TrackedTablePtr after;
    if (before) {
      const std::string own = database ? database->collation : before->collation;
      auto altered = alter_table(session_, alter, *before, own, default_collation_of_session(own));
      if (!altered) return std::unexpected(altered.error());
      after = std::make_shared<const TrackedTable>(std::move(*altered));
    } else if (alter.if_exists) {
      return {};
    }
    const bool renames = draft_key(new_name) != draft_key(name) || new_name != name;
    // Measured on MariaDB 10.11: where the name of the table's file is written in another way than the table's, the
    // table as it was before stays there beside the new one.
    const bool is_plain_name = std::all_of(name.table.begin(), name.table.end(), [](unsigned char c) {
      return c < 0x80 && (std::isalnum(c) != 0 || c == '_');
    });
    if (renames && session_.is_mariadb() && alter.clauses.size() > 1 && !is_plain_name)
      return refuse(alter.table.begin, fmt::format("whether {} stays beside its new self", text(name)));
    if (renames) return rename(name, new_name, before, after, alter.table.begin);
    if (!before) {
      say(Kind::altered, name, nullptr, nullptr);
      return {};
    }
    if (same_layout(*before, *after)) {
      say(empties ? Kind::emptied : Kind::unchanged, name, before, after);
      if (!empties) effect_.tables.back().after = after;
    } else {
      say(Kind::altered, name, before, after);
      if (empties) say(Kind::emptied, name, after, after);
    }
    draft_.put(name, after);
    return {};
  }

  Placed<void> operator()(const RenameTables& statement) {
    for (const RenameTables::Pair& pair : statement.pairs) {
      const TableName from = stored_name(pair.from), to = stored_name(pair.to);
      if (is_temporary(from)) {
        draft_.set_temporary(session_.context.session, from, false);
        draft_.set_temporary(session_.context.session, to, true);
        continue;
      }
      const TrackedTablePtr table = draft_.find(from);
      if (!table && pair.if_exists) continue;
      if (auto done = rename(from, to, table, table, pair.from.begin); !done) return done;
    }
    return {};
  }

  Placed<void> operator()(const DropTables& drop) {
    for (const TableReference& reference : drop.tables) {
      const TableName name = stored_name(reference);
      if (drop.is_temporary || is_temporary(name)) {
        draft_.set_temporary(session_.context.session, name, false);
        continue;
      }
      const TrackedTablePtr before = draft_.find(name);
      if (!before && drop.if_exists) continue;
      say(Kind::dropped, name, before, nullptr);
      if (before) draft_.remove(name);
    }
    return {};
  }

  Placed<void> operator()(const TruncateTable& truncate) {
    const TableName name = stored_name(truncate.table);
    if (is_temporary(name)) return {};
    const TrackedTablePtr table = draft_.find(name);
    say(Kind::emptied, name, table, table);
    return {};
  }

  Placed<void> operator()(const CreateDatabase& create) {
    const bool exists = draft_.find_database(create.name) != nullptr;
    if (exists && create.if_not_exists) return {};
    if (exists && !create.or_replace) return refuse(0, fmt::format("database {} exists already", create.name));
    if (exists) drop_tables(create.name);
    auto collation = resolve_collation(session_, create.charset, collation_above(create.charset));
    if (!collation) return std::unexpected(collation.error());
    draft_.put_database({stored_database(create.name), std::move(*collation)});
    return {};
  }

  Placed<void> operator()(const AlterDatabase& alter) {
    const std::string name = alter.name.empty() ? session_.context.database : alter.name;
    const Catalogue::Database* const before = draft_.find_database(name);
    if (!before || !alter.charset.is_said()) return {};
    auto collation = resolve_collation(session_, alter.charset, collation_above(alter.charset));
    if (!collation) return std::unexpected(collation.error());
    draft_.put_database({before->name, std::move(*collation)});
    return {};
  }

  Placed<void> operator()(const DropDatabase& drop) {
    drop_tables(drop.name);
    if (draft_.find_database(drop.name)) draft_.remove_database(drop.name);
    return {};
  }

 private:
  static std::string text(const TableName& name) { return name.database + "." + name.table; }

  std::string stored_database(const std::string& name) const {
    return session_.traits.lower_case_table_names == 1 ? lower(name) : name;
  }
  // As the server keeps it.
  TableName stored_name(const TableReference& reference) const {
    TableName name{reference.database.empty() ? session_.context.database : reference.database, reference.table};
    if (session_.traits.lower_case_table_names == 1) name = {lower(name.database), lower(name.table)};
    return name;
  }
  TableName draft_key(const TableName& name) const {
    return session_.traits.lower_case_table_names == 0 ? name : TableName{lower(name.database), lower(name.table)};
  }
  bool is_temporary(const TableName& name) const { return draft_.is_temporary(session_.context.session, name); }

  void say(Kind kind, const TableName& name, TrackedTablePtr before, TrackedTablePtr after) {
    effect_.tables.push_back({kind, name, name, std::move(before), std::move(after)});
  }

  static TrackedTablePtr named(TrackedTable table, const TableName& name) {
    table.schema.database = name.database;
    table.schema.table = name.table;
    finish_table(table);
    return std::make_shared<const TrackedTable>(std::move(table));
  }

  Placed<void> rename(const TableName& from, const TableName& to, const TrackedTablePtr& before,
                      const TrackedTablePtr& after, std::uint32_t offset) {
    if (draft_key(from) != draft_key(to) && draft_.find(to))
      return refuse(offset, fmt::format("table {} exists already", text(to)));
    TrackedTablePtr renamed = after ? named(*after, to) : nullptr;
    effect_.tables.push_back({Kind::renamed, from, to, before, renamed});
    if (!before) return {};
    draft_.remove(from);
    // Where it goes to a database that is not tracked, it is out of sight.
    if (draft_.find_database(to.database)) draft_.put(to, std::move(renamed));
    return {};
  }

  Placed<void> rename_temporary(const AlterTable& alter, const TableName& name) {
    for (const AlterClause& clause : alter.clauses) {
      const auto* const to = std::get_if<RenameTo>(&clause);
      if (!to) continue;
      draft_.set_temporary(session_.context.session, name, false);
      draft_.set_temporary(session_.context.session, stored_name(to->to), true);
    }
    return {};
  }

  void drop_tables(const std::string& database) {
    for (const TrackedTablePtr& table : draft_.tables_of(database)) {
      const TableName name{table->schema.database, table->schema.table};
      say(Kind::dropped, name, table, nullptr);
      draft_.remove(name);
    }
  }

  // What a database inherits. MariaDB takes a collation that can stand with any set for one of the server's own set.
  std::string collation_above(const CharsetClause& said) const {
    const bool is_of_server = session_.context.server_collation.empty() || said.collation.starts_with("uca1400_");
    return long_name(is_of_server ? session_.traits.default_collation : session_.context.server_collation);
  }

  // What CONVERT TO CHARACTER SET DEFAULT means. On MariaDB it is the default of the set of the table's database; on
  // MySQL that of the session's database, and without one what it was when there was one last: empty then.
  std::string default_collation_of_session(const std::string& own) const {
    const Charset* const charset = charset_of_collation(own);
    if (session_.is_mariadb() && charset) return default_collation(session_.traits, session_.context, charset->name);
    const Catalogue::Database* const database = draft_.find_database(session_.context.database);
    return database ? database->collation : std::string();
  }

  const Session& session_;
  Draft& draft_;
  Effect& effect_;
};

}  // namespace

Placed<void> apply_statement(const Session& session, const Statement& statement, Draft& draft, Effect& effect) {
  return std::visit(Applier(session, draft, effect), statement);
}

}  // namespace tributary::source::ddl
