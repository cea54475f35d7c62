// One run of a script over one image of a change. Threads: one at a time.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>

#include "transform/etl/plan.h"

namespace tributary::transform::etl {

class Evaluation {
 public:
  // `row` holds the image, with room for the new columns; it is changed in place.
  Evaluation(const Plan& plan, const Change& change, Scratch& scratch, std::span<model::Value> row, bool is_before,
             bool decides)
      : plan_(plan), change_(change), scratch_(scratch), row_(row), is_before_(is_before), decides_(decides) {}

  enum class Flow : std::uint8_t { on, dropped, failed };
  Flow run() { return act(plan_.root); }
  std::uint32_t nulls() const { return nulls_; }

 private:
  static constexpr std::size_t strict_arguments_max = 8;

  const Node& child(const Node& n, std::size_t i) const { return plan_.nodes[plan_.children[n.first + i]]; }

  Flow act(std::uint32_t index);
  Flow set(const Node& n);
  Flow replace_tails(const Node& n);

  Datum value(const Node& n);
  // Of functions that give NULL when an argument is NULL.
  Datum strict(const Node& n);
  Datum numeric(const Node& n, const Datum* a);
  Datum text_function(const Node& n, const Datum* a);  // evaluate_text.cc
  Datum time_function(const Node& n, const Datum* a);  // evaluate_time.cc

  Datum column_value(const Node& n, const model::Value& value);
  Datum all_or_any(const Node& n, bool is_all);
  Datum logic(const Node& n);
  Datum calculate(const Node& n, const Datum& a, const Datum& b);
  Datum is_in(const Node& n, const Datum* a);
  Datum joined(const Node& n, const Datum* a);
  Datum format(const Node& n, const Datum* a);
  Datum replaced(const Node& n, const Datum* a);
  Datum in_case(const Node& n, std::string_view text, bool is_upper);
  Datum masked(const Node& n, const Datum* a);
  Datum moved(const Node& n, const Datum* a);
  Datum from_epoch(const Node& n, Int128 number, std::int64_t unit_micros);
  Datum to_epoch(const Node& n, const Datum& moment, std::int64_t unit_micros);

  // Under ErrorPolicy::null it is NULL, and counted; else the run ends.
  [[gnu::cold]] Datum fail(const Node& n, std::string text);
  Datum too_large(const Node& n) { return fail(n, "the values of this row are too large"); }
  Datum in_range(const Node& n, Int128 number) {
    if (number < integer_min || number > integer_max) [[unlikely]]
      return fail(n, "the result is outside the range of integers");
    return Datum::integer(number);
  }
  char* room(std::size_t bytes) { return scratch_.arena.take(bytes); }

  const Plan& plan_;
  const Change& change_;
  Scratch& scratch_;
  std::span<model::Value> row_;
  bool is_before_;
  bool decides_;
  std::uint32_t nulls_ = 0;
};

}  // namespace tributary::transform::etl
