#include "cli/cli.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tributary::cli {
namespace {

using base::ErrorCode;
using pipeline::Phase;
using pipeline::Progress;

constexpr std::string_view task_text = R"(name: shop
source: {engine: mysql, host: 127.0.0.1, user: u, password: p}
destination: {engine: kafka, brokers: "127.0.0.1:9092", topic: shop, ddl_topic: ddl}
migration: [full]
objects: {shop: all}
state_dir: state
)";

struct Outcome {
  int code = 0;
  std::string out, err;
};

class Cli : public testing::Test {
 protected:
  Cli() : folder_(std::filesystem::temp_directory_path() / fmt::format("tributary_cli_test_{}", getpid())) {
    std::filesystem::create_directories(folder_);
    std::ofstream(task()) << task_text;
    doors_.run = [](const auto&, const auto&, auto&, const auto&) { return base::Status{}; };
    doors_.tail = [](const auto&, auto&, const auto&) { return task::TailSummary{}; };
  }
  ~Cli() override { std::filesystem::remove_all(folder_); }

  std::string task() const { return folder_ / "shop.yaml"; }
  void run_with(Progress progress, base::Status status) {
    doors_.run = [progress, status](const auto&, const auto&, auto&, const auto& on_progress) {
      on_progress(progress);
      return status;
    };
  }
  Outcome call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "tributary");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = run_cli(static_cast<int>(argv.size()), argv.data(), doors_);
    outcome.out = testing::internal::GetCapturedStdout();
    outcome.err = testing::internal::GetCapturedStderr();
    return outcome;
  }

  std::filesystem::path folder_;
  Doors doors_;
};

TEST_F(Cli, TheExitCodeFollowsTheErrorsSide) {
  for (const auto& [code, exit] : {std::pair{ErrorCode::task_state_in_use, 2},
                                   {ErrorCode::source_access_denied, 3},
                                   {ErrorCode::destination_topic_missing, 4},
                                   {ErrorCode::data_incident, 5},
                                   {ErrorCode::internal, 1},
                                   {ErrorCode::cancelled, 0}}) {
    run_with({.task = "shop"}, base::fail(code, "what", "where"));
    EXPECT_EQ(call({"run", task()}).code, exit) << base::error_info(code).name;
  }
}

TEST_F(Cli, AnErrorIsOneLineAndWhatToDo) {
  run_with({.task = "shop"}, base::fail(ErrorCode::source_access_denied, "user `app`", "10.0.0.1:3306"));
  EXPECT_EQ(call({"run", task()}).err,
            "tributary: [source.access_denied] the source refused the user or password: user `app` (at 10.0.0.1:3306)\n"
            "  what to do: Check user and password, and from which hosts the user may log in.\n");
}

TEST_F(Cli, ATypoInTheTaskFileEndsWithItsPlaceAndCode2) {
  std::ofstream(task(), std::ios::app) << "heartbeet: {}\n";
  const Outcome outcome = call({"run", task()});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(
      outcome.err,
      fmt::format("tributary: [task.unknown_key] unknown key in the task file: `heartbeet` is not a key of a task, did "
                  "you mean `heartbeat`? (at {}:7:1)\n"
                  "  what to do: Remove the key or correct its spelling; `tributary run --help` lists the keys.\n",
                  task()));
}

TEST_F(Cli, UntilCaughtUpReachesTheRun) {
  bool until = false;
  doors_.run = [&](const task::TaskSpec& spec, const task::RunOptions& options, auto&, const auto&) {
    EXPECT_EQ(spec.name, "shop");
    until = options.until_caught_up;
    return base::Status{};
  };
  EXPECT_EQ(call({"run", task(), "--until", "caught-up"}).code, 0);
  EXPECT_TRUE(until);
  const Outcome typo = call({"run", task(), "--until", "cought-up"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("did you mean `caught-up`?"), std::string::npos) << typo.err;
}

TEST_F(Cli, JsonProgressIsOneObjectALineAndEndsWithDone) {
  doors_.run = [](const auto&, const auto&, auto&, const auto& on_progress) {
    for (const std::int64_t elapsed_ms : {0, 500, 1000, 1500})
      on_progress({.task = "shop", .phase = Phase::snapshot, .elapsed_ms = elapsed_ms});
    on_progress({.task = "shop", .phase = Phase::done, .elapsed_ms = 1600});
    return base::Status{};
  };
  const Outcome outcome = call({"run", task(), "--json"});
  std::istringstream lines(outcome.out);
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line)["event"]);
  EXPECT_EQ(events, (std::vector<std::string>{"progress", "progress", "done"}));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Cli, JsonFailureIsTheLastLine) {
  run_with({.task = "shop"}, base::fail(ErrorCode::destination_auth, "SASL", "k:9092"));
  const Outcome outcome = call({"run", task(), "--json"});
  EXPECT_EQ(outcome.code, 4);
  const std::string last = outcome.out.substr(outcome.out.rfind('\n', outcome.out.size() - 2) + 1);
  EXPECT_EQ(nlohmann::json::parse(last)["error"]["code"], "destination.access_denied");
}

TEST_F(Cli, CheckAndPrintDoNotRun) {
  doors_.run = [](const auto&, const auto&, auto&, const auto&) {
    ADD_FAILURE();
    return base::Status{};
  };
  EXPECT_EQ(call({"run", task(), "--check"}).code, 0);
  const Outcome print = call({"run", task(), "--print"});
  EXPECT_NE(print.out.find("password: \"***\""), std::string::npos) << print.out;
}

TEST_F(Cli, TailTakesBrokersAndTopicsFromTheTask) {
  task::TailOptions seen;
  doors_.tail = [&](const task::TailOptions& options, auto&, const auto&) {
    seen = options;
    return task::TailSummary{};
  };
  EXPECT_EQ(call({"tail", task(), "--from", "1700000000000", "--until", "end", "--op", "delete", "--table", "shop.t",
                  "--limit", "3", "--partition", "0"})
                .code,
            0);
  EXPECT_EQ(seen.access.brokers, "127.0.0.1:9092");
  EXPECT_EQ(seen.topics, (std::vector<std::string>{"shop", "ddl"}));
  EXPECT_EQ(seen.from, (task::TailFrom{task::TailFrom::Kind::timestamp, 1'700'000'000'000}));
  EXPECT_TRUE(seen.until_end);
  EXPECT_EQ(seen.limit, 3u);
  EXPECT_EQ(seen.operations, std::vector<std::string>{"DELETE"});
  EXPECT_EQ(seen.partitions, std::vector<std::int32_t>{0});
}

TEST_F(Cli, VerifyGivesItsOptionsShowsSoManyDifferencesAndEndsWithCode1) {
  task::VerifyOptions seen;
  doors_.verify = [&](const auto&, const task::VerifyOptions& options, auto&, const verify::Handlers& handlers) {
    seen = options;
    verify::Difference difference;
    difference.database = "shop";
    difference.table = "t";
    for (int i = 0; i < 3; ++i) handlers.on_difference(difference);
    verify::Summary summary;
    summary.tables.push_back({.database = "shop", .table = "t", .changed = 3});
    return summary;
  };
  const Outcome outcome = call({"verify", task(), "--sample", "10", "--rate", "500", "--patience", "5", "--anew",
                                "--show", "2", "--table", "shop.t", "--table", "shop.u"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(seen.sample, 10u);
  EXPECT_EQ(seen.rate, 500u);
  EXPECT_EQ(seen.patience_s, 5u);
  EXPECT_TRUE(seen.anew);
  EXPECT_FALSE(seen.repair);
  EXPECT_EQ(seen.tables, (std::vector<std::string>{"shop.t", "shop.u"}));
  EXPECT_NE(outcome.out.find("... and 1 more differences"), std::string::npos) << outcome.out;
  EXPECT_EQ(call({"verify", task(), "--sample", "5"}).code, 2);
}

TEST_F(Cli, TailFlagsMayBeRepeated) {
  task::TailOptions seen;
  doors_.tail = [&](const task::TailOptions& options, auto&, const auto&) {
    seen = options;
    return task::TailSummary{};
  };
  const Outcome outcome = call({"tail", "--topic", "a", "--topic", "b", "--op", "insert", "--op", "INIT", "--partition",
                                "1", "--partition", "2", "--brokers", "k:1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(seen.topics, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(seen.operations, (std::vector<std::string>{"INSERT", "INIT"}));
  EXPECT_EQ(seen.partitions, (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(call({"tail", "--topic", "a", task(), "--op", "insert"}).code, 0)
      << "a flag takes one value, the task file follows";
}

TEST_F(Cli, TailGoesOnBehindUnreadableMessagesAndEndsWithCode5) {
  doors_.tail = [](const auto&, auto&, const task::TailHandlers& handlers) {
    handlers.on_unreadable({ErrorCode::data_avro_malformed, "", "shop, partition 0, offset 7, byte 3"});
    handlers.on_record({.operation = "INSERT", .database = "shop", .table = "t"});
    return task::TailSummary{.records = 1, .unreadable = 1};
  };
  const Outcome outcome = call({"tail", task(), "--until", "end"});
  EXPECT_EQ(outcome.code, 5);
  EXPECT_NE(outcome.err.find("(at shop, partition 0, offset 7, byte 3)"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.out.find("INSERT"), std::string::npos) << outcome.out;
}

TEST_F(Cli, TailWithoutAPlaceToReadIsWrongUse) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"tail"},
                                                    {"tail", "--brokers", "k:9092"},
                                                    {"tail", task(), "--brokers", "k:1"},
                                                    {"tail", task(), "--from", "yesterday"},
                                                    {"tail", "--brokers", "k:1", "--topic", "t", "--security", "plain"},
                                                    {"tail", task(), "--limit", "0"}}) {
    const Outcome outcome = call(arguments);
    EXPECT_EQ(outcome.code, 2) << fmt::format("{}", fmt::join(arguments, " "));
    EXPECT_TRUE(outcome.err.starts_with("tributary: [task.usage]")) << outcome.err;
  }
}

TEST_F(Cli, ErrorsExplainsACodeAndKnowsItsNeighbours) {
  const Outcome one = call({"errors", "source.binlog_purged"});
  EXPECT_EQ(one.code, 0);
  EXPECT_NE(one.out.find("what to do:"), std::string::npos);
  const Outcome typo = call({"errors", "source.binlog_purge"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_NE(typo.err.find("did you mean `source.binlog_purged`?"), std::string::npos) << typo.err;
  std::istringstream all(call({"errors", "--json"}).out);
  std::size_t count = 0;
  for (std::string line; std::getline(all, line); ++count) EXPECT_TRUE(nlohmann::json::parse(line).contains("remedy"));
  EXPECT_EQ(count, base::error_code_count());
}

TEST_F(Cli, WrongUseIsCode2AndHelpIsCode0) {
  EXPECT_EQ(call({}).code, 2);
  EXPECT_EQ(call({"walk"}).code, 2);
  EXPECT_EQ(call({"run"}).code, 2);
  EXPECT_EQ(call({"run", task(), "--jsn"}).code, 2);
  for (const char* command : {"run", "tail", "topology", "verify", "errors", "version", "completion"}) {
    const Outcome help = call({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_FALSE(help.out.empty()) << command;
  }
  EXPECT_TRUE(call({"version"}).out.starts_with("tributary "));
  EXPECT_EQ(call({"--version"}).out, call({"version"}).out);
}

TEST_F(Cli, CompletionLoadsInBashAndCompletes) {
  const std::string script = folder_ / "completion.bash";
  std::ofstream(script) << call({"completion", "bash"}).out;
  const auto reply = [&](const std::string& words, int index) {
    const std::string command = fmt::format(
        "bash -c 'set -u; source {} && COMP_WORDS=({}) COMP_CWORD={} && _tributary && echo \"${{COMPREPLY[*]}}\"' 2>&1",
        script, words, index);
    std::string out(4096, '\0');
    FILE* pipe = popen(command.c_str(), "r");
    out.resize(std::fread(out.data(), 1, out.size(), pipe));
    EXPECT_EQ(pclose(pipe), 0) << out;
    return out;
  };
  EXPECT_EQ(reply("tributary t", 1), "tail topology\n");
  EXPECT_EQ(reply("tributary run --un", 2), "--until\n");
  EXPECT_EQ(reply("tributary run --until c", 3), "caught-up\n");
  EXPECT_EQ(reply("tributary completion f", 2), "fish\n");
  EXPECT_EQ(reply("tributary errors source.binlog_p", 2), "source.binlog_purged\n");
}

TEST_F(Cli, CompletionForOtherShellsNamesEveryCommandAndOption) {
  for (const char* shell : {"zsh", "fish"}) {
    const std::string script = call({"completion", shell}).out;
    for (const char* word : {"run", "tail", "errors", "completion", "log-level", "caught-up", "partition"}) {
      EXPECT_NE(script.find(word), std::string::npos) << shell << " " << word;
    }
  }
}

// A run in a child of its own, so that signals are sent to a whole process. The child writes a byte when it is inside.
class Child {
 public:
  Child(const std::string& task, bool heeds_cancel) {
    EXPECT_EQ(pipe(pipe_), 0);
    pid_ = fork();
    if (pid_ != 0) return;
    freopen("/dev/null", "w", stdout);
    freopen("/dev/null", "w", stderr);
    Doors doors;
    doors.run = [&](const auto&, const auto&, base::CancelToken& cancel, const auto&) {
      tell('1');
      while (!cancel.wait_for_ms(10'000)) {
      }
      tell('2');
      while (!heeds_cancel) pause();
      return base::Status{};
    };
    const char* argv[] = {"tributary", "run", task.c_str()};
    _exit(run_cli(3, argv, doors));
  }
  ~Child() {
    close(pipe_[0]);
    close(pipe_[1]);
  }
  void send(int signal) { kill(pid_, signal); }
  char heard() {
    char byte = 0;
    return read(pipe_[0], &byte, 1) == 1 ? byte : '\0';
  }
  int exit_code() {
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  void tell(char byte) { EXPECT_EQ(write(pipe_[1], &byte, 1), 1); }

  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
};

TEST_F(Cli, TheFirstSignalStopsCleanly) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Child child(task(), true);
    EXPECT_EQ(child.heard(), '1');
    child.send(signal);
    EXPECT_EQ(child.heard(), '2');
    EXPECT_EQ(child.exit_code(), 0);
  }
}

TEST_F(Cli, TheSecondSignalEndsAtOnceWithCode130) {
  Child child(task(), false);
  EXPECT_EQ(child.heard(), '1');
  child.send(SIGTERM);
  EXPECT_EQ(child.heard(), '2');
  child.send(SIGINT);
  EXPECT_EQ(child.exit_code(), 130);
}

TEST_F(Cli, ATopologyIsShownWithWhatIsLeftOutAndWhatHasChanged) {
  task::TopologyView view;
  view.present.tables[{"shop", "orders"}] = {
      "sharded", {{"a:1", "s0", "orders_0", "G0"}, {"a:1", "s0", "orders_1", "G0"}, {"b:1", "s1", "orders_2", "G1"}}};
  view.left_out = {"shop.v is a view and is not carried"};
  view.has_state = true;
  view.changes = {{"shard moved", "shop.orders", "c:1 s1.orders_2", "b:1 s1.orders_2", ""}};
  view.change_lines = "shard moved  shop.orders  c:1 s1.orders_2  ->  b:1 s1.orders_2";
  doors_.topology = [&](const auto&) { return view; };
  const Outcome text = call({"topology", task()});
  EXPECT_EQ(text.code, 0);
  EXPECT_EQ(text.out,
            "INSTANCE  SHARDS  TABLES\n"
            "a:1       2       1\n"
            "b:1       1       1\n"
            "\n"
            "TABLE        KIND     SHARDS  ON\n"
            "shop.orders  sharded  3       a:1 (2), b:1 (1)\n"
            "\n"
            "Left out:\n"
            "  shop.v is a view and is not carried\n"
            "\n"
            "Changed since shop was here:\n"
            "shard moved  shop.orders  c:1 s1.orders_2  ->  b:1 s1.orders_2\n");
  const Outcome json = call({"topology", task(), "--json"});
  const auto object = nlohmann::json::parse(json.out, nullptr, false);
  ASSERT_TRUE(object.is_object()) << json.out;
  EXPECT_EQ(object["tables"][0]["shards"][2]["database"], "s1");
  EXPECT_EQ(object["changes"][0]["to"], "b:1 s1.orders_2");
  EXPECT_EQ(object["left_out"].size(), 1u);
}

TEST_F(Cli, AnErrorThatIsATableKeepsItsLines) {
  run_with({.task = "shop"}, base::fail(ErrorCode::source_topology_changed, "\nshard new  a\nshard new  b"));
  const Outcome outcome = call({"run", task()});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("\n    shard new  a\n    shard new  b\n"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("--accept-topology"), std::string::npos) << outcome.err;
}

TEST_F(Cli, AcceptingATopologyIsHandedOnAndIsNotTheDefault) {
  std::vector<bool> accepted;
  doors_.run = [&](const auto&, const task::RunOptions& options, auto&, const auto&) {
    accepted.push_back(options.accept_topology);
    return base::Status{};
  };
  call({"run", task()});
  call({"run", task(), "--accept-topology"});
  EXPECT_EQ(accepted, (std::vector<bool>{false, true}));
}

// The program itself, where it has been built beside the tests.
TEST(Program, ItsExitCodesAreThoseOfTheCommandLine) {
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tributary";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "the program is not built: " << program;
  const auto code = [&](const std::string& arguments) {
    return WEXITSTATUS(std::system(fmt::format("{} {} >/dev/null 2>&1", program.string(), arguments).c_str()));
  };
  EXPECT_EQ(code("version"), 0);
  EXPECT_EQ(code("run --help"), 0);
  EXPECT_EQ(code("errors"), 0);
  EXPECT_EQ(code(""), 2);
  EXPECT_EQ(code("run /no/such/task.yaml"), 2);
  EXPECT_EQ(code("tail --brokers 127.0.0.1:1 --topic x --until end"), 4);
}

TEST_F(Cli, ADamagedBinlogFileEndsWith1BehindWhatStandsBeforeTheDamage) {
  doors_.binlog = [](const task::BinlogOptions& options, auto&, const task::BinlogHandlers& handlers) {
    EXPECT_EQ(options.files, std::vector<std::string>({"a", "b"}));
    EXPECT_TRUE(options.keep_going);
    handlers.on_file("a");
    EXPECT_TRUE(handlers.on_event({.begin = 4, .end = 30, .type = "Xid", .length = 26}));
    handlers.on_damage({ErrorCode::data_event_checksum, "Xid event of 31 bytes", "a:30"});
    return task::BinlogSummary{.damaged_files = 1};
  };
  Outcome outcome = call({"binlog", "a", "b", "--keep-going"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("Xid"), std::string::npos);
  EXPECT_NE(outcome.err.find("(at a:30)"), std::string::npos) << outcome.err;
  outcome = call({"binlog", "a", "b", "--keep-going", "--json"});
  const auto error = nlohmann::json::parse(outcome.out.substr(outcome.out.find('\n') + 1))["error"];
  EXPECT_EQ(error["where"], "a:30");
  EXPECT_EQ(error["exit_code"], 1);
}

TEST_F(Cli, AnEventsRowsAreOneObjectThoughTheyComeOneByOne) {
  doors_.binlog = [](const task::BinlogOptions&, auto&, const task::BinlogHandlers& handlers) {
    const std::vector<model::Column> columns{{.name = "id"}};
    task::BinlogRow row{
        .change = "insert", .columns = columns, .before = {}, .after = {{task::BinlogValue::Kind::number, "1"}}};
    task::BinlogEvent event{.type = "Write_rows", .has_rows = true};
    handlers.on_file("a");
    handlers.on_event(event);
    handlers.on_row(event, row);
    handlers.on_row(event, row);
    event.undecoded = "came up late";
    handlers.on_event_end(event);
    return task::BinlogSummary{};
  };
  const Outcome outcome = call({"binlog", "a", "--json"});
  EXPECT_EQ(outcome.code, 0);
  const auto object = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(object["rows"].size(), 2u);
  EXPECT_EQ(object["rows"][1]["after"]["id"], "1");
  EXPECT_EQ(object["undecoded"], "came up late");
}

TEST_F(Cli, BinlogWithoutAFileOrWithTwoSummariesIsAUsageError) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"binlog"},
                                                {"binlog", "a", "--verify", "--statistics"},
                                                {"binlog", "-", "-"},
                                                {"binlog", "a", "--from", "9", "--to", "4"}})
    EXPECT_EQ(call(words).code, 2) << words.back();
}

}  // namespace
}  // namespace tributary::cli
