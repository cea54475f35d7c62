#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/report.h"
#include "task/spec_reader.h"

namespace tributary::cli {
namespace {

using base::ErrorInfo;

std::vector<const ErrorInfo*> catalogue() {
  std::vector<const ErrorInfo*> all;
  for (std::size_t i = 0; i < base::error_code_count(); ++i) {
    all.push_back(&base::error_info(static_cast<base::ErrorCode>(i)));
  }
  return all;
}

void print_entry(const ErrorInfo& info, bool json) {
  const int exit_code = base::exit_code({info.code, "", ""});
  if (!json) {
    fmt::print("{}  ({}, exit code {})\n  {}\n", info.name, base::to_string(info.error_class), exit_code, info.text);
    if (!info.remedy.empty()) fmt::print("  what to do: {}\n", info.remedy);
    return;
  }
  std::string out;
  JsonObject object(out);
  object.text("code", info.name);
  object.text("text", info.text);
  object.text("remedy", info.remedy);
  object.text("class", base::to_string(info.error_class));
  object.number("exit_code", exit_code);
  object.close();
  fmt::print("{}\n", out);
}

}  // namespace

int command_errors(const ErrorsArguments& arguments) {
  std::vector<std::string_view> names;
  bool found = false;
  for (const ErrorInfo* info : catalogue()) {
    names.push_back(info->name);
    if (!arguments.code.empty() && info->name != arguments.code) continue;
    if (found && !arguments.json) fmt::print("\n");
    print_entry(*info, arguments.json);
    found = true;
  }
  if (found) return 0;
  return report({base::ErrorCode::usage,
                 fmt::format("there is no error code {}{}", task::quote(arguments.code),
                             task::did_you_mean(arguments.code, names)),
                 ""},
                arguments.json);
}

}  // namespace tributary::cli
