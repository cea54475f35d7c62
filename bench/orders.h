// The table of the benchmarks: twelve columns of an order line, about 235 bytes of text a row (mean over the columns as
// the text protocol carries them), one secondary key. The row of an id is always the same; the words in it compress as
// text does. A logical table is two physical ones, one on each server. Threads: pure functions; load_rows() uses one
// thread per server.
#pragma once

#include <cstdint>
#include <string>

#include "bench/lab.h"

namespace tributary::bench {

// `database`_N on server N holds the table `orders`.
std::string physical_database(const std::string& database, std::size_t server);

// Appends "(1,...)" for an INSERT; returns the bytes of its values as text.
std::size_t append_row(std::string& sql, std::uint64_t id);

base::Status make_table(const Lab& lab, const std::string& database);

// Fills it: row i of 1 .. rows lies on server i % servers, in transactions of 20,000 rows.
base::Status load_rows(const Lab& lab, const std::string& database, std::uint64_t rows, const StopCheck& stop);

}  // namespace tributary::bench
