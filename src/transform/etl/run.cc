#include <fmt/format.h>

#include "transform/etl/evaluate.h"
#include "transform/etl/scalars.h"

namespace tributary::transform::etl {

using model::Operation;
using model::Value;

namespace {

constexpr std::size_t key_columns_shown_max = 8;

[[gnu::cold]] base::Error failure_error(const Plan& plan, const Scratch& scratch, std::span<const Value> row) {
  const Node& n = plan.nodes[scratch.failure.node];
  std::string where = fmt::format("{}.{}, script {}", plan.output->database, plan.output->table, n.place.text());
  Arena arena;
  const auto& identity = plan.output->identity;
  for (std::size_t i = 0; i < identity.size() && i < key_columns_shown_max; ++i) {
    std::string problem;
    const Datum d = load(plan.columns[identity[i]], row[identity[i]], arena, problem);
    where += fmt::format("{}{} = {}", i == 0 ? ", key " : ", ", plan.output->columns[identity[i]].name,
                         d.is_failed() ? "(unreadable)" : show(d));
  }
  std::string what = scratch.failure.text;
  for (const FunctionInfo& function : functions()) {
    if (function.op == n.op) what = fmt::format("{}: {}", function.name, what);
  }
  return {base::ErrorCode::etl_value, std::move(what), std::move(where)};
}

}  // namespace

base::Result<Outcome> EtlProgram::run(const Change& change, Scratch& scratch, std::vector<Value>& before_out,
                                      std::vector<Value>& after_out) const {
  const Plan& plan = *plan_;
  scratch.arena.reset();
  before_out.clear();
  after_out.clear();
  const bool has_before = change.operation == Operation::update || change.operation == Operation::delete_;
  const bool has_after = change.operation != Operation::delete_;
  if (change.before.size() != (has_before ? plan.source_columns : 0) ||
      change.after.size() != (has_after ? plan.source_columns : 0)) [[unlikely]] {
    return base::fail(base::ErrorCode::data_schema_mismatch,
                      fmt::format("{} with {} and {} values for {} columns", model::to_string(change.operation),
                                  change.before.size(), change.after.size(), plan.source_columns),
                      plan.output->database + "." + plan.output->table);
  }
  Outcome outcome;
  // The image that decides goes first: the other one of a dropped change is not needed.
  for (const bool is_before : {!has_after, has_after}) {
    if (is_before ? !has_before : !has_after) continue;
    const std::span<const Value> image = is_before ? change.before : change.after;
    std::vector<Value>& out = is_before ? before_out : after_out;
    out.resize(plan.columns.size());
    std::copy(image.begin(), image.end(), out.begin());
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(image.size()), out.end(), Value());
    Evaluation evaluation(plan, change, scratch, out, is_before, is_before != has_after);
    const auto flow = evaluation.run();
    outcome.nulls += evaluation.nulls();
    if (flow == Evaluation::Flow::on) continue;
    before_out.clear();
    after_out.clear();
    if (flow == Evaluation::Flow::dropped) {
      outcome.verdict = Outcome::Verdict::dropped;
      return outcome;
    }
    if (plan.options.policy != ErrorPolicy::skip) return base::fail(failure_error(plan, scratch, image));
    outcome.verdict = Outcome::Verdict::skipped;
    return outcome;
  }
  return outcome;
}

}  // namespace tributary::transform::etl
