#include "cli/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/json.h"
#include "cli/text.h"

namespace tributary::cli {

std::string error_text(const base::Error& error) {
  // Some messages are a table: its lines stay lines, whatever else is in them.
  const std::string message = error.message();
  std::string out = "tributary: ";
  for (std::size_t begin = 0; begin <= message.size();) {
    const std::size_t end = std::min(message.find('\n', begin), message.size());
    out += fmt::format("{}{}\n", begin == 0 ? "" : "    ",
                       printable(std::string_view(message).substr(begin, end - begin)));
    begin = end + 1;
  }
  if (!error.info().remedy.empty()) out += fmt::format("  what to do: {}\n", error.info().remedy);
  return out;
}

std::string error_json(const base::Error& error) { return error_json(error, base::exit_code(error)); }

std::string error_json(const base::Error& error, int exit_code) {
  std::string out;
  JsonObject outer(out);
  JsonObject object(outer.key("error"));
  object.text("code", error.info().name);
  object.text("text", error.info().text);
  object.text("what", error.what);
  object.text("where", error.where);
  object.text("remedy", error.info().remedy);
  object.text("class", base::to_string(error.info().error_class));
  object.number("exit_code", exit_code);
  object.close();
  outer.close();
  return out;
}

int report(const base::Error& error, bool json) { return report(error, json, base::exit_code(error)); }

int report(const base::Error& error, bool json, int exit_code) {
  if (json) {
    fmt::print("{}\n", error_json(error, exit_code));
    std::fflush(stdout);
  } else {
    fmt::print(stderr, "{}", error_text(error));
  }
  return exit_code;
}

}  // namespace tributary::cli
