// What the front answers to one statement: a result set, an OK, or an error with MySQL's number and state.
// Threads: values.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "base/error.h"
#include "mysql/connection.h"

namespace tributary::lab {

// What travels in an ERR packet. `text` without the product's prefix, which the session puts in front.
struct SqlError {
  std::uint16_t number = 1105;
  std::string state = "HY000";
  std::string text;
};

template <typename T>
using Answer = std::expected<T, SqlError>;

struct Outcome {
  std::optional<mysql::Table> table;
  std::uint64_t affected = 0;
  std::uint64_t insert_id = 0;
};

inline std::unexpected<SqlError> sql_fail(std::uint16_t number, std::string state, std::string text) {
  return std::unexpected(SqlError{number, std::move(state), std::move(text)});
}
// The product's own errors: ERR-CODE: [TDDL-nnnn][NAME] text.
std::unexpected<SqlError> product_fail(int code, std::string_view name, std::string_view text);
std::unexpected<SqlError> unknown_table(std::string_view name);
std::unexpected<SqlError> syntax_error(std::string_view near);
std::unexpected<SqlError> not_supported(std::string_view what);

// A storage instance's refusal, with the number and state it gave.
SqlError from_storage(const base::Error& error, unsigned number);

}  // namespace tributary::lab
