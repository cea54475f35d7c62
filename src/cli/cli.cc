#include "cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/report.h"
#include "task/spec_reader.h"

namespace tributary::cli {
namespace {

using base::ErrorCode;

// The command line as CLI11 knows it, with the words of each option whose value is one of a few: CLI11 checks them,
// and the completion scripts offer them.
class CommandLine {
 public:
  CommandLine()
      : app_("Carries sharded MySQL databases into Kafka: schema, full data, then every change.", "tributary") {
    app_.footer(std::string(main_footer()));
    app_.set_version_flag("--version", version_text(), "print the version");
    app_.require_subcommand(1);
    add_run();
    add_tail();
    add_binlog();
    add_schema();
    add_topology();
    add_objects();
    add_verify();
    add_etl();
    add_errors();
    app_.add_subcommand("version", "print the version");
    add_completion();
  }

  CLI::App& app() { return app_; }
  bool chosen(const char* name) const { return app_.got_subcommand(name); }

  RunArguments run;
  TailArguments tail;
  BinlogArguments binlog;
  SchemaArguments schema;
  TopologyArguments topology;
  ObjectsArguments objects;
  VerifyArguments verify;
  EtlArguments etl;
  ErrorsArguments errors;
  std::string shell;

  std::vector<CommandDescription> describe() const {
    std::vector<CommandDescription> commands;
    for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; })) {
      CommandDescription description{.name = command->get_name(), .help = command->get_description()};
      static const std::set<std::string_view> with_files = {"run",     "tail",   "binlog", "topology",
                                                            "objects", "schema", "verify", "etl"};
      description.takes_file = with_files.contains(description.name);
      for (const CLI::Option* option : command->get_options()) {
        const auto choices = choices_.find(option);
        const auto words = choices == choices_.end() ? std::vector<std::string>{} : choices->second;
        if (option->get_positional() && !words.empty()) description.choices = words;
        if (option->get_lnames().empty()) continue;
        description.options.push_back({.name = "--" + option->get_lnames().front(),
                                       .help = option->get_description(),
                                       .takes_value = option->get_type_size() > 0,
                                       .choices = words});
      }
      if (description.name == "errors") description.choices = error_names();
      commands.push_back(std::move(description));
    }
    return commands;
  }

 private:
  static std::vector<std::string> error_names() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < base::error_code_count(); ++i)
      names.emplace_back(base::error_info(static_cast<ErrorCode>(i)).name);
    return names;
  }

  void choose(CLI::Option* option, std::vector<std::string> words) {
    option->check([words](const std::string& given) -> std::string {
      if (std::ranges::find(words, given) != words.end()) return {};
      const std::vector<std::string_view> views(words.begin(), words.end());
      return fmt::format("{} is not one of {}{}", task::quote(given), fmt::join(words, ", "),
                         task::did_you_mean(given, views));
    });
    choices_[option] = std::move(words);
  }

  void add_run() {
    CLI::App* command = app_.add_subcommand("run", "run a task in the foreground, until it is done or Ctrl-C");
    command->add_option("task", run.file, "the task file")->required()->type_name("TASK.yaml");
    choose(command->add_option("--until", run.until, "end when: caught-up (full load done, changes up to then carried)")
               ->type_name("WHEN"),
           {"caught-up"});
    command->add_flag("--accept-structure", run.accept_structure,
                      "take a table's present structure where the task stopped at a statement, once");
    command->add_flag("--json", run.json, "progress as one JSON object a line, once a second");
    command->add_flag("--accept-topology", run.accept_topology,
                      "go on although shards moved or tables came or went; see `tributary topology`");
    command->add_flag("--check", run.check, "read and check the task file, then end");
    command->add_flag("--print", run.print, "print the task in full, defaults filled in, secrets masked, then end");
    choose(command
               ->add_option("--log-level", run.log_level,
                            "what goes to standard error: debug, info, warn (default), error")
               ->type_name("LEVEL"),
           {"debug", "info", "warn", "error"});
    command->footer(run_footer());
  }

  void add_tail() {
    CLI::App* command = app_.add_subcommand("tail", "print the records of a topic, decoded");
    command->add_option("task", tail.file, "the task file: its brokers and topics")->type_name("TASK.yaml");
    command->add_option("--brokers", tail.brokers, "instead of a task file: host:port[,host:port...]")
        ->type_name("LIST");
    command->add_option("--topic", tail.topics, "topic to read; may be repeated")
        ->type_name("TOPIC")
        ->allow_extra_args(false);
    choose(command->add_option("--security", tail.security, "plaintext (default), plain or scram-sha-256")
               ->type_name("HOW"),
           {"plaintext", "plain", "scram-sha-256"});
    command->add_option("--username", tail.username, "with plain and scram-sha-256")->type_name("NAME");
    command->add_option("--password-env", tail.password_env, "environment variable that holds the password")
        ->type_name("VARIABLE");
    command->add_option("--password-file", tail.password_file, "file whose first line is the password")
        ->type_name("PATH");
    command->add_flag("--tls", tail.tls, "encrypt the connection");
    command->add_option("--ca", tail.ca, "PEM file that signed the brokers' certificates; implies --tls")
        ->type_name("PATH");
    command->add_option("--partition", tail.partitions, "only this partition; may be repeated")
        ->type_name("N")
        ->allow_extra_args(false);
    command->add_option("--from", tail.from, "beginning (default), end, a time (RFC 3339) or milliseconds since 1970")
        ->type_name("WHERE");
    choose(command->add_option("--until", tail.until, "stop at: end (what is in the topic now); default: go on")
               ->type_name("WHERE"),
           {"end"});
    command->add_option("--limit", tail.limit, "stop after so many records")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
    command->add_option("--table", tail.tables, "only this db.table, or all of this db; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    choose(command->add_option("--op", tail.operations, "only this operation; may be repeated")
               ->type_name("OP")
               ->allow_extra_args(false)
               ->transform(upper_case),
           {"INSERT", "UPDATE", "DELETE", "INIT", "DDL", "BEGIN", "COMMIT", "HEARTBEAT"});
    command->add_flag("--json", tail.json, "one JSON object a line");
    command->footer(std::string(tail_footer()));
  }

  void add_schema() {
    CLI::App* command = app_.add_subcommand("schema", "print what DDL statements in files make of tables");
    command->add_option("files", schema.files, "files of SQL statements in their order; - for input")
        ->required()
        ->type_name("FILE.sql");
    choose(command->add_option("--dialect", schema.dialect, "mysql (default) or mariadb")->type_name("NAME"),
           {"mysql", "mariadb"});
    command->add_option("--server-version", schema.server_version, "as the server says it; default: 8.0.36 or 10.11.0")
        ->type_name("X.Y.Z");
    command->add_option("--database", schema.database, "where the first statement runs; default: test")
        ->type_name("NAME");
    command->add_flag("--json", schema.json, "one JSON object a line, the last one with all tables");
    command->footer(std::string(schema_footer()));
  }

  void add_binlog() {
    CLI::App* command =
        app_.add_subcommand("binlog", "print what is in binlog files, rows decoded, without their server");
    command
        ->add_option("files", binlog.files, "binlog or relay log files in their order, plain or gzip'ed; - for input")
        ->required()
        ->type_name("FILE");
    command->add_option("--from", binlog.from, "skip what begins before this position of the first file")
        ->type_name("POS");
    command->add_option("--to", binlog.to, "end at this position of the last file")->type_name("POS");
    command->add_option("--table", binlog.tables, "only this db.table, or all of this db; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command->add_flag("--rows,!--no-rows", binlog.rows, "print rows (default), or events only");
    CLI::Option* statistics =
        command->add_flag("--statistics", binlog.statistics, "count events and rows by type and table instead");
    command->add_flag("--verify", binlog.verify, "read everything, check it, print one line a file")
        ->excludes(statistics);
    command->add_flag("--keep-going", binlog.keep_going, "go on with the next file after a damaged one");
    command->add_flag("--json", binlog.json, "one JSON object a line");
    command->footer(std::string(binlog_footer()));
  }

  void add_topology() {
    CLI::App* command = app_.add_subcommand("topology", "show where a task's tables lie and what has changed");
    command->add_option("task", topology.file, "the task file")->required()->type_name("TASK.yaml");
    command->add_flag("--json", topology.json, "one JSON object");
    command->footer(std::string(topology_footer()));
  }

  void add_objects() {
    CLI::App* command = app_.add_subcommand("objects", "show which tables a task carries, under which names");
    command->add_option("task", objects.file, "the task file")->required()->type_name("TASK.yaml");
    command->add_flag("--db-list", objects.db_list, "print the task's list of objects as a DbList of DTS instead");
    command->add_flag("--json", objects.json, "one JSON object; with --db-list: on one line");
    command->footer(std::string(objects_footer()));
  }

  void add_verify() {
    CLI::App* command = app_.add_subcommand("verify", "compare a task's source with the topic it writes, row by row");
    command->add_option("task", verify.file, "the task file")->required()->type_name("TASK.yaml");
    command->add_option("--table", verify.tables, "only this db.table; may be repeated")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command->add_option("--sample", verify.sample, "compare so many percent of the rows: 10 to 100 (default)")
        ->type_name("PERCENT")
        ->check(CLI::Range(10, 100));
    command->add_option("--rate", verify.rate, "read no more rows a second from the source")
        ->type_name("ROWS")
        ->check(CLI::PositiveNumber);
    command->add_option("--patience", verify.patience_s, "look again for so long at rows that change; default: 60")
        ->type_name("SECONDS")
        ->check(CLI::Range(0, 86'400));
    command->add_option("--show", verify.show, "print so many differences; default: 20")
        ->type_name("N")
        ->check(CLI::NonNegativeNumber);
    command->add_flag("--anew", verify.anew, "read the topic from its beginning, not from where the last verify ended");
    command->add_flag("--repair", verify.repair,
                      "send what makes the topic equal: INIT and DELETE records; the task must not run");
    command->add_flag("--json", verify.json, "one JSON object a line: progress, each difference, a summary");
    command->footer(std::string(verify_footer()));
  }

  void add_etl() {
    CLI::App* command = app_.add_subcommand("etl", "check ETL scripts, and try them on rows of the source");
    choose(command->add_option("action", etl.action, "check, try or functions")->required()->type_name("ACTION"),
           {"check", "try", "functions"});
    command->add_option("task", etl.file, "the task file")->type_name("TASK.yaml");
    command->add_option("--table", etl.tables, "only this db.table; may be repeated; default: all with a script")
        ->type_name("NAME")
        ->allow_extra_args(false);
    CLI::Option* const script =
        command->add_option("--script", etl.script, "in place of the task's scripts")->type_name("TEXT");
    command->add_option("--script-file", etl.script_file, "the same from a file")->type_name("FILE")->excludes(script);
    command->add_option("--rows", etl.rows, "try: so many rows of each table; default: 5")
        ->type_name("N")
        ->check(CLI::Range(1, 100'000));
    choose(command->add_option("--op", etl.operation, "try: as if the rows were inserted (default), updated or deleted")
               ->type_name("OP"),
           {"insert", "update", "delete"});
    command->add_flag("--json", etl.json, "one JSON object a line");
    command->footer(std::string(etl_footer()));
  }

  void add_errors() {
    CLI::App* command = app_.add_subcommand("errors", "explain error codes and what to do about them");
    command->add_option("code", errors.code, "one code, such as source.access_denied; default: all")->type_name("CODE");
    command->add_flag("--json", errors.json, "one JSON object a line");
    command->footer("Examples:\n  tributary errors\n  tributary errors source.binlog_purged");
  }

  void add_completion() {
    CLI::App* command = app_.add_subcommand("completion", "print a completion script for a shell");
    choose(command->add_option("shell", shell, "bash, zsh or fish")->required()->type_name("SHELL"),
           {"bash", "zsh", "fish"});
    command->footer(
        "Examples:\n  source <(tributary completion bash)\n  tributary completion fish > "
        "~/.config/fish/completions/tributary.fish");
  }

  static std::string upper_case(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text;
  }

  CLI::App app_;
  std::map<const CLI::Option*, std::vector<std::string>> choices_;
};

int print_completion(const CommandLine& line) {
  const auto commands = line.describe();
  const std::string script = line.shell == "bash"  ? bash_completion(commands)
                             : line.shell == "zsh" ? zsh_completion(commands)
                                                   : fish_completion(commands);
  std::fwrite(script.data(), 1, script.size(), stdout);
  return 0;
}

int dispatch(CommandLine& line, const Doors& doors) {
  if (line.chosen("run")) return command_run(line.run, doors);
  if (line.chosen("tail")) return command_tail(line.tail, doors);
  if (line.chosen("binlog")) return command_binlog(line.binlog, doors);
  if (line.chosen("schema")) return command_schema(line.schema, doors);
  if (line.chosen("topology")) return command_topology(line.topology, doors);
  if (line.chosen("objects")) return command_objects(line.objects, doors);
  if (line.chosen("verify")) return command_verify(line.verify, doors);
  if (line.chosen("etl")) return command_etl(line.etl, doors);
  if (line.chosen("errors")) return command_errors(line.errors);
  if (line.chosen("completion")) return print_completion(line);
  fmt::print("{}\n", version_text());
  return 0;
}

}  // namespace

int run_cli(int argc, const char* const* argv, const Doors& doors) {
  try {
    CommandLine line;
    try {
      line.app().parse(argc, argv);
    } catch (const CLI::Success& help) {
      return line.app().exit(help);
    } catch (const CLI::ParseError& e) {
      return report({ErrorCode::usage, e.what(), ""}, false);
    }
    const int code = dispatch(line, doors);
    std::fflush(stdout);
    return code;
  } catch (const std::exception& e) {
    return report({ErrorCode::internal, e.what(), "command line"}, false);
  }
}

}  // namespace tributary::cli
