#include "source/ddl/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/ddl/token_cursor.h"

namespace tributary::source::ddl {

using model::Column;

namespace {

const Column* find_column(const TrackedTable& table, std::string_view name) {
  for (const Column& column : table.schema.columns)
    if (same_name(column.name, name)) return &column;
  return nullptr;
}

Column* find_column(TrackedTable& table, std::string_view name) {
  return const_cast<Column*>(find_column(std::as_const(table), name));
}

std::string made_name(TrackedTable& table, const std::string& first) {
  if (find_index(table, first) == table.indexes.end() && !same_name(first, "PRIMARY")) return first;
  for (int i = 2;; ++i) {
    std::string name = fmt::format("{}_{}", first, i);
    if (find_index(table, name) == table.indexes.end()) return name;
  }
}

// `index` serves a foreign key as well as `generated` does.
bool covers(const TrackedIndex& index, const TrackedIndex& generated) {
  if (index.is_functional || index.columns.size() < generated.columns.size()) return false;
  for (std::size_t i = 0; i < generated.columns.size(); ++i)
    if (!same_name(index.columns[i], generated.columns[i])) return false;
  return true;
}

std::uint32_t part_length(const Column& column, std::uint32_t asked) {
  if (asked == 0 || is_blob_or_text(column.type)) return asked;
  return asked == column.length ? 0 : asked;
}

// What of a geometry a unique key holds if nothing is said: such a key tells no rows apart. Seen on MariaDB 10.11.
std::uint32_t geometry_part(const Column& column) { return column.declared_type.starts_with("point") ? 25 : 8; }

// The same of what is written: whether `other` makes the index for a foreign key needless.
bool covers(const KeyClause& other, const KeyClause& foreign) {
  using Kind = KeyClause::Kind;
  if (other.kind == Kind::fulltext || other.kind == Kind::spatial || other.kind == Kind::vector) return false;
  if (other.parts.size() < foreign.parts.size()) return false;
  for (std::size_t i = 0; i < foreign.parts.size(); ++i)
    if (!same_name(other.parts[i].column, foreign.parts[i].column)) return false;
  return true;
}

bool is_needless(const std::vector<KeyClause>& keys, std::size_t at) {
  if (keys[at].kind != KeyClause::Kind::foreign) return false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i == at || !covers(keys[i], keys[at])) continue;
    const bool is_same = keys[i].kind == KeyClause::Kind::foreign && keys[i].parts.size() == keys[at].parts.size();
    if (!is_same || i < at) return true;
  }
  return false;
}

Placed<void> add_key(const Session& session, TrackedTable& table, const KeyClause& key) {
  const auto refuse = [&](std::string reason) { return std::unexpected(Refusal{key.offset, std::move(reason)}); };
  TrackedIndex index;
  index.is_primary = key.kind == KeyClause::Kind::primary;
  index.is_unique = index.is_primary || key.kind == KeyClause::Kind::unique;
  index.is_generated = key.kind == KeyClause::Kind::foreign;
  for (const KeyPart& part : key.parts) {
    if (part.is_without_overlaps) return refuse("a key WITHOUT OVERLAPS");
    if (part.column.empty()) {
      index.is_functional = true;
      continue;
    }
    Column* const column = find_column(table, part.column);
    if (!column) return refuse(fmt::format("the key's column {} is not in the table", part.column));
    if (index.is_primary) column->is_nullable = false;
    index.columns.push_back(column->name);
    const bool is_geometry = index.is_unique && part.length == 0 && column->type == model::ColumnType::geometry;
    index.prefixes.push_back(is_geometry ? geometry_part(*column) : part_length(*column, part.length));
  }
  // MySQL 8 gives the new index its name while the old one still has it.
  const auto drop_covered = [&] {
    if (!index.is_generated)
      std::erase_if(table.indexes,
                    [&](const TrackedIndex& other) { return other.is_generated && covers(index, other); });
  };
  const bool drops_first = session.is_mariadb() || session.traits.version_number < 80000;
  if (drops_first) drop_covered();
  if (index.is_primary) {
    index.name = "PRIMARY";
  } else if (!key.name.empty()) {
    index.name = key.name;
  } else {
    index.name = made_name(table, index.is_functional ? "functional_index" : index.columns[0]);
  }
  if (index.is_generated) {
    for (const TrackedIndex& other : table.indexes)
      if (covers(other, index)) return {};
  }
  if (const auto other = find_index(table, index.name); other != table.indexes.end()) {
    if (key.if_not_exists || index.is_generated) return {};
    if (!other->is_generated)
      return refuse(index.is_primary ? std::string("the table has a primary key already")
                                     : fmt::format("the table has an index {} already", index.name));
    table.indexes.erase(other);
  }
  drop_covered();
  table.indexes.push_back(std::move(index));
  return {};
}

}  // namespace

Placed<void> add_keys(const Session& session, TrackedTable& table, const std::vector<KeyClause>& keys) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (is_needless(keys, i)) continue;
    if (auto added = add_key(session, table, keys[i]); !added) return added;
  }
  return {};
}

bool same_name(std::string_view a, std::string_view b) { return same_word(a, b); }

std::vector<TrackedIndex>::iterator find_index(TrackedTable& table, std::string_view name) {
  return std::find_if(table.indexes.begin(), table.indexes.end(),
                      [&](const TrackedIndex& index) { return same_name(index.name, name); });
}

void refit_parts(TrackedTable& table, const Column& before, const Column& after) {
  for (TrackedIndex& index : table.indexes) {
    for (std::size_t i = 0; i < index.columns.size(); ++i) {
      std::uint32_t& prefix = index.prefixes[i];
      if (!same_name(index.columns[i], before.name)) continue;
      if (after.type == model::ColumnType::geometry) {
        const bool is_point = after.declared_type.starts_with("point");
        if (index.is_unique && before.type != after.type && (prefix == 0 || is_point)) prefix = geometry_part(after);
        continue;
      }
      if (prefix == 0) continue;
      const bool fits = can_have_parts(before.type) && can_have_parts(after.type) && after.length >= prefix;
      prefix = fits ? part_length(after, prefix) : 0;
    }
  }
}

}  // namespace tributary::source::ddl
