// Logical CREATE TABLE taken apart: the shard clause, global indexes, and the physical statement for any name.
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "front/answer.h"
#include "front/layout.h"
#include "front/token.h"

namespace tributary::lab {

// The rule part of a definition: dbpartition by .. tbpartition by .. tbpartitions n, broadcast, single.
struct ShardClause {
  TableKind kind = TableKind::single;
  bool db_split = false;
  std::string db_key, tb_key;  // a key may be empty: the primary key is meant
  ShardFunction tb_function = ShardFunction::none;
  int tb_count = 1;
};

struct GlobalIndexClause {
  std::string name;
  bool unique = false;
  std::vector<std::string> columns, covering;
  ShardClause shards;
};

struct CreateTable {
  std::string name;
  bool if_not_exists = false;
  std::vector<std::string> items;  // column and key definitions, physical form
  std::string options;             // ENGINE=InnoDB ..
  ShardClause shards;
  std::vector<GlobalIndexClause> global_indexes;
  bool implicit_id = false;

  std::string physical(std::string_view physical_name) const;
};

Answer<CreateTable> read_create_table(const Sql& sql);
// From `at` to `end`: "g ON t (c) COVERING (..) dbpartition by .." without ON t, i.e. name, columns, clauses.
Answer<GlobalIndexClause> read_global_index(const Sql& sql, std::size_t at, std::size_t end, bool unique);
Answer<ShardClause> read_shard_clause(const Sql& sql, std::size_t at, std::size_t end);
// First of dbpartition, tbpartition, broadcast outside parentheses; `end` if absent.
std::size_t shard_clause_start(const Sql& sql, std::size_t at, std::size_t end);

}  // namespace tributary::lab
