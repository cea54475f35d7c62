// The table of all column types: its columns, its edge values, its random rows.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "front/load_random.h"

namespace tributary::lab {

// The first rows hold every column's smallest, largest, zero, NULL and hard values.
inline constexpr std::uint64_t wide_edge_rows = 6;

// "CREATE TABLE wide_types (..)" without options.
std::string wide_schema(bool with_json);
std::string wide_columns(bool with_json);
std::string wide_values(std::uint64_t id, Random& random, bool with_json);

}  // namespace tributary::lab
