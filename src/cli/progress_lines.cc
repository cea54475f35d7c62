#include <fmt/format.h>

#include <algorithm>

#include "cli/json.h"
#include "cli/progress_numbers.h"
#include "cli/progress_text.h"
#include "cli/text.h"

namespace tributary::cli {
namespace {

using pipeline::InstanceProgress;
using pipeline::Progress;
using pipeline::TableProgress;

std::string_view phase_word(pipeline::Phase phase) {
  switch (phase) {
    case pipeline::Phase::starting:
      return "starting";
    case pipeline::Phase::schema:
      return "schema";
    case pipeline::Phase::snapshot:
      return "snapshot";
    case pipeline::Phase::streaming:
      return "streaming";
    case pipeline::Phase::retrying:
      return "retrying";
    case pipeline::Phase::stopping:
      return "stopping";
    case pipeline::Phase::done:
      return "done";
    case pipeline::Phase::failed:
      return "failed";
  }
  return "?";
}

std::string stamped(const Progress& now, std::string_view text) {
  return fmt::format("[{}] {}: {}", human_duration(now.elapsed_ms), printable(now.task), text);
}

std::optional<std::int64_t> longest_delay(const Progress& now) {
  std::optional<std::int64_t> longest;
  for (const InstanceProgress& instance : now.instances) {
    if (instance.delay_ms) longest = std::max(longest.value_or(0), *instance.delay_ms);
  }
  return longest;
}

void append_table(std::string& out, const TableProgress& table) {
  JsonObject object(out);
  object.text("db", table.database);
  object.text("table", table.table);
  object.number("rows_done", table.rows_done);
  object.number("rows_estimated", table.rows_estimated);
  object.number("changes", table.changes);
  object.number("left_out", table.left_out);
  object.number("script_skipped", table.skipped);
  object.number("script_nulls", table.nulls);
  object.number("shards", table.shards);
  object.number("shards_done", table.shards_done);
  object.boolean("snapshot_done", table.snapshot_done);
  object.close();
}

void append_instance(std::string& out, const InstanceProgress& instance) {
  JsonObject object(out);
  object.text("address", instance.address);
  object.text("server_version", instance.server_version);
  object.text("phase", phase_word(instance.phase));
  object.text("position", instance.position);
  object.text("checkpoint", instance.checkpoint);
  if (instance.delay_ms)
    object.number("delay_ms", *instance.delay_ms);
  else
    object.null("delay_ms");
  object.number("changes", instance.changes);
  object.number("xa_open", instance.xa_open);
  if (!instance.problem.empty()) {
    object.text("problem", instance.problem);
    object.number("attempts", instance.attempts);
    object.number("retry_in_ms", instance.retry_in_ms);
    object.number("failing_for_ms", instance.failing_for_ms);
    object.number("gives_up_in_ms", instance.gives_up_in_ms);
  }
  object.close();
}

void append_error(std::string& out, const base::Error& error) {
  JsonObject object(out);
  object.text("code", error.info().name);
  object.text("text", error.info().text);
  object.text("what", error.what);
  object.text("where", error.where);
  object.text("remedy", error.info().remedy);
  object.close();
}

}  // namespace

std::string render_line(const Progress* earlier, const Progress& now) {
  const Totals sum = totals(now);
  std::vector<std::string> parts{std::string(phase_name(now.phase))};
  if (now.snapshot_selected) parts.push_back(rows_text(now, sum));
  parts.push_back(with_commas(sum.changes) + " changes");
  if (earlier) {
    const std::int64_t between_ms = now.elapsed_ms - earlier->elapsed_ms;
    const auto records = rate(earlier->records_acked, now.records_acked, between_ms);
    const auto bytes = rate(earlier->bytes_acked, now.bytes_acked, between_ms);
    if (records) parts.push_back(with_commas(static_cast<std::uint64_t>(*records + 0.5)) + " records/s");
    if (bytes) parts.push_back(human_bytes(*bytes) + "/s");
  }
  if (const auto delay = longest_delay(now)) parts.push_back("delay " + human_delay(*delay));
  if (now.caught_up) parts.push_back("caught up");
  return stamped(now, fmt::format("{}", fmt::join(parts, ", ")));
}

std::string render_summary(const Progress& now, bool stopped) {
  const Totals sum = totals(now);
  return stamped(
      now, fmt::format(
               "{}: {} rows and {} changes read, {} records ({}) delivered{}{}{}{}{}", stopped ? "stopped" : "done",
               with_commas(sum.rows_done), with_commas(sum.changes), with_commas(now.records_acked),
               human_bytes(static_cast<double>(now.bytes_acked)), now.exactly_once ? " exactly once" : "",
               sum.left_out > 0 ? fmt::format(", {} left out", with_commas(sum.left_out)) : "",
               now.dead_letters > 0 ? fmt::format(", {} to the dead-letter topic", with_commas(now.dead_letters)) : "",
               sum.skipped + sum.nulls > 0 ? fmt::format(", the script failed on {} rows and {} values",
                                                         with_commas(sum.skipped), with_commas(sum.nulls))
                                           : "",
               stopped ? "; started again, it goes on from here" : ""));
}

std::string render_json(const Progress& now, std::string_view event, const base::Error* error) {
  const Totals sum = totals(now);
  std::string out;
  JsonObject object(out);
  object.text("event", event);
  object.text("task", now.task);
  object.text("phase", phase_word(now.phase));
  object.number("elapsed_ms", now.elapsed_ms);
  object.text("delivery", now.exactly_once ? "exactly_once" : "at_least_once");
  object.boolean("snapshot_selected", now.snapshot_selected);
  object.boolean("snapshot_done", now.snapshot_done);
  object.boolean("caught_up", now.caught_up);
  object.number("rows_done", sum.rows_done);
  object.number("rows_expected", sum.rows_expected);
  object.number("changes", sum.changes);
  object.number("records_sent", now.records_sent);
  object.number("records_acked", now.records_acked);
  object.number("bytes_acked", now.bytes_acked);
  object.number("dead_letters", now.dead_letters);
  object.number("left_out", sum.left_out);
  object.number("script_skipped", sum.skipped);
  object.number("script_nulls", sum.nulls);
  if (!now.destination_problem.empty()) object.text("destination_problem", now.destination_problem);
  append_list(object.key("tables"), now.tables, append_table);
  append_list(object.key("instances"), now.instances, append_instance);
  if (error) append_error(object.key("error"), *error);
  object.close();
  return out;
}

std::vector<std::string> ProgressLines::changed_problems(const Progress& now) {
  std::vector<std::string> lines;
  const auto compare = [&](const std::string& address, const std::string& problem, const std::string& retry) {
    std::string& known = problems_[address];
    if (known == problem) return;
    const std::string name = address.empty() ? "destination" : "instance " + printable(address);
    lines.push_back(stamped(
        now, problem.empty() ? name + ": works again" : fmt::format("{}: {}{}", name, printable(problem), retry)));
    known = problem;
  };
  compare("", now.destination_problem, "");
  for (const InstanceProgress& instance : now.instances) {
    compare(instance.address, instance.problem,
            instance.attempts == 0
                ? ""
                : fmt::format(" (attempt {}, next in {})", instance.attempts, human_delay(instance.retry_in_ms)));
  }
  return lines;
}

std::vector<std::string> ProgressLines::take(const Progress& now) {
  std::vector<std::string> lines = changed_problems(now);
  if (now.phase == pipeline::Phase::done || now.phase == pipeline::Phase::failed)
    return lines;  // the last words follow
  const bool due = !printed_ || printed_->phase != now.phase || printed_->snapshot_done != now.snapshot_done ||
                   printed_->caught_up != now.caught_up || now.elapsed_ms - printed_->elapsed_ms >= interval_ms_;
  if (!due) return lines;
  lines.push_back(render_line(printed_ ? &*printed_ : nullptr, now));
  printed_ = now;
  return lines;
}

}  // namespace tributary::cli
