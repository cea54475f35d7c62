#include "front/answer.h"

#include <fmt/format.h>

namespace tributary::lab {

std::unexpected<SqlError> product_fail(int code, std::string_view name, std::string_view text) {
  return sql_fail(static_cast<std::uint16_t>(code), "HY000",
                  fmt::format("ERR-CODE: [TDDL-{}][{}] {}", code, name, text));
}

std::unexpected<SqlError> unknown_table(std::string_view name) {
  return sql_fail(1146, "42S02",
                  fmt::format("ERR-CODE: [TDDL-4006][ERR_TABLE_NOT_EXIST] Table '{}' doesn't exist.", name));
}

std::unexpected<SqlError> syntax_error(std::string_view near) {
  return sql_fail(1064, "42000",
                  fmt::format("ERR-CODE: [TDDL-4500][ERR_PARSER] syntax error near '{}'", near.substr(0, 80)));
}

std::unexpected<SqlError> not_supported(std::string_view what) {
  return sql_fail(1235, "42000",
                  fmt::format("ERR-CODE: [TDDL-4503][ERR_NOT_SUPPORT] {} is not supported by this stand-in", what));
}

SqlError from_storage(const base::Error& error, unsigned number) {
  SqlError out;
  out.number = static_cast<std::uint16_t>(number == 0 ? 1105 : number);
  // The connection words it "1062 (23000): Duplicate entry ...".
  const std::size_t open = error.what.find('('), close = error.what.find("): ");
  std::string_view text = error.what;
  if (open != std::string::npos && close == open + 6) {
    out.state = error.what.substr(open + 1, 5);
    text.remove_prefix(close + 3);
  }
  // An unknown column comes back as 3009, as the product's planner answers it.
  if (number == 1054) {
    out.number = 3009;
    out.state = "HY000";
  }
  out.text = fmt::format("ERR-CODE: [TDDL-4614][ERR_EXECUTE_ON_MYSQL] {}", text);
  return out;
}

}  // namespace tributary::lab
