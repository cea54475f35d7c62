// Sums, rates and remaining times of a Progress, shared by its renderings. Threads: any.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/text.h"
#include "pipeline/progress.h"

namespace tributary::cli {

// What is left to do is known only as far as the server's estimate goes: a table that has more rows than estimated is
// as long as it is, and a finished one is exactly as long as it was.
inline std::uint64_t rows_expected(const pipeline::TableProgress& table) {
  return table.snapshot_done ? table.rows_done : std::max(table.rows_done, table.rows_estimated);
}

// False while a table without an estimate is being read: nobody knows how long it is.
inline bool is_estimated(const pipeline::TableProgress& table) {
  return table.snapshot_done || table.rows_estimated > 0 || table.rows_done == 0;
}

// As percent() of text.h, but 100 only when it is done.
inline std::string share_done(std::uint64_t part, std::uint64_t whole, bool done) {
  return part >= whole && whole > 0 && !done ? "99 %" : percent(part, whole);
}

struct Totals {
  std::uint64_t rows_done = 0, rows_expected = 0, changes = 0;
  std::uint64_t left_out = 0, skipped = 0, nulls = 0;
  bool is_estimated = true;  // every table is
};

inline Totals totals(const pipeline::Progress& progress) {
  Totals sum;
  for (const pipeline::TableProgress& table : progress.tables) {
    sum.rows_done += table.rows_done;
    sum.rows_expected += rows_expected(table);
    sum.changes += table.changes;
    sum.left_out += table.left_out;
    sum.skipped += table.skipped;
    sum.nulls += table.nulls;
    sum.is_estimated = sum.is_estimated && is_estimated(table);
  }
  return sum;
}

// "1,234 rows" when that is all there is to say, "1,234 of ~2,000 rows (61 %)" before.
inline std::string rows_text(const pipeline::Progress& progress, const Totals& sum) {
  if (progress.snapshot_done || !sum.is_estimated || sum.rows_expected == 0)
    return with_commas(sum.rows_done) + " rows";
  return with_commas(sum.rows_done) + " of ~" + with_commas(sum.rows_expected) + " rows (" +
         share_done(sum.rows_done, sum.rows_expected, false) + ")";
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
