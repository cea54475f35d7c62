#include "compare/compare_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compare/read_topic.h"
#include "compare/report.h"
#include "compare/source.h"
#include "compare/table_compare.h"

namespace tributary::lab {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

std::atomic<bool> stop_asked = false, end_told = false;

struct CompareOptions {
  std::string lab, dir, topic, ddl_topic, until_file;
  std::vector<std::string> tables;
  std::size_t show = 5;
  bool follow = false, as_json = false;
};

struct Places {
  mysql::Endpoint front;
  kafka::Config kafka;
};

Result<Places> places_of(const CompareOptions& options) {
  const std::string path = options.lab.empty() ? options.dir + "/lab.json" : options.lab;
  std::ifstream file(path);
  if (!file) return base::fail(ErrorCode::task_file_unreadable, "no running lab is described there", path);
  try {
    const auto lab = nlohmann::json::parse(file);
    const auto& front = lab.at("front");
    Places out;
    out.front = {.host = front.at("host"),
                 .port = front.at("port"),
                 .user = front.at("user"),
                 .password = front.at("password"),
                 .database = front.at("database")};
    out.kafka.brokers = lab.at("kafka").at("brokers");
    return out;
  } catch (const nlohmann::json::exception& e) {
    return base::fail(ErrorCode::task_bad_value, e.what(), path);
  }
}

// The table a CREATE TABLE statement makes: `db`.`t`, `t` or t. Empty if it is another statement.
std::string created_table(std::string_view statement) {
  std::string upper(statement.substr(0, 64));
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (!upper.starts_with("CREATE TABLE ")) return {};
  statement.remove_prefix(13);
  if (upper.starts_with("CREATE TABLE IF NOT EXISTS ")) statement.remove_prefix(14);
  std::string name;
  bool quoted = false;
  for (const char c : statement) {
    if (c == '`')
      quoted = !quoted;
    else if (!quoted && (c == ' ' || c == '(' || c == '\n'))
      break;
    else if (!quoted && c == '.')
      name.clear();
    else
      name += c;
  }
  return name;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Status read_topics(const CompareOptions& options, const Places& places, Fold& fold, Fold& ddl) {
  ReadOptions read{
      .follow = options.follow,
      .told = [&] { return end_told || (!options.until_file.empty() && std::filesystem::exists(options.until_file)); },
      .cancelled = [] { return stop_asked.load(); },
      .started =
          [&] {
            if (options.follow) fmt::print(stderr, "reading along topic {}\n", options.topic);
          }};
  TRY(read_topic(places.kafka, options.topic, read, fold));
  if (options.ddl_topic.empty() || options.ddl_topic == options.topic) return {};
  read.follow = false;
  return read_topic(places.kafka, options.ddl_topic, read, ddl);
}

Result<Report> compare(const CompareOptions& options) {
  TRY_VALUE(const Places places, places_of(options));
  Fold fold(options.show), ddl(options.show);
  TRY(read_topics(options, places, fold, ddl));
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> created;
  for (const Fold* from : {&fold, &ddl})
    for (const std::string& statement : from->ddl()) created.push_back(created_table(statement));

  TRY_VALUE(mysql::Connection front, open_source(places.front));
  std::vector<std::string> names = options.tables;
  if (names.empty()) {
    TRY_VALUE(names, source_tables(front));
  }
  Report report;
  const std::string prefix = places.front.database + ".";
  for (const std::string& name : names) {
    if (stop_asked) return base::fail(ErrorCode::cancelled);
    TRY_VALUE(const SourceTable source, source_table(front, name));
    const auto folded = fold.tables().find(prefix + name);
    TableComparison comparison(source, folded == fold.tables().end() ? nullptr : &folded->second, options.show);
    TRY(read_source_rows(front, source, [&](const std::vector<std::string>& cells) { comparison.source_row(cells); }));
    report.tables.push_back(comparison.finish());
    report.tables.back().ddl_missing = !options.ddl_topic.empty() && std::ranges::find(created, name) == created.end();
    if (folded != fold.tables().end()) fold.tables().erase(folded);
  }
  // Tables of the topic which the source does not have: everything in them is too much.
  for (auto& [name, folded] : fold.tables()) {
    if (!options.tables.empty()) break;
    const SourceTable nothing{name, {}};
    TableComparison comparison(nothing, &folded, options.show);
    report.tables.push_back(comparison.finish());
    ++report.tables.back().columns_wrong;
  }
  report.records = fold.records() + ddl.records();
  report.ddl_records = fold.ddl_records() + ddl.ddl_records();
  report.seconds = seconds_since(start);
  return report;
}

int run(const CompareOptions& options) {
  std::signal(SIGUSR1, [](int) { end_told = true; });
  std::signal(SIGINT, [](int) { stop_asked = true; });
  std::signal(SIGTERM, [](int) { stop_asked = true; });
  const auto report = compare(options);
  if (!report) {
    fmt::print(stderr, "{}\n", report.error().message());
    return report.error().is_cancelled() ? 130 : base::exit_code(report.error());
  }
  const bool color = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  fmt::print("{}", options.as_json ? report_json(*report) + "\n" : report_text(*report, color));
  if (report->difference_count() == 0) return 0;
  return base::exit_code({ErrorCode::data_difference, "", ""});
}

}  // namespace

void add_compare_command(CLI::App& app) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command =
      app.add_subcommand("compare", "Fold a topic into rows and compare them with the source, read through the front");
  auto* lab = command->add_option("--lab", options->lab, "the lab.json of a running lab");
  auto* dir = command->add_option("--dir", options->dir, "the folder of a running lab")->excludes(lab);
  command->add_option("--topic", options->topic, "the topic with the rows")->required();
  command->add_option("--ddl-topic", options->ddl_topic,
                      "the topic with the CREATE TABLE records; each table must have one");
  command->add_option("--table", options->tables, "only this logical table (may be repeated)");
  auto* follow = command->add_flag(
      "--follow", options->follow,
      "read along until told (by --until-file or SIGUSR1), then to the topic's end; for brokers that forget");
  command
      ->add_option("--until-file", options->until_file,
                   "with --follow: the file whose appearing says that no more will come")
      ->needs(follow);
  command->add_option("--show", options->show, "differences told of each kind and table")->capture_default_str();
  command->add_flag("--json", options->as_json, "print one JSON object");
  command->callback([options, lab, dir] {
    if (lab->count() + dir->count() == 0) throw CLI::RequiredError("--lab or --dir");
    if (const int code = run(*options); code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace tributary::lab
