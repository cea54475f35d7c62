// Putting the shards' results together: aggregates, groups, order. Works on the text values of the protocol.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "front/answer.h"
#include "front/token.h"

namespace tributary::lab {

// What becomes of one select item when groups from several shards meet.
enum class Merge : std::uint8_t { key, sum, min, max };

// How the select item at tokens [first, last) merges; an error for AVG and aggregates of DISTINCT values.
Answer<Merge> merge_of(const Sql& sql, std::size_t first, std::size_t last);

struct SortKey {
  std::size_t column = 0;
  bool hidden = false;  // counted behind the shown columns until they are known
  bool descending = false;
  bool as_text = false;  // bytes; otherwise numbers where both are
};

// One row per distinct value of the key columns; without GROUP BY a single row.
void merge_groups(mysql::Table& table, const std::vector<Merge>& merges, bool grouped);
void remove_duplicates(mysql::Table& table);
void sort_rows(mysql::Table& table, const std::vector<SortKey>& keys);

// Exact for decimals up to 36 digits; as double beyond and for exponents.
std::string add_numbers(const std::string& a, const std::string& b);

}  // namespace tributary::lab
