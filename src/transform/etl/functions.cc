#include "transform/etl/functions.h"

#include <algorithm>
#include <array>
#include <vector>

namespace tributary::transform::etl {
namespace {

constexpr FunctionInfo table[] = {
#define ETL_FUNCTION(op, name, group, parameters, result, signature, text) \
  {Op::op, name, group, parameters, result, signature, text},
#include "transform/etl/functions.def"
#undef ETL_FUNCTION
};

constexpr std::string_view variables[] = {"__DB__",        "__TB__",        "__OPERATION__",
                                          "__OP_INSERT__", "__OP_UPDATE__", "__OP_DELETE__",
                                          "__BEFORE__",    "__AFTER__",     "__COMMIT_TIMESTAMP__"};

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const FunctionInfo> functions() { return table; }

const FunctionInfo* find_function(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &FunctionInfo::name);
  return found == std::end(table) ? nullptr : found;
}

std::string_view mongodb_only(std::string_view name) {
  for (const std::string_view one : {"bson_value", "e_append", "e_remove"}) {
    if (name == one) return one;
  }
  return {};
}

ArgumentCount argument_count(const FunctionInfo& function) {
  ArgumentCount count{0, 0};
  bool is_optional = false;
  for (const char sign : function.parameters) {
    if (sign == '?') {
      is_optional = true;
    } else if (sign == '*') {
      count.most = SIZE_MAX;
    } else {
      count.least += is_optional ? 0 : 1;
      ++count.most;
    }
  }
  return count;
}

char parameter_of(const FunctionInfo& function, std::size_t index) {
  // Conditions and actions take turns.
  if (function.op == Op::e_if || function.op == Op::e_switch) return index % 2 == 0 ? 'b' : 'A';
  char last = 0;
  for (const char sign : function.parameters) {
    if (sign == '?' || sign == '*') continue;
    last = sign;
    if (index-- == 0) return sign;
  }
  return last;
}

std::span<const std::string_view> named_arguments(Op op) {
  static constexpr std::array<std::string_view, 1> of_switch = {"default"};
  static constexpr std::array<std::string_view, 6> of_add = {"years", "months", "days", "hours", "minutes", "seconds"};
  if (op == Op::e_switch) return of_switch;
  if (op == Op::dt_add) return of_add;
  return {};
}

bool is_variable(std::string_view name) { return std::ranges::find(variables, name) != std::end(variables); }

std::string_view nearest_name(std::string_view name) {
  if (name.size() > 64) return {};
  std::string_view nearest;
  std::size_t least = std::min<std::size_t>(3, name.size() / 2 + 1);
  const auto look_at = [&](std::string_view candidate) {
    const std::size_t far = distance(name, candidate);
    if (far >= least) return;
    least = far;
    nearest = candidate;
  };
  for (const FunctionInfo& function : table) look_at(function.name);
  for (const std::string_view variable : variables) look_at(variable);
  return nearest;
}

}  // namespace tributary::transform::etl
