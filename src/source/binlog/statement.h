// Which captured tables a statement of the binlog names. Not a parser: it finds names as whole words, so that no
// statement about a captured table goes unseen; what it may find too much is looked at closer by whoever acts on it.
// Case does not count: with lower_case_table_names=1 (usual on RDS) statements are logged as they were typed. Threads:
// immutable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace tributary::source {

struct CapturedTable;

// True if the statement takes rows away without row changes in the log: TRUNCATE, DROP TABLE (and what made it anew),
// DROP PARTITION and the like.
bool empties_silently(std::string_view sql);

class StatementNames {
 public:
  explicit StatementNames(const std::vector<CapturedTable>& tables);

  // Index of a captured table, -1 if it is none.
  std::int64_t find(std::string_view database, std::string_view table) const;

  // True if a captured table lies in the database.
  bool has_database(std::string_view database) const { return databases_.contains(database); }

  // The captured tables a DDL statement names (all of a database for DROP DATABASE). data_statement_event if the
  // statement changes rows of one.
  base::Result<std::vector<std::uint32_t>> captured(std::string_view database, std::string_view sql) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  template <typename T>
  using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  ByName<ByName<std::uint32_t>> databases_;
  ByName<std::vector<std::pair<std::string, std::uint32_t>>> tables_;  // name -> (database, index), in lower case
};

}  // namespace tributary::source
