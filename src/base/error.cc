#include "base/error.h"

#include <array>

namespace tributary::base {
namespace {

constexpr ErrorClass retriable = ErrorClass::retriable, bad_data = ErrorClass::bad_data,
                     invalid_input = ErrorClass::invalid_input, conflict = ErrorClass::conflict,
                     cancelled = ErrorClass::cancelled, fatal = ErrorClass::fatal;

constexpr std::array catalog = {
#define TRIBUTARY_ERROR(name, id, cls, side, text, remedy) \
  ErrorInfo{ErrorCode::name, id, cls, ErrorSide::side, text, remedy},
#include "base/error_catalog.def"
#undef TRIBUTARY_ERROR
};

}  // namespace

const ErrorInfo& error_info(ErrorCode code) { return catalog[static_cast<std::size_t>(code)]; }

std::size_t error_code_count() { return catalog.size(); }

std::string_view to_string(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::retriable:
      return "retriable";
    case ErrorClass::bad_data:
      return "bad data";
    case ErrorClass::invalid_input:
      return "invalid input";
    case ErrorClass::conflict:
      return "conflict";
    case ErrorClass::cancelled:
      return "cancelled";
    case ErrorClass::fatal:
      return "fatal";
  }
  return "?";
}

Error&& Error::in(std::string_view place) && {
  where = where.empty() ? std::string(place) : std::string(place) + ", " + where;
  return std::move(*this);
}

std::string Error::message() const {
  std::string line = "[" + std::string(info().name) + "] " + std::string(info().text);
  if (!what.empty()) line += ": " + what;
  if (!where.empty()) line += " (at " + where + ")";
  return line;
}

int exit_code(const Error& error) {
  if (error.is_cancelled()) return 0;
  switch (error.info().side) {
    case ErrorSide::task:
      return 2;
    case ErrorSide::source:
      return 3;
    case ErrorSide::destination:
      return 4;
    case ErrorSide::data:
      return 5;
    case ErrorSide::internal:
      return 1;
  }
  return 1;
}

}  // namespace tributary::base
