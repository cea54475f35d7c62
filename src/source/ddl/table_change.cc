#include "source/ddl/table_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "source/ddl/charsets.h"
#include "source/ddl/hidden_columns.h"
#include "source/ddl/keys.h"
#include "source/topology/schema_reader.h"

namespace tributary::source::ddl {

using model::Column;

namespace {

std::unexpected<Refusal> refuse(std::uint32_t offset, std::string reason) {
  return std::unexpected(Refusal{offset, std::move(reason)});
}

std::string default_of(const Session& session, const CharsetClause& clause, const std::string& inherited,
                       std::optional<Refusal>& refusal, std::uint32_t offset) {
  auto resolved = resolve_collation(session, clause, inherited);
  if (resolved) return std::move(*resolved);
  refusal = Refusal{offset, std::move(resolved.error().reason)};
  return {};
}

// Keys that stand at the column itself.
void append_inline_keys(const Session& session, const ColumnClause& column, std::vector<KeyClause>& keys) {
  KeyClause key;
  key.offset = column.offset;
  key.parts.push_back({column.name, 0, false});
  if (column.is_primary) {
    key.kind = KeyClause::Kind::primary;
    keys.push_back(key);
  }
  if (column.is_unique && !(column.is_primary && session.is_mariadb())) {
    key.kind = KeyClause::Kind::unique;
    keys.push_back(key);
  }
  // Other versions take REFERENCES at a column and forget it.
  const bool makes_foreign_key =
      session.is_mariadb() ? session.traits.version_number >= 100500 : session.traits.version_number >= 90000;
  if (column.has_references && makes_foreign_key) {
    key.kind = KeyClause::Kind::foreign;
    keys.push_back(key);
  }
}

class Alteration {
 public:
  Alteration(const Session& session, const AlterTable& alter, const TrackedTable& before,
             const std::string& database_collation, const std::string& session_collation)
      : session_(session),
        alter_(alter),
        before_(before),
        database_collation_(database_collation),
        session_collation_(session_collation),
        after_(before) {}

  // In the server's order: columns taken away or changed in place, then what is added or moved in the order written,
  // then the indexes that were, then new ones.
  Placed<TrackedTable> run() {
    if (auto done = read_options(); !done) return std::unexpected(done.error());
    if (auto done = match_columns(); !done) return std::unexpected(done.error());
    if (auto done = place_columns(); !done) return std::unexpected(done.error());
    if (auto done = carry_indexes(); !done) return std::unexpected(done.error());
    if (auto done = add_new_keys(); !done) return std::unexpected(done.error());
    if (auto done = convert(); !done) return std::unexpected(done.error());
    if (session_.is_mariadb()) set_hidden_columns(alter_, before_, after_);
    finish_table(after_);
    return std::move(after_);
  }

 private:
  struct Slot {  // a column of the table before
    bool is_dropped = false;
    const ChangeColumn* change = nullptr;
    std::string new_name;  // RENAME COLUMN
  };

  Placed<void> read_options() {
    for (const AlterClause& clause : alter_.clauses) {
      const CharsetClause* said = nullptr;
      if (const auto* option = std::get_if<DefaultCharset>(&clause)) said = &option->charset;
      if (const auto* converted = std::get_if<ConvertCharset>(&clause)) said = &converted->charset;
      if (const auto* partitioning = std::get_if<Partitioning>(&clause);
          partitioning && partitioning->changes_partitioning)
        after_.is_partitioned = partitioning->is_partitioned;
      if (!said) continue;
      const bool converts = std::holds_alternative<ConvertCharset>(clause);
      std::optional<Refusal> refusal;
      if (converts && said->is_default && session_collation_.empty())
        return refuse(alter_.table.begin, "CONVERT TO CHARACTER SET DEFAULT in a session without a known database");
      std::string collation =
          default_of(session_, *said, converts ? session_collation_ : database_collation_, refusal, alter_.table.begin);
      if (refusal) return std::unexpected(*refusal);
      if (converts) conversion_ = collation;
      is_converted_ = is_converted_ || converts;
      // On MariaDB the default that is said is the table's, wherever it stands beside CONVERT TO.
      const bool is_said_else = converts && session_.is_mariadb() &&
                                std::any_of(alter_.clauses.begin(), alter_.clauses.end(), [](const AlterClause& other) {
                                  return std::holds_alternative<DefaultCharset>(other);
                                });
      if (!is_said_else) after_.collation = std::move(collation);
    }
    return {};
  }

  std::optional<std::size_t> find_before(std::string_view name) const {
    for (std::size_t i = 0; i < before_.schema.columns.size(); ++i)
      if (same_name(before_.schema.columns[i].name, name)) return i;
    return std::nullopt;
  }

  // The slot of a column a clause names, unless it may be missing.
  Placed<Slot*> slot(const std::string& name, bool if_exists, std::uint32_t offset) {
    const auto at = find_before(name);
    if (!at) {
      if (if_exists) return nullptr;
      return refuse(offset, fmt::format("the table has no column {}", name));
    }
    Slot& found = slots_[*at];
    if (found.is_dropped || found.change || !found.new_name.empty())
      return refuse(offset, fmt::format("column {} is changed twice", name));
    return &found;
  }

  Placed<void> match_columns() {
    slots_.resize(before_.schema.columns.size());
    for (const AlterClause& clause : alter_.clauses) {
      if (const auto* drop = std::get_if<DropColumn>(&clause)) {
        if (const auto at = find_before(drop->name); at && drop->if_exists && slots_[*at].is_dropped) continue;
        auto found = slot(drop->name, drop->if_exists, drop->offset);
        if (!found) return std::unexpected(found.error());
        if (*found) (*found)->is_dropped = true;
      } else if (const auto* change = std::get_if<ChangeColumn>(&clause)) {
        auto found = slot(change->name, change->if_exists, change->offset);
        if (!found) return std::unexpected(found.error());
        if (*found) (*found)->change = change;
      } else if (const auto* rename = std::get_if<RenameColumn>(&clause)) {
        auto found = slot(rename->name, rename->if_exists, rename->offset);
        if (!found) return std::unexpected(found.error());
        if (*found) (*found)->new_name = rename->new_name;
      } else if (const auto* altered = std::get_if<AlterDefault>(&clause)) {
        if (!altered->if_exists && !find_before(altered->name))
          return refuse(altered->offset, fmt::format("the table has no column {}", altered->name));
      }
    }
    return {};
  }

  // DEFAULT CHARACTER SET in the same statement holds for new columns already, and CONVERT TO for all of them.
  Placed<Column> made(const ColumnClause& clause) {
    made_.push_back(clause.name);
    const CharsetClause& said = clause.type.charset;
    if (!is_converted_ || said.charset == "binary" || said.collation == "binary")
      return make_column(session_, clause, after_.collation);
    ColumnClause converted = clause;
    // BINARY counts all the same, but beside a character set on MySQL 5.6 only.
    converted.type.charset = {};
    converted.type.charset.collation = conversion_;
    if (said.is_binary && (session_.is_mysql_56() || said.charset.empty()))
      converted.type.charset.collation = binary_collation(charset_of_collation(conversion_)->name);
    if (session_.is_mariadb() && said.charset.empty() && said.collation.starts_with("uca1400_"))
      converted.type.charset.collation = said.collation;  // takes the set it stands with
    return make_column(session_, converted, conversion_);
  }

  Placed<void> insert(Column column, bool is_first, const std::string& after, std::uint32_t offset) {
    auto& columns = after_.schema.columns;
    if (is_first) {
      columns.insert(columns.begin(), std::move(column));
    } else if (after.empty()) {
      columns.push_back(std::move(column));
    } else {
      const auto at =
          std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return same_name(c.name, after); });
      if (at == columns.end()) return refuse(offset, fmt::format("the table has no column {}", after));
      columns.insert(at + 1, std::move(column));
    }
    return {};
  }

  Placed<void> place_columns() {
    auto& columns = after_.schema.columns;
    columns.clear();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      const Slot& slot = slots_[i];
      const Column& before = before_.schema.columns[i];
      if (slot.is_dropped) continue;
      if (slot.change) {
        auto column = made(slot.change->column);
        if (!column) return std::unexpected(column.error());
        if (is_converted_ && session_.is_mysql_8() && is_blob_or_text(before.type) && is_blob_or_text(column->type))
          return refuse(slot.change->offset, "a TEXT column given a new type and converted at once");
        renamed_.emplace_back(before.name, column->name);
        changed_.emplace_back(before, *column);
        columns.push_back(std::move(*column));
      } else {
        columns.push_back(before);
        if (!slot.new_name.empty()) columns.back().name = slot.new_name;
        renamed_.emplace_back(before.name, columns.back().name);
      }
    }
    for (const AlterClause& clause : alter_.clauses) {
      if (const auto* add = std::get_if<AddColumn>(&clause)) {
        if (add->column.if_not_exists && has_column(add->column.name)) continue;
        auto column = made(add->column);
        if (!column) return std::unexpected(column.error());
        if (auto done = insert(std::move(*column), add->is_first, add->after, add->column.offset); !done) return done;
      } else if (const auto* change = std::get_if<ChangeColumn>(&clause)) {
        if ((!change->is_first && change->after.empty()) || !find_before(change->name)) continue;
        const auto placed = std::find_if(columns.begin(), columns.end(),
                                         [&](const Column& c) { return same_name(c.name, change->column.name); });
        Column column = std::move(*placed);
        columns.erase(placed);
        if (auto done = insert(std::move(column), change->is_first, change->after, change->offset); !done) return done;
      }
    }
    for (std::size_t i = 0; i < columns.size(); ++i)
      for (std::size_t j = i + 1; j < columns.size(); ++j)
        if (same_name(columns[i].name, columns[j].name))
          return refuse(alter_.table.begin, fmt::format("the table would have two columns {}", columns[j].name));
    if (columns.empty()) return refuse(alter_.table.begin, "the table would have no columns");
    // MySQL moves an invisible key of its own making to the front if the session's setting is on, which is not logged.
    const bool has_own_key =
        !session_.is_mariadb() && session_.traits.version_number >= 80030 && find_before("my_row_id");
    const auto own_key =
        std::find_if(columns.begin(), columns.end(), [](const Column& c) { return same_name(c.name, "my_row_id"); });
    if (has_own_key && own_key != columns.end() && own_key != columns.begin())
      return refuse(alter_.table.begin, "whether my_row_id stays in front is not logged");
    return {};
  }

  bool has_column(std::string_view name) const {
    return find_before(name) || std::any_of(after_.schema.columns.begin(), after_.schema.columns.end(),
                                            [&](const Column& c) { return same_name(c.name, name); });
  }

  bool is_added(std::string_view name) const {
    return std::any_of(alter_.clauses.begin(), alter_.clauses.end(), [&](const AlterClause& clause) {
      const auto* add = std::get_if<AddColumn>(&clause);
      return add && same_name(add->column.name, name) && !(add->column.if_not_exists && find_before(name));
    });
  }

  Placed<void> drop_index(const DropKey& drop) {
    const auto found = drop.kind == DropKey::Kind::primary
                           ? std::find_if(after_.indexes.begin(), after_.indexes.end(),
                                          [](const TrackedIndex& index) { return index.is_primary; })
                           : find_index(after_, drop.name);
    if (found == after_.indexes.end() || (drop.kind == DropKey::Kind::constraint && !found->is_unique)) {
      // A constraint may be a check or a foreign key, which are not tracked.
      if (drop.if_exists || drop.kind == DropKey::Kind::constraint) return {};
      return refuse(drop.offset, fmt::format("the table has no index {}", drop.name));
    }
    after_.indexes.erase(found);
    return {};
  }

  Placed<void> carry_indexes() {
    for (const AlterClause& clause : alter_.clauses) {
      if (const auto* drop = std::get_if<DropKey>(&clause)) {
        if (auto done = drop_index(*drop); !done) return done;
      } else if (const auto* rename = std::get_if<RenameKey>(&clause)) {
        const auto found = find_index(after_, rename->name);
        if (found == after_.indexes.end()) {
          if (rename->if_exists) continue;
          return refuse(rename->offset, fmt::format("the table has no index {}", rename->name));
        }
        if (const auto other = find_index(after_, rename->new_name); other != after_.indexes.end() && other != found)
          return refuse(rename->offset, fmt::format("the table has an index {} already", rename->new_name));
        found->name = rename->new_name;
      }
    }
    for (const auto& [before, after] : changed_) {
      if (auto done = check_labels_in_keys(before, after); !done) return done;
      refit_parts(after_, before, after);
    }
    for (TrackedIndex& index : after_.indexes) {
      const std::size_t parts = index.columns.size();
      std::vector<std::string> columns;
      std::vector<std::uint32_t> prefixes;
      for (std::size_t i = 0; i < parts; ++i) {
        const auto kept = std::find_if(renamed_.begin(), renamed_.end(),
                                       [&](const auto& pair) { return same_name(pair.first, index.columns[i]); });
        const bool is_made_again = kept == renamed_.end() && is_added(index.columns[i]);
        if (is_made_again && index.is_unique)
          return refuse(alter_.table.begin, fmt::format("a part of the key {} is a new column", index.name));
        if (kept == renamed_.end() && !is_made_again) continue;
        columns.push_back(is_made_again ? index.columns[i] : kept->second);
        prefixes.push_back(index.prefixes[i]);
      }
      index.columns = std::move(columns);
      index.prefixes = std::move(prefixes);
      if (session_.is_mariadb() && index.is_unique && !index.columns.empty() && index.columns.size() != parts)
        return refuse(alter_.table.begin, fmt::format("the unique key {} would lose a column", index.name));
    }
    std::erase_if(after_.indexes, [](const TrackedIndex& i) { return i.columns.empty() && !i.is_functional; });
    for (const TrackedIndex& index : after_.indexes) {
      if (!index.is_primary) continue;
      for (Column& column : after_.schema.columns)
        for (const std::string& name : index.columns)
          if (same_name(column.name, name)) column.is_nullable = false;
    }
    return {};
  }

  // A key over labels becomes one over as many bytes of a text as a label's number had.
  Placed<void> check_labels_in_keys(const Column& before, const Column& after) {
    if (before.labels.empty() || !after.labels.empty()) return {};
    for (const TrackedIndex& index : after_.indexes)
      if (index.is_unique && std::any_of(index.columns.begin(), index.columns.end(),
                                         [&](const std::string& name) { return same_name(name, before.name); }))
        return refuse(alter_.table.begin, fmt::format("a part of the key {} has labels no more", index.name));
    return {};
  }

  // MariaDB: of a column with IF [NOT] EXISTS a key counts only if there was none like it.
  void add_inline_keys(const ColumnClause& column, bool is_conditional, std::vector<KeyClause>& keys) const {
    std::vector<KeyClause> own;
    append_inline_keys(session_, column, own);
    for (KeyClause& key : own) {
      const bool is_there = std::any_of(before_.indexes.begin(), before_.indexes.end(), [&](const TrackedIndex& index) {
        return key.kind == KeyClause::Kind::primary ? index.is_primary : same_name(index.name, column.name);
      });
      if (!is_conditional || !is_there) keys.push_back(std::move(key));
    }
  }

  Placed<void> add_new_keys() {
    std::vector<KeyClause> keys;
    for (const AlterClause& clause : alter_.clauses) {
      if (const auto* add = std::get_if<AddKey>(&clause)) {
        keys.push_back(add->key);
      } else if (const auto* column = std::get_if<AddColumn>(&clause)) {
        // Also where the column is there already.
        add_inline_keys(column->column, column->column.if_not_exists, keys);
      } else if (const auto* change = std::get_if<ChangeColumn>(&clause)) {
        if (find_before(change->name)) add_inline_keys(change->column, change->if_exists, keys);
      }
    }
    return add_keys(session_, after_, keys);
  }

  Placed<void> convert() {
    if (!is_converted_) return {};
    for (Column& column : after_.schema.columns) {
      const auto is_it = [&](const std::string& name) { return same_name(name, column.name); };
      if (std::any_of(made_.begin(), made_.end(), is_it)) continue;
      auto converted = convert_column(session_, column, conversion_);
      if (!converted) return std::unexpected(converted.error());
      refit_parts(after_, column, *converted);
      column = std::move(*converted);
    }
    // MySQL 5.6 leaves the table's own collation as it was where it finds nothing to do.
    const bool converts_only = std::all_of(alter_.clauses.begin(), alter_.clauses.end(), [](const AlterClause& clause) {
      const auto* other = std::get_if<OtherClause>(&clause);
      return std::holds_alternative<ConvertCharset>(clause) || (other && other->is_manner);
    });
    const auto& columns = after_.schema.columns;
    const bool is_same = std::equal(columns.begin(), columns.end(), before_.schema.columns.begin(),
                                    before_.schema.columns.end(), [](const Column& a, const Column& b) {
                                      return a.declared_type == b.declared_type && a.collation == b.collation;
                                    });
    if (session_.is_mysql_56() && converts_only && is_same) after_.collation = before_.collation;
    return {};
  }

  const Session& session_;
  const AlterTable& alter_;
  const TrackedTable& before_;
  const std::string& database_collation_;
  const std::string& session_collation_;  // of the session's database
  TrackedTable after_;
  std::vector<Slot> slots_;
  std::vector<std::pair<std::string, std::string>> renamed_;  // every column that stays: before, after
  std::vector<std::pair<Column, Column>> changed_;
  std::vector<std::string> made_;  // by a clause of this statement
  bool is_converted_ = false;
  std::string conversion_;  // the collation of CONVERT TO
};

}  // namespace

void finish_table(TrackedTable& table) {
  table.schema.keys = keys_of(table);
  finish_schema(table.schema);
}

bool same_column(const Column& a, const Column& b) {
  return a.name == b.name && a.type == b.type && a.is_unsigned == b.is_unsigned && a.is_nullable == b.is_nullable &&
         a.is_hidden == b.is_hidden && a.is_generated == b.is_generated && a.length == b.length &&
         a.precision == b.precision && a.scale == b.scale && a.fraction_digits == b.fraction_digits &&
         a.charset == b.charset && a.collation == b.collation && a.declared_type == b.declared_type &&
         a.labels == b.labels;
}

bool same_layout(const TrackedTable& a, const TrackedTable& b) {
  const auto same_key = [](const model::Key& x, const model::Key& y) {
    return x.name == y.name && x.is_primary == y.is_primary && x.columns == y.columns;
  };
  return a.schema.columns.size() == b.schema.columns.size() && a.schema.keys.size() == b.schema.keys.size() &&
         std::equal(a.schema.columns.begin(), a.schema.columns.end(), b.schema.columns.begin(), same_column) &&
         std::equal(a.schema.keys.begin(), a.schema.keys.end(), b.schema.keys.begin(), same_key) &&
         a.schema.tail == b.schema.tail && a.schema.row_end == b.schema.row_end;
}

Placed<TrackedTable> create_table(const Session& session, const CreateTable& create,
                                  const std::string& database_collation, const TableName& name) {
  TrackedTable table;
  table.schema.database = name.database;
  table.schema.table = name.table;
  table.is_partitioned = create.options.is_partitioned;
  std::optional<Refusal> refusal;
  table.collation = default_of(session, create.options.charset, database_collation, refusal, create.table.begin);
  if (refusal) return std::unexpected(*refusal);
  for (const CreateTable::Element& element : create.elements) {
    const auto* clause = std::get_if<ColumnClause>(&element.what);
    if (!clause) continue;
    auto column = make_column(session, *clause, table.collation);
    if (!column) return std::unexpected(column.error());
    for (const Column& other : table.schema.columns)
      if (same_name(other.name, column->name))
        return refuse(clause->offset, fmt::format("two columns {}", column->name));
    table.schema.columns.push_back(std::move(*column));
  }
  if (table.schema.columns.empty()) return refuse(create.table.begin, "a table without columns");
  std::vector<KeyClause> keys;
  for (const CreateTable::Element& element : create.elements) {
    if (const auto* clause = std::get_if<ColumnClause>(&element.what))
      append_inline_keys(session, *clause, keys);
    else
      keys.push_back(std::get<KeyClause>(element.what));
  }
  if (auto done = add_keys(session, table, keys); !done) return std::unexpected(done.error());
  if (session.is_mariadb()) set_hidden_columns(create, table);
  finish_table(table);
  return table;
}

Placed<TrackedTable> alter_table(const Session& session, const AlterTable& alter, const TrackedTable& before,
                                 const std::string& database_collation, const std::string& session_collation) {
  return Alteration(session, alter, before, database_collation, session_collation).run();
}

}  // namespace tributary::source::ddl
