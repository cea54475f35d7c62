#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "cli/commands.h"
#include "cli/report.h"
#include "cli/tail_text.h"
#include "cli/terminal.h"

namespace tributary::cli {
namespace {

using base::ErrorCode;
using base::fail;

base::Result<task::Secret> read_password(const TailArguments& arguments) {
  if (!arguments.password_env.empty()) {
    const char* value = std::getenv(arguments.password_env.c_str());
    if (!value)
      return fail(ErrorCode::task_secret_missing, "the environment variable " + arguments.password_env + " is not set");
    return task::Secret(value);
  }
  if (arguments.password_file.empty())
    return fail(ErrorCode::usage, "--security " + arguments.security + " needs --password-env or --password-file");
  std::ifstream file(arguments.password_file);
  if (!file) return fail(ErrorCode::task_secret_missing, "the file can't be read", arguments.password_file);
  std::string text;
  std::getline(file, text);
  if (text.ends_with('\r')) text.pop_back();
  return task::Secret(std::move(text));
}

base::Result<task::KafkaAccess> access_from_flags(const TailArguments& arguments) {
  task::KafkaAccess access;
  if (arguments.brokers.empty()) return fail(ErrorCode::usage, "tail needs a task file, or --brokers and --topic");
  access.brokers = arguments.brokers;
  access.tls = {.enabled = arguments.tls || !arguments.ca.empty(), .ca = arguments.ca};
  if (arguments.security == "plaintext") return access;
  access.security = arguments.security == "plain" ? task::KafkaSecurity::plain : task::KafkaSecurity::scram_sha_256;
  if (arguments.username.empty())
    return fail(ErrorCode::usage, "--security " + arguments.security + " needs --username");
  access.credentials.user = arguments.username;
  TRY_VALUE(access.credentials.password, read_password(arguments));
  return access;
}

base::Result<task::TailOptions> make_options(const TailArguments& arguments) {
  task::TailOptions options;
  if (arguments.file.empty()) {
    TRY_VALUE(options.access, access_from_flags(arguments));
    if (arguments.topics.empty()) return fail(ErrorCode::usage, "tail needs --topic beside --brokers");
  } else {
    if (!arguments.brokers.empty()) return fail(ErrorCode::usage, "tail takes a task file or --brokers, not both");
    TRY_VALUE(const task::TaskSpec spec, task::load_task(arguments.file));
    TRY(spec.destination.require_bare_dts_avro("tail"));
    options.access = spec.destination.kafka;
    if (arguments.topics.empty()) {
      TRY_VALUE(options.topics, task::topics_of(spec.destination));
    }
  }
  if (!arguments.topics.empty()) options.topics = arguments.topics;
  TRY_VALUE(options.from, task::parse_tail_from(arguments.from));
  options.partitions = arguments.partitions;
  options.until_end = arguments.until == "end";
  options.limit = arguments.limit;
  options.tables = arguments.tables;
  options.operations = arguments.operations;
  return options;
}

// Writes lines to standard output; remembers when nobody reads them any more.
class Output {
 public:
  explicit Output(bool flush_each) : flush_each_(flush_each) {}

  bool line(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
    if (flush_each_) std::fflush(stdout);
    if (std::ferror(stdout) != 0 && error_ == 0) error_ = errno;
    return error_ == 0;
  }
  base::Status finish() {
    if (std::fflush(stdout) != 0 && error_ == 0) error_ = errno;
    if (error_ == 0 || error_ == EPIPE) return {};
    return fail(ErrorCode::io, std::strerror(error_), "standard output");
  }

 private:
  bool flush_each_;
  int error_ = 0;
};

}  // namespace

int command_tail(const TailArguments& arguments, const Doors& doors) {
  const auto options = make_options(arguments);
  if (!options) return report(options.error(), arguments.json);

  std::signal(SIGPIPE, SIG_IGN);  // `tail | head` ends by the failed write
  const TailColumns columns = tail_columns(isatty(STDOUT_FILENO) ? terminal_screen(STDOUT_FILENO).width : 160);
  Output output(!options->until_end || isatty(STDOUT_FILENO));
  bool heading_due = !arguments.json;
  base::CancelToken cancel;
  const StopSignals signals([&] { cancel.request(); });
  const auto summary =
      doors.tail(*options, cancel,
                 {.on_record =
                      [&](const task::TailRecord& record) {
                        if (arguments.json) return output.line(tail_json(record));
                        if (heading_due) output.line(tail_heading(columns));
                        heading_due = false;
                        return output.line(tail_line(record, columns));
                      },
                  .on_unreadable =
                      [&](const base::Error& error) {
                        std::fflush(stdout);
                        report(error, arguments.json);
                      },
                  .on_problem = [](const base::Error& error) { fmt::print(stderr, "{}", error_text(error)); }});
  if (const base::Status written = output.finish(); !written) return report(written.error(), false);
  if (!summary) return report(summary.error(), arguments.json);
  return summary->unreadable == 0 ? 0 : base::exit_code({ErrorCode::data_avro_malformed, "", ""});
}

}  // namespace tributary::cli
