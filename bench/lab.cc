#include "bench/lab.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "kafka/client.h"
#include "lab/kafka.h"

namespace tributary::bench {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

constexpr int watch_ms = 50;
constexpr int stop_ms_max = 30'000;

mysql::Endpoint endpoint(const json& storage, const char* user, const char* password) {
  mysql::Endpoint e;
  e.host = storage.at("host").get<std::string>();
  e.port = storage.at("port").get<std::uint16_t>();
  e.user = storage.at(user).get<std::string>();
  e.password = storage.at(password).get<std::string>();
  return e;
}

}  // namespace

Lab::Lab(Lab&& other) noexcept
    : options_(std::move(other.options_)),
      stop_(std::move(other.stop_)),
      pid_(std::exchange(other.pid_, 0)),
      readers_(std::move(other.readers_)),
      admins_(std::move(other.admins_)),
      server_pids_(std::move(other.server_pids_)),
      broker_pid_(other.broker_pid_),
      brokers_(std::move(other.brokers_)),
      real_kafka_(other.real_kafka_) {}

Lab::~Lab() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGTERM);
  for (int waited = 0; ::waitpid(pid_, nullptr, WNOHANG) == 0; waited += watch_ms) {
    if (waited >= stop_ms_max) ::kill(pid_, SIGKILL);  // its children die with it
    ::poll(nullptr, 0, watch_ms);
  }
}

Result<Lab> Lab::up(const LabOptions& options, const StopCheck& stop) {
  Lab lab;
  lab.options_ = options;
  lab.stop_ = stop;
  const std::string described = options.dir + "/lab.json", log = options.dir + ".log";
  std::error_code ignored;
  std::filesystem::remove(described, ignored);
  lab::Command command{.argv = {options.program, "up", "--dir", options.dir, "--no-front", "--kafka", options.broker,
                                "--instances", std::to_string(options.servers), "--buffer-pool-mb",
                                std::to_string(options.buffer_pool_mb), "--die-with-parent"},
                       .log = log};
  for (const std::string& option : options.server_options)
    command.argv.insert(command.argv.end(), {"--server-option", option});
  TRY_VALUE(lab.pid_, lab::spawn(command));
  while (!std::filesystem::exists(described)) {
    if (stop()) return fail(ErrorCode::cancelled);
    int status = 0;
    if (::waitpid(lab.pid_, &status, WNOHANG) == lab.pid_) {
      lab.pid_ = 0;
      return fail(ErrorCode::io,
                  "tributary-lab ended with " + lab::describe_wait_status(status) + "\n" + lab::tail_of(log, 15), log);
    }
    ::poll(nullptr, 0, watch_ms);
  }
  try {
    const json all = json::parse(std::ifstream(described));
    for (const json& storage : all.at("storage")) {
      lab.readers_.push_back(endpoint(storage, "user", "password"));
      lab.admins_.push_back(endpoint(storage, "admin_user", "admin_password"));
      lab.server_pids_.push_back(storage.at("pid").get<pid_t>());
    }
    lab.brokers_ = all.at("kafka").at("brokers").get<std::string>();
    lab.real_kafka_ = all.at("kafka").at("flavor") == "kafka";
    TRY_VALUE(const std::string text,
              lab::run_and_read({.argv = {options.program, "status", "--dir", options.dir, "--json"}}, stop));
    const json status = json::parse(text);
    for (const json& part : status.at("parts"))
      if (part.at("address") == lab.brokers_) lab.broker_pid_ = part.at("pid").get<pid_t>();
  } catch (const json::exception& e) {
    return fail(ErrorCode::internal, e.what(), described);
  }
  return lab;
}

Status Lab::make_topic(const std::string& name) const {
  return lab::run(
      {.argv = {options_.program, "topic", "create", "--dir", options_.dir, name}, .log = options_.dir + ".log"},
      stop_);
}

Status Lab::remove_topic(const std::string& name) const {
  return real_kafka_ ? lab::delete_topic(brokers_, name) : Status{};
}

Result<std::uint64_t> Lab::records_in(const std::string& topic) const {
  kafka::Config config;
  config.brokers = brokers_;
  TRY_VALUE(const auto consumer, kafka::Consumer::create(config));
  if (!real_kafka_) {  // it has dropped most again; the end counts those, too
    TRY_VALUE(const auto spans, consumer->spans(topic));
    return static_cast<std::uint64_t>(spans.front().end);
  }
  TRY(consumer->assign({topic}, kafka::StartAt::beginning()));
  std::uint64_t records = 0;
  while (!consumer->at_end()) {
    constexpr int wait_ms = 1000;
    TRY_VALUE(const auto some, consumer->poll(wait_ms, 10'000));
    records += some.size();
  }
  return records;
}

Result<model::BinlogPosition> binlog_end(const mysql::Endpoint& server) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(server));
  TRY_VALUE(const mysql::Table status, connection.query("SHOW MASTER STATUS"));
  if (status.rows.empty()) return fail(ErrorCode::source_binlog_off, "SHOW MASTER STATUS is empty", server.address());
  model::BinlogPosition end;
  end.file = std::string(status.text(0, "File"));
  end.offset = std::stoull(std::string(status.text(0, "Position")));
  return end;
}

}  // namespace tributary::bench
