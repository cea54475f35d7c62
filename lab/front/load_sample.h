// The sample database: a small shop with every kind of table the product has, and a table of all column types.
//
// Rows depend on the seed and their number only, not on how many connections write them.
// Threads: load_sample uses its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "front/load_random.h"
#include "mysql/connection.h"

namespace tributary::lab {

struct SampleTable {
  std::string name;
  std::uint64_t rows = 0;
};

// CREATE statements for storage of this version ("5.6.24", "10.11.19-MariaDB"), indexes included.
std::vector<std::string> sample_schema(std::string_view storage_version);
// How `rows` rows are divided over the tables; the sum is `rows` (or the fixed tables' rows, if that is more).
std::vector<SampleTable> sample_plan(std::uint64_t rows);
// "INSERT INTO t (..) VALUES (..), .." for rows [first, last) of the table, numbered from 1.
std::string sample_insert(const std::string& table, std::uint64_t seed, std::uint64_t first, std::uint64_t last,
                          bool with_json);

// One order's values, as the workload inserts them too.
std::string order_values(std::uint64_t id, Random& random);
std::string order_item_values(std::uint64_t order_id, int line, Random& random);
std::string user_log_values(std::uint64_t id, Random& random);
inline constexpr std::string_view order_columns = "(id, customer_code, status, amount, note, created_at, updated_at)";
inline constexpr std::string_view order_item_columns = "(order_id, line_no, product_id, quantity, price)";
inline constexpr std::string_view user_log_columns = "(id, user_id, log_date, action, detail)";

// Does the storage behind the front know JSON columns?
base::Result<bool> storage_has_json(mysql::Connection& front);

// Creates the tables and fills them over `connections` connections to the front.
base::Result<std::vector<SampleTable>> load_sample(const mysql::Endpoint& front, std::uint64_t rows, std::uint64_t seed,
                                                   int connections);

}  // namespace tributary::lab
