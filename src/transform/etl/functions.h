// What functions, variables and refused names the ETL language has, as one table (functions.def). Threads: immutable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tributary::transform::etl {

enum class Op : std::uint8_t {
  constant,
  column,
  operation,    // __OPERATION__
  commit_time,  // __COMMIT_TIMESTAMP__
  choose,       // (a ? b : c)
#define ETL_FUNCTION(op, name, group, parameters, result, signature, text) op,
#include "transform/etl/functions.def"
#undef ETL_FUNCTION
};

struct FunctionInfo {
  Op op;
  std::string_view name;
  std::string_view group;
  std::string_view parameters;  // functions.def says what the signs mean
  char result;
  std::string_view signature;
  std::string_view text;  // what it gives, without a full stop
};

std::span<const FunctionInfo> functions();
// Null: there is none.
const FunctionInfo* find_function(std::string_view name);
// Why a name that others know is none here: only for MongoDB, or of the language this one descends from. Empty: no
// reason.
std::string_view mongodb_only(std::string_view name);

// How many arguments without a name a function takes.
struct ArgumentCount {
  std::size_t least, most;  // most: SIZE_MAX for any number
};
ArgumentCount argument_count(const FunctionInfo& function);
// The sign of argument `index`.
char parameter_of(const FunctionInfo& function, std::size_t index);
// Arguments with names that it takes.
std::span<const std::string_view> named_arguments(Op op);

bool is_variable(std::string_view name);  // __DB__, ...

// The nearest of the functions and variables, for "did you mean"; empty if none is near.
std::string_view nearest_name(std::string_view name);

}  // namespace tributary::transform::etl
