#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/display.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/terminal.h"

namespace tributary::cli {
namespace {

base::log::Level log_level(std::string_view name) {
  if (name == "debug") return base::log::Level::debug;
  if (name == "info") return base::log::Level::info;
  if (name == "error") return base::log::Level::error;
  return base::log::Level::warn;
}

int check_only(const task::TaskSpec& spec, const RunArguments& arguments) {
  if (arguments.print) {
    fmt::print("{}", spec.canonical_yaml());
  } else if (arguments.json) {
    std::string out;
    JsonObject object(out);
    object.text("event", "checked");
    object.text("task", spec.name);
    object.text("fingerprint", spec.fingerprint());
    object.close();
    fmt::print("{}\n", out);
  } else {
    fmt::print("{}: the task file of `{}` is well-formed\n", arguments.file, spec.name);
  }
  return 0;
}

Display::Mode display_mode(const RunArguments& arguments) {
  if (arguments.json) return Display::Mode::json;
  return is_terminal(STDOUT_FILENO) ? Display::Mode::screen : Display::Mode::lines;
}

}  // namespace

int command_run(const RunArguments& arguments, const Doors& doors) {
  base::log::configure(log_level(arguments.log_level), arguments.json);
  const auto spec = task::load_task(arguments.file);
  if (!spec) return report(spec.error(), arguments.json);
  if (arguments.check || arguments.print) return check_only(*spec, arguments);

  std::signal(SIGPIPE, SIG_IGN);  // a lost connection is an error to report, not the end of the process
  base::CancelToken cancel;
  Display display(display_mode(arguments));
  base::Status status;
  {
    const StopSignals signals([&] {
      cancel.request();
      display.asked_to_stop();
    });
    status = doors.run(*spec,
                       {.accept_topology = arguments.accept_topology,
                        .until_caught_up = arguments.until == "caught-up",
                        .accept_structure = arguments.accept_structure},
                       cancel, [&](const pipeline::Progress& progress) { display.show(progress); });
  }
  if (!status && !status.error().is_cancelled()) {
    if (display.failed(status.error())) return base::exit_code(status.error());
    return report(status.error(), arguments.json);
  }
  display.ended(cancel.requested());
  return 0;
}

}  // namespace tributary::cli
