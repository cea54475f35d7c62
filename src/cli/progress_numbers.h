// Sums, rates and remaining times of a Progress, shared by its renderings. Threads: any.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "pipeline/progress.h"

namespace tributary::cli {

// What is left to do is known only as far as the server's estimate goes: a table that has more rows than estimated is
// as long as it is, and a finished one is exactly as long as it was.
inline std::uint64_t rows_expected(const pipeline::TableProgress& table) {
  return table.snapshot_done ? table.rows_done : std::max(table.rows_done, table.rows_estimated);
}

struct Totals {
  std::uint64_t rows_done = 0, rows_expected = 0, changes = 0;
};

inline Totals totals(const pipeline::Progress& progress) {
  Totals sum;
  for (const pipeline::TableProgress& table : progress.tables) {
    sum.rows_done += table.rows_done;
    sum.rows_expected += rows_expected(table);
    sum.changes += table.changes;
  }
  return sum;
}

// Per second; empty when there is no earlier look to compare with.
inline std::optional<double> rate(std::uint64_t before, std::uint64_t now, std::int64_t between_ms) {
  if (between_ms <= 0 || now < before) return std::nullopt;
  return static_cast<double>(now - before) * 1000.0 / static_cast<double>(between_ms);
}

// Empty when it would take for ever, or more than a hundred days.
inline std::optional<std::int64_t> remaining_ms(std::uint64_t done, std::uint64_t expected,
                                                std::optional<double> rate) {
  if (!rate || *rate <= 0 || expected < done) return std::nullopt;
  const double ms = static_cast<double>(expected - done) * 1000.0 / *rate;
  return ms > 8.64e9 ? std::nullopt : std::optional(static_cast<std::int64_t>(ms));
}

}  // namespace tributary::cli
