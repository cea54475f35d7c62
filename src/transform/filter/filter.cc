#include "transform/filter/filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "transform/filter/compiler.h"
#include "transform/filter/evaluator.h"
#include "transform/filter/syntax.h"

namespace tributary::transform {
namespace {

// A number or text that stands for a condition, itself or between ANDs: MySQL 5.6 takes it for an integer behind WHERE.
bool has_bare_value(const filter::Node& node) {
  using enum filter::Operation;
  if (node.operation == and_ || node.operation == or_ || node.operation == not_)
    return std::ranges::any_of(node.args, [](const filter::NodePtr& arg) { return has_bare_value(*arg); });
  return node.type.kind != filter::Kind::integer;
}

constexpr double steps_max = 100'000;

// Nodes that a row can lead through: what is compared with several others is evaluated for each of them.
double steps(const filter::Node& node) {
  using enum filter::Operation;
  const bool is_compared = node.operation >= equal && node.operation <= between;
  const bool is_of_first = is_compared || node.operation == case_of || node.operation == null_if;
  double all = 1;
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    const double times = is_compared && node.operation < in ? 2
                         : is_of_first && i == 0            ? static_cast<double>(node.args.size())
                                                            : 1;
    all += times * steps(*node.args[i]);
  }
  return all;
}

}  // namespace

using base::ErrorCode;
using base::fail;
using base::Result;

Filter::Scratch::Scratch() : arena_(std::make_unique<filter::Arena>()) {}
Filter::Scratch::Scratch(Scratch&&) noexcept = default;
Filter::Scratch& Filter::Scratch::operator=(Scratch&&) noexcept = default;
Filter::Scratch::~Scratch() = default;

Filter::Filter(std::shared_ptr<const filter::Program> program) : program_(std::move(program)) {}

Result<Filter> Filter::compile(std::string_view condition, const model::TableSchema& schema, const Dialect& server) {
  constexpr std::size_t bytes_max = 64 << 10;
  if (condition.size() > bytes_max)
    return fail(ErrorCode::filter_unsupported, fmt::format("a condition of more than {} bytes", bytes_max), "1:1");
  TRY_VALUE(filter::SyntaxPtr syntax, filter::parse(condition));
  filter::Compiler compiler(condition, schema, server);
  auto program = std::make_shared<filter::Program>();
  program->dialect = server;
  TRY_VALUE(program->root, compiler.compile(*syntax));
  TRY(compiler.truth_value(*program->root));
  if (steps(*program->root) > steps_max)
    return fail(ErrorCode::filter_unsupported, "comparisons nested so deeply that a row would take too long", "1:1");
  program->condition = condition;
  program->sql =
      has_bare_value(*program->root) ? fmt::format("(({}) IS TRUE)", condition) : fmt::format("({})", condition);
  program->canonical = filter::print(*syntax);
  program->columns.assign(compiler.columns().begin(), compiler.columns().end());
  program->column_count = schema.columns.size();
  return Filter(std::move(program));
}

Result<Filter::Verdict> Filter::test(std::span<const model::Value> row, Scratch& scratch) const {
  if (row.size() != program_->column_count)
    return fail(ErrorCode::filter_value,
                fmt::format("a row of {} columns in place of {}", row.size(), program_->column_count), "1:1");
  scratch.arena_->clear();
  filter::Evaluator evaluator(*program_, row, *scratch.arena_);
  const Verdict found = evaluator.truth(*program_->root);
  if (evaluator.error()) [[unlikely]]
    return fail(*evaluator.error());
  return found;
}

const std::string& Filter::sql() const { return program_->sql; }
const std::string& Filter::canonical() const { return program_->canonical; }
const std::vector<std::uint32_t>& Filter::columns() const { return program_->columns; }

}  // namespace tributary::transform
