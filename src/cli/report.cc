#include "cli/report.h"

#include <fmt/format.h>

#include <cstdio>

#include "cli/json.h"
#include "cli/text.h"

namespace tributary::cli {

std::string error_text(const base::Error& error) {
  std::string out = "tributary: " + printable(error.message()) + "\n";
  if (!error.info().remedy.empty()) out += fmt::format("  what to do: {}\n", error.info().remedy);
  return out;
}

std::string error_json(const base::Error& error) {
  std::string out;
  JsonObject outer(out);
  JsonObject object(outer.key("error"));
  object.text("code", error.info().name);
  object.text("text", error.info().text);
  object.text("what", error.what);
  object.text("where", error.where);
  object.text("remedy", error.info().remedy);
  object.text("class", base::to_string(error.info().error_class));
  object.number("exit_code", base::exit_code(error));
  object.close();
  outer.close();
  return out;
}

int report(const base::Error& error, bool json) {
  if (json) {
    fmt::print("{}\n", error_json(error));
    std::fflush(stdout);
  } else {
    fmt::print(stderr, "{}", error_text(error));
  }
  return base::exit_code(error);
}

}  // namespace tributary::cli
