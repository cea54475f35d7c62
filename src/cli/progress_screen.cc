#include <fmt/format.h>

#include <algorithm>

#include "cli/progress_numbers.h"
#include "cli/progress_text.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using pipeline::InstanceProgress;
using pipeline::Phase;
using pipeline::Progress;
using pipeline::TableProgress;

constexpr int table_lines_min = 3;

std::string_view bold(const Screen& screen) { return screen.color ? "\x1b[1m" : ""; }
std::string_view red(const Screen& screen) { return screen.color ? "\x1b[31m" : ""; }
std::string_view dim(const Screen& screen) { return screen.color ? "\x1b[2m" : ""; }
std::string_view plain(const Screen& screen) { return screen.color ? "\x1b[0m" : ""; }

std::string without_trailing_spaces(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string rate_text(std::optional<double> rate) {
  return rate ? with_commas(static_cast<std::uint64_t>(*rate + 0.5)) : std::string{};
}

std::string left_text(const std::optional<std::int64_t>& ms) { return ms ? human_duration(*ms) : std::string{}; }

struct TableRow {
  const TableProgress* now = nullptr;
  std::optional<double> rate;
};

std::vector<TableRow> table_rows(const Progress* earlier, const Progress& now) {
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i < now.tables.size(); ++i) {
    const TableProgress& table = now.tables[i];
    TableRow row{&table, std::nullopt};
    const bool same = earlier && i < earlier->tables.size() && earlier->tables[i].table == table.table &&
                      earlier->tables[i].database == table.database;
    if (same) {
      const TableProgress& before = earlier->tables[i];
      row.rate = rate(before.rows_done + before.changes, table.rows_done + table.changes,
                      now.elapsed_ms - earlier->elapsed_ms);
    }
    rows.push_back(row);
  }
  return rows;
}

// Unfinished tables first, the busiest of them on top; equals stay in the task's order.
void sort_by_interest(std::vector<TableRow>& rows) {
  std::ranges::stable_sort(rows, [](const TableRow& a, const TableRow& b) {
    if (a.now->snapshot_done != b.now->snapshot_done) return b.now->snapshot_done;
    return a.rate.value_or(0) > b.rate.value_or(0);
  });
}

class ScreenText {
 public:
  ScreenText(const Progress* earlier, const Progress& now, const Screen& screen)
      : earlier_(earlier),
        now_(now),
        screen_(screen),
        between_ms_(earlier ? now.elapsed_ms - earlier->elapsed_ms : 0) {}

  std::vector<std::string> render() {
    header();
    const std::size_t instance_lines = count_instance_lines();
    const int spare = screen_.height - 1 - static_cast<int>(lines_.size() + instance_lines);
    tables(std::max(table_lines_min, spare - 3));  // a blank line, the heading, the line of the rest
    instances();
    const auto most = static_cast<std::size_t>(std::max(1, screen_.height - 1));
    if (lines_.size() > most) lines_.resize(most);
    return std::move(lines_);
  }

 private:
  void line(std::string_view style, std::string_view text) {
    const std::string fitted = without_trailing_spaces(shorten(text, screen_.width));
    lines_.push_back(style.empty() || fitted.empty() ? fitted : fmt::format("{}{}{}", style, fitted, plain(screen_)));
  }

  void header() {
    std::string phase(phase_name(now_.phase));
    if (now_.phase == Phase::streaming && now_.caught_up) phase += ", caught up";
    line(bold(screen_), fmt::format("{} · {} · {}", printable(now_.task), phase, human_duration(now_.elapsed_ms)));
    const Totals sum = totals(now_);
    std::vector<std::string> parts;
    if (now_.snapshot_selected) parts.push_back(rows_text(now_, sum));
    parts.push_back(with_commas(sum.changes) + " changes");
    if (earlier_) {
      const auto records = rate(earlier_->records_acked, now_.records_acked, between_ms_);
      const auto bytes = rate(earlier_->bytes_acked, now_.bytes_acked, between_ms_);
      if (records) parts.push_back(rate_text(records) + " records/s");
      if (bytes) parts.push_back(human_bytes(*bytes) + "/s");
      if (now_.snapshot_selected && !now_.snapshot_done && sum.is_estimated) {
        const Totals before = totals(*earlier_);
        const auto left_ms =
            remaining_ms(sum.rows_done, sum.rows_expected, rate(before.rows_done, sum.rows_done, between_ms_));
        if (left_ms) parts.push_back(human_duration(*left_ms) + " left");
      }
    }
    line("", "  " + fmt::format("{}", fmt::join(parts, " · ")));
    const std::uint64_t waiting = now_.records_sent - std::min(now_.records_sent, now_.records_acked);
    line("", fmt::format("  {} records delivered{}, {}{}", with_commas(now_.records_acked),
                         now_.exactly_once ? " exactly once" : "", human_bytes(static_cast<double>(now_.bytes_acked)),
                         waiting ? fmt::format("; {} on their way", with_commas(waiting)) : ""));
    if (now_.dead_letters > 0)
      line(red(screen_), fmt::format("  ! {} records went to the dead-letter topic", with_commas(now_.dead_letters)));
    if (sum.left_out > 0) line("", fmt::format("  {} left out by choice", with_commas(sum.left_out)));
    if (sum.skipped + sum.nulls > 0)
      line(red(screen_), fmt::format("  ! the script failed: {} rows skipped, {} values NULL", with_commas(sum.skipped),
                                     with_commas(sum.nulls)));
    if (!now_.destination_problem.empty())
      line(red(screen_), "  ! destination: " + printable(now_.destination_problem));
  }

  void tables(int lines_most) {
    if (now_.tables.empty()) return;
    std::vector<TableRow> rows = table_rows(earlier_, now_);
    sort_by_interest(rows);
    const auto shown = std::min(rows.size(), static_cast<std::size_t>(lines_most));
    int name_width = 5;
    for (std::size_t i = 0; i < shown; ++i) name_width = std::max(name_width, display_width(table_name(*rows[i].now)));
    name_width = std::min(name_width, std::max(12, screen_.width - 2 - (now_.snapshot_selected ? 60 : 20)));
    line("", "");
    line(dim(screen_), table_line(name_width, "table", "rows", "of about", "%", "changes", "per s", "left"));
    for (std::size_t i = 0; i < shown; ++i) table(rows[i], name_width);
    if (shown == rows.size()) return;
    const auto done = std::ranges::count_if(rows.begin() + static_cast<std::ptrdiff_t>(shown), rows.end(),
                                            [](const TableRow& row) { return row.now->snapshot_done; });
    line(dim(screen_), now_.snapshot_selected
                           ? fmt::format("  and {} more tables, {} of them done", rows.size() - shown, done)
                           : fmt::format("  and {} more tables", rows.size() - shown));
  }

  static std::string table_name(const TableProgress& table) {
    if (table.database == "*" && table.table == "*") return "tables that came later";
    return printable(table.database + "." + table.table);
  }

  void table(const TableRow& row, int name_width) {
    const TableProgress& table = *row.now;
    const std::uint64_t expected = rows_expected(table);
    const bool is_known = is_estimated(table);
    const auto left_ms =
        table.snapshot_done || !is_known ? std::nullopt : remaining_ms(table.rows_done, expected, row.rate);
    line(table.snapshot_done && row.rate.value_or(0) == 0 ? dim(screen_) : "",
         table_line(name_width, table_name(table), with_commas(table.rows_done), is_known ? with_commas(expected) : "?",
                    table.snapshot_done ? "done"
                    : is_known          ? share_done(table.rows_done, expected, false)
                                        : "",
                    with_commas(table.changes), rate_text(row.rate), left_text(left_ms)));
  }

  std::string table_line(int name_width, std::string_view name, std::string_view rows, std::string_view expected,
                         std::string_view share, std::string_view changes, std::string_view rate_now,
                         std::string_view left_now) const {
    std::string out = "  " + left(name, name_width);
    if (now_.snapshot_selected) out += right(rows, 13) + right(expected, 13) + right(share, 6);
    out += right(changes, 11) + right(rate_now, 9);
    if (now_.snapshot_selected && !now_.snapshot_done) out += right(left_now, 8);
    return out;
  }

  std::size_t count_instance_lines() const {
    std::size_t count = now_.instances.empty() ? 0 : 2 + now_.instances.size();
    for (const InstanceProgress& instance : now_.instances) count += !instance.problem.empty();
    return count;
  }

  void instances() {
    if (now_.instances.empty()) return;
    int address_width = 8, position_width = 8;
    for (const InstanceProgress& instance : now_.instances) {
      address_width = std::max(address_width, display_width(printable(instance.address)));
      position_width = std::max(position_width, display_width(printable(instance.position)));
    }
    address_width = std::min(address_width, std::max(14, screen_.width / 3));
    position_width = std::min(position_width, std::max(12, screen_.width - address_width - 2 - 2 - 36));
    line("", "");
    line(dim(screen_),
         instance_line(address_width, position_width, "instance", "position", "delay", "changes", "open XA"));
    for (const InstanceProgress& instance : now_.instances) {
      line("", instance_line(
                   address_width, position_width, printable(instance.address),
                   instance.position.empty() ? std::string(phase_name(instance.phase)) : printable(instance.position),
                   instance.delay_ms ? human_delay(*instance.delay_ms) : "", with_commas(instance.changes),
                   with_commas(instance.xa_open)));
      if (!instance.problem.empty())
        line(red(screen_), fmt::format("  ! {}{}", retry_text(instance), printable(instance.problem)));
      if (!instance.problem.empty() && instance.gives_up_in_ms > 0)
        line(red(screen_), fmt::format("    failing for {}, given up in {}", human_duration(instance.failing_for_ms),
                                       human_duration(instance.gives_up_in_ms)));
    }
  }

  static std::string retry_text(const InstanceProgress& instance) {
    if (instance.attempts == 0) return "";
    if (instance.retry_in_ms <= 0) return fmt::format("attempt {}: ", instance.attempts);
    return fmt::format("attempt {}, next in {}: ", instance.attempts, human_delay(instance.retry_in_ms));
  }

  static std::string instance_line(int address_width, int position_width, std::string_view address,
                                   std::string_view position, std::string_view delay, std::string_view changes,
                                   std::string_view xa_open) {
    return "  " + left(address, address_width) + "  " + left(position, position_width) + right(delay, 12) +
           right(changes, 15) + right(xa_open, 9);
  }

  const Progress* earlier_;
  const Progress& now_;
  const Screen& screen_;
  std::int64_t between_ms_;
  std::vector<std::string> lines_;
};

}  // namespace

std::string_view phase_name(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::schema:
      return "schema migration";
    case Phase::snapshot:
      return "full data migration";
    case Phase::streaming:
      return "incremental data migration";
    case Phase::retrying:
      return "retrying";
    case Phase::stopping:
      return "stopping";
    case Phase::done:
      return "done";
    case Phase::failed:
      return "failed";
  }
  return "?";
}

std::vector<std::string> render_screen(const Progress* earlier, const Progress& now, const Screen& screen) {
  return ScreenText(earlier, now, screen).render();
}

}  // namespace tributary::cli
