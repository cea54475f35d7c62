// Walks a compiled condition for one row. NULL is told by a false return or Datum::is_null; an error of the row is kept
// and ends the test. Threads: one at a time.
#pragma once

#include <optional>
#include <span>

#include "transform/filter/arena.h"
#include "transform/filter/program.h"

namespace tributary::transform::filter {

class Evaluator {
 public:
  Evaluator(const Program& program, std::span<const model::Value> row, Arena& arena)
      : program_(program), row_(row), arena_(arena) {}

  Filter::Verdict truth(const Node& node);
  const std::optional<base::Error>& error() const { return error_; }

 private:
  using Verdict = Filter::Verdict;

  // Each gives the node's value as that kind; false for NULL (or an error).
  bool integer(const Node& node, std::int64_t& out);  // integers, and dates and times as numbers
  bool real(const Node& node, double& out);
  bool decimal(const Node& node, Decimal& out);
  bool text(const Node& node, std::string_view& out);
  bool packed(const Node& node, std::int64_t& out);
  bool evaluate(const Node& node, Datum& out);  // as the node's own kind

  // evaluate.cc
  bool column(const Node& node, Datum& out);
  bool wrong_value(const Node& node);
  bool out_of_range(const Node& node, std::string_view kind);
  bool fails(const Node& node, std::string what);
  std::string_view labels_text(const Node& node, std::uint64_t number);
  std::optional<int> compare(const Node& a, const Node& b, Comparison by, const Collation* collation);
  Verdict compared(const Node& node);
  Verdict in_list(const Node& node);
  Verdict between(const Node& node);
  bool choice(const Node& node, Datum& out);
  bool as(const Node& node, const Type& type, Datum& out);  // converted to what a choice gives

  // evaluate_number.cc
  bool arithmetic(const Node& node, Datum& out);
  bool integer_arithmetic(const Node& node, Datum& out);
  bool decimal_arithmetic(const Node& node, Datum& out);
  bool real_arithmetic(const Node& node, Datum& out);
  bool number_call(const Node& node, Datum& out);
  bool extreme(const Node& node, Datum& out);
  bool conversion(const Node& node, Datum& out);

  // evaluate_text.cc
  bool text_call(const Node& node, Datum& out);
  bool text_made(const Node& node, Datum& out);
  bool locate(const Node& node, Datum& out);
  bool pad(const Node& node, Datum& out);

  // evaluate_time.cc
  bool time_call(const Node& node, Datum& out);
  bool date_add(const Node& node, Datum& out);
  bool date_format(const Node& node, Datum& out);

  const Program& program_;
  std::span<const model::Value> row_;
  Arena& arena_;
  std::optional<base::Error> error_;
};

}  // namespace tributary::transform::filter
