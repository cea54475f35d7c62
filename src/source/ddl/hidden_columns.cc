#include "source/ddl/hidden_columns.h"

#include <algorithm>

namespace tributary::source::ddl {

using model::Column;
using model::ColumnType;
using model::TailColumn;

namespace {

bool is_unbounded(ColumnType type) {
  switch (type) {
    case ColumnType::tinytext:
    case ColumnType::text:
    case ColumnType::mediumtext:
    case ColumnType::longtext:
    case ColumnType::tinyblob:
    case ColumnType::blob:
    case ColumnType::mediumblob:
    case ColumnType::longblob:
    case ColumnType::json:
      return true;
    default:
      return false;
  }
}

const Column* find(const TrackedTable& table, std::string_view name) {
  for (const Column& column : table.schema.columns)
    if (column.name == name) return &column;
  return nullptr;
}

// Unique keys over whole texts: they are keys of a hidden hash.
std::ptrdiff_t hashed_keys(const TrackedTable& table) {
  return std::count_if(table.indexes.begin(), table.indexes.end(), [&](const TrackedIndex& index) {
    if (!index.is_unique || index.is_primary) return false;
    for (std::size_t i = 0; i < index.columns.size(); ++i) {
      const Column* column = find(table, index.columns[i]);
      const bool is_whole = i >= index.prefixes.size() || index.prefixes[i] == 0;
      if (column && is_whole && is_unbounded(column->type)) return true;
    }
    return false;
  });
}

void set(TrackedTable& table, bool is_versioned, const std::string& row_end, std::ptrdiff_t hashes) {
  table.schema.tail.clear();
  table.schema.row_end.reset();
  if (is_versioned) {
    const Column* column = row_end.empty() ? nullptr : find(table, row_end);
    if (column) {
      table.schema.row_end = static_cast<std::uint32_t>(column - table.schema.columns.data());
    } else {
      table.schema.tail = {TailColumn::row_start, TailColumn::row_end};
      table.schema.row_end = static_cast<std::uint32_t>(table.schema.columns.size() + 1);
    }
  }
  table.schema.tail.insert(table.schema.tail.end(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(hashes, 0)),
                           TailColumn::row_hash);
}

}  // namespace

void set_hidden_columns(const CreateTable& create, TrackedTable& table) {
  std::string row_end;
  for (const CreateTable::Element& element : create.elements)
    if (const auto* column = std::get_if<ColumnClause>(&element.what); column && column->is_row_end)
      row_end = column->name;
  set(table, create.options.is_versioned, row_end, hashed_keys(table));
}

void set_hidden_columns(const AlterTable& alter, const TrackedTable& before, TrackedTable& table) {
  bool is_versioned = before.schema.row_end.has_value();
  std::string row_end;
  if (is_versioned && *before.schema.row_end < before.schema.columns.size())
    row_end = before.schema.columns[*before.schema.row_end].name;
  for (const AlterClause& clause : alter.clauses) {
    if (const auto* versioning = std::get_if<Versioning>(&clause)) is_versioned = versioning->is_on;
    if (const auto* added = std::get_if<AddColumn>(&clause); added && added->column.is_row_end)
      row_end = added->column.name;
  }
  const auto hashes = std::count(before.schema.tail.begin(), before.schema.tail.end(), TailColumn::row_hash);
  set(table, is_versioned, row_end, hashes + hashed_keys(table) - hashed_keys(before));
}

}  // namespace tributary::source::ddl
