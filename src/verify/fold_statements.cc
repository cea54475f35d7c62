// What statements in the topic do to the tables folded.
#include "encode/decoder.h"
#include "source/ddl/parser.h"
#include "verify/fold.h"

namespace tributary::verify {

using base::Status;
namespace ddl = source::ddl;

Status Fold::take_statement(std::uint32_t place, std::int64_t offset) {
  const std::string database = encode::dts::object_name_parts(reader_.object).front();
  const Emptied here{.is_set = true,
                     .place = place,
                     .offset = offset,
                     .server_id = reader_.server_id,
                     .id = reader_.id,
                     .timestamp_s = reader_.timestamp_s};
  const std::string sql(reader_.statement);
  const ddl::ParseRules rules = ddl::parse_rules(setup_.traits, 0);
  ddl::TokenCursor at(sql, rules.lex, ddl::tokenise(sql, rules.lex));
  const ddl::Statement statement = ddl::parse_statement(at, rules);
  if (!at.ok()) return {};
  const auto name_of = [&](const ddl::TableReference& table) {
    return TableName(table.database.empty() ? database : table.database, table.table);
  };
  if (const auto* truncate = std::get_if<ddl::TruncateTable>(&statement)) return empty(name_of(truncate->table), here);
  if (const auto* drop = std::get_if<ddl::DropTables>(&statement)) {
    if (drop->is_temporary) return {};
    for (const ddl::TableReference& table : drop->tables) TRY(empty(name_of(table), here));
    return {};
  }
  if (const auto* rename = std::get_if<ddl::RenameTables>(&statement)) {
    for (const ddl::RenameTables::Pair& pair : rename->pairs)
      TRY(this->rename(name_of(pair.from), name_of(pair.to), here));
    return {};
  }
  if (const auto* create = std::get_if<ddl::CreateTable>(&statement)) {
    if (create->is_temporary) return {};
    if (create->or_replace) TRY(empty(name_of(create->table), here));
    restructure(name_of(create->table), here);
    return {};
  }
  if (const auto* drop = std::get_if<ddl::DropDatabase>(&statement)) {
    for (const TableFold* table : tables())
      if (table->database == drop->name) TRY(empty({table->database, table->table}, here));
    return {};
  }
  if (const auto* alter = std::get_if<ddl::AlterTable>(&statement)) {
    const TableName name = name_of(alter->table);
    if (!alter->is_index_statement) restructure(name, here);
    const auto found = by_name_.find(name);
    for (const ddl::AlterClause& clause : alter->clauses) {
      const auto* partitioning = std::get_if<ddl::Partitioning>(&clause);
      const auto* other = std::get_if<ddl::OtherClause>(&clause);
      if (found != by_name_.end() &&
          ((partitioning != nullptr && partitioning->empties) || (other != nullptr && other->empties)))
        tables_.at(found->second).fold.partitions_emptied = true;
    }
    for (const ddl::AlterClause& clause : alter->clauses)
      if (const auto* to = std::get_if<ddl::RenameTo>(&clause)) TRY(rename(name, name_of(to->to), here));
  }
  return {};
}

void Fold::restructure(const TableName& name, const Emptied& statement) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  tables_.at(found->second).fold.restructured = statement;
  tables_.at(found->second).is_touched = true;
}

Status Fold::empty(const TableName& name, const Emptied& statement) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return {};
  Table& table = tables_.at(found->second);
  table.fold.emptied = statement;
  table.fold.restructured = statement;
  table.is_touched = true;
  if (!table.fold.is_keyless) return {};  // its rows tell by themselves whether they stand before it
  TRY(commit());
  const std::string rows = rows_of(table.fold.number);
  batch_.erase_range(rows, behind_prefix(rows));
  return disk_.write(batch_);
}

Status Fold::remove(std::uint32_t number) {
  TRY(commit());
  const std::string rows = rows_of(number);
  batch_.erase_range(rows, behind_prefix(rows));
  std::string kept = "mt";
  append_sorted(kept, number);
  batch_.erase(kept);
  tables_.erase(number);
  return disk_.write(batch_);
}

Status Fold::rename(const TableName& from, const TableName& to, const Emptied& statement) {
  const auto found = by_name_.find(from);
  if (found == by_name_.end()) return {};
  by_object_.clear();
  const std::uint32_t number = found->second;
  by_name_.erase(found);
  if (!setup_.is_selected(to)) return remove(number);
  if (const auto former = by_name_.find(to); former != by_name_.end()) {
    const std::uint32_t replaced = former->second;
    by_name_.erase(former);
    TRY(remove(replaced));
  }
  by_name_[to] = number;
  Table& table = tables_.at(number);
  table.fold.database = to.first;
  table.fold.table = to.second;
  table.fold.is_renamed = true;
  table.fold.restructured = statement;
  table.is_touched = true;
  return {};
}

}  // namespace tributary::verify
