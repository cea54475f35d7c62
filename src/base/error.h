// The one way errors travel: Result<T> with an Error whose code comes from one catalogue (error_catalog.def).
//
// A code carries its DTS-style or own id, a one-line text, a class (what the program does about it), a side (where it
// lies, which decides the exit code) and a remedy (what the user does about it). An Error adds what happened this time
// and where. Context is put in front of `where` on the way up. Threads: values, no shared state.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace tributary::base {

enum class ErrorClass : std::uint8_t {
  retriable,      // may go away by itself: a lost connection, a broker that is down
  bad_data,       // the data can't be carried as it is: needs a decision
  invalid_input,  // what the user gave us is wrong
  conflict,       // another run, a changed topology, a newer state
  cancelled,      // asked to stop
  fatal,          // a bug or a broken machine
};

enum class ErrorSide : std::uint8_t { task, source, destination, data, internal };

enum class ErrorCode : std::uint16_t {
#define TRIBUTARY_ERROR(name, id, cls, side, text, remedy) name,
#include "base/error_catalog.def"
#undef TRIBUTARY_ERROR
};

struct ErrorInfo {
  ErrorCode code;
  std::string_view name;  // source.access_denied
  ErrorClass error_class;
  ErrorSide side;
  std::string_view text;    // one line, no full stop
  std::string_view remedy;  // what the user can do, one or two sentences
};

const ErrorInfo& error_info(ErrorCode code);
// All codes in catalogue order; used for docs/errors.md.
std::size_t error_code_count();
std::string_view to_string(ErrorClass error_class);

struct [[nodiscard]] Error {
  ErrorCode code;
  std::string what;   // this occurrence: values, names, the server's own words
  std::string where;  // file:position, line:column, host:port, db.table

  const ErrorInfo& info() const { return error_info(code); }
  bool is_retriable() const { return info().error_class == ErrorClass::retriable; }
  bool is_cancelled() const { return info().error_class == ErrorClass::cancelled; }
  // Puts a place in front of the present one: "instance 1, " + where.
  Error&& in(std::string_view place) &&;
  // One line: "[code] text: what (at where)".
  std::string message() const;
};

// Process exit code: 0 done, 2 task file, 3 source, 4 destination, 5 data, 1 anything else.
int exit_code(const Error& error);

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string what = {}, std::string where = {}) {
  return std::unexpected(Error{code, std::move(what), std::move(where)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// TRY(expr): leave the function with the error of a Status. TRY_VALUE(decl, expr): bind the value or leave.
#define TRIBUTARY_CONCAT_(a, b) a##b
#define TRIBUTARY_CONCAT(a, b) TRIBUTARY_CONCAT_(a, b)
#define TRY(expr)                                             \
  do {                                                        \
    if (auto try_result_ = (expr); !try_result_) [[unlikely]] \
      return std::unexpected(std::move(try_result_).error()); \
  } while (false)
#define TRY_VALUE(decl, expr) TRY_VALUE_(TRIBUTARY_CONCAT(try_value_, __LINE__), decl, expr)
#define TRY_VALUE_(tmp, decl, expr)                 \
  auto tmp = (expr);                                \
  if (!tmp) [[unlikely]]                            \
    return std::unexpected(std::move(tmp).error()); \
  decl = std::move(*tmp)

}  // namespace tributary::base
