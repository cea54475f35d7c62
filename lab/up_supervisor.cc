#include "lab/up_supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "lab/ports.h"
#include "lab/progress.h"
#include "lab/up_broker.h"
#include "lab/up_control.h"
#include "lab/up_part.h"
#include "lab/up_signals.h"
#ifdef TRIBUTARY_HAS_FRONT
#include "front/front.h"
#endif

namespace tributary::lab {
namespace {

using base::ErrorCode;
using base::fail;
using base::Status;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::string_view front_user = "app", front_password = "app-secret", front_database = "shop";
constexpr std::uint32_t first_server_id = 101;
constexpr int server_stop_ms = 60000;

std::string address(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }

struct Instance {
  InstanceOptions options;
  Part process;
  std::string version;
  std::vector<std::string> databases;
  bool ready = false;  // since it was last started
  bool down = false;   // on request
};

class Supervisor {
 public:
  Supervisor(const UpOptions& options, const UpEvents& events, ControlServer control)
      : options_(options), events_(events), control_(std::move(control)) {}

  Status start();
  void serve();
  void stop();

 private:
  // Waiting, while signals and callers are heard.
  void pump(int timeout_ms);
  bool stopping() { return pump(0), signals_.stop_requested(); }
  StopCheck stop_check() {
    return [this] { return stopping(); };
  }

  Status choose_settings();
  Status choose_ports();
  Status remove_leftovers();
  Status prepare_broker_part();
  Status launch_instance(Instance& instance);
  Status wait_for_instance(Instance& instance);
  Status launch_broker();
  Status wait_for_broker();
  Status start_front_part();
  Status create_topics();
  Status publish();
  json description() const;

  void handle(const ControlServer::Request& request);
  Status carry_out_server(const json& request);
  Status carry_out_kafka(const json& request);
  Status carry_out_topic(const json& request);
  json status();

  const UpOptions& options_;
  const UpEvents& events_;
  ControlServer control_;
  Signals signals_;
  Settings settings_;
  ServerProgram program_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::unique_ptr<Broker> broker_;
#ifdef TRIBUTARY_HAS_FRONT
  std::unique_ptr<Front> front_;
#endif
  bool busy_ = true;  // starting, stopping or carrying something out
  std::vector<ControlServer::Request> waiting_for_end_;
  Clock::time_point deadline_;
};

void Supervisor::pump(int timeout_ms) {
  pollfd fds[3] = {{signals_.fd(), POLLIN, 0}, {control_.fd(), POLLIN, 0}, {events_.watched_fd, 0, 0}};
  // Once ready nobody watches the start any more.
  const nfds_t count = busy_ && events_.watched_fd >= 0 ? 3 : 2;
  if (::poll(fds, count, timeout_ms) <= 0) return;
  if (fds[0].revents != 0) signals_.read();
  if (fds[1].revents != 0)
    if (const auto request = control_.accept()) handle(*request);
  if (count == 3 && (fds[2].revents & (POLLERR | POLLHUP)) != 0) signals_.request_stop();
}

Status Supervisor::choose_settings() {
  TRY_VALUE(const auto former, load_settings(options_.dir));
  settings_ = former.value_or(Settings{});
  if (former && options_.server && *options_.server != former->server)
    return fail(ErrorCode::usage,
                fmt::format("the folder holds {} servers; use another folder for {}", to_string(former->server),
                            to_string(*options_.server)),
                options_.dir);
  if (former && options_.instances && *options_.instances != former->instances)
    return fail(
        ErrorCode::usage,
        fmt::format("the folder holds {} instances; use another folder for {}", former->instances, *options_.instances),
        options_.dir);
  settings_.server = options_.server.value_or(settings_.server);
  settings_.instances = options_.instances.value_or(settings_.instances);
  settings_.databases_per_instance = options_.databases_per_instance.value_or(settings_.databases_per_instance);
  settings_.buffer_pool_mb = options_.buffer_pool_mb.value_or(settings_.buffer_pool_mb);
  settings_.server_options = options_.server_options.value_or(settings_.server_options);
  settings_.front = options_.front.value_or(settings_.front);
  if (options_.front_port != 0) settings_.front_port = options_.front_port;
  return {};
}

Status Supervisor::choose_ports() {
  std::set<std::uint16_t> taken;
  if (options_.front_port != 0 && settings_.front && !port_is_free(options_.front_port))
    return fail(ErrorCode::io, "the port is in use", address(options_.front_port));
  // Ports of a former start first, so that no new choice takes one of them.
  TRY_VALUE(settings_.front_port, choose_port(settings_.front_port, taken));
  settings_.server_ports.resize(static_cast<std::size_t>(settings_.instances));
  for (auto& port : settings_.server_ports) {
    TRY_VALUE(port, choose_port(port, taken));
  }
  for (auto* port : {&settings_.kafka_port, &settings_.sasl_port, &settings_.controller_port}) {
    TRY_VALUE(*port, choose_port(*port, taken));
  }
  return {};
}

// Children of a killed supervisor are dying; their files are free only when they are gone.
Status Supervisor::remove_leftovers() {
  for (const auto& process : load_processes(options_.dir)) {
    if (process.pid == getpid()) continue;
    for (int waited = 0; alive(process) && waited < 10000; waited += 10) pump(10);
    if (alive(process))
      return fail(ErrorCode::io, fmt::format("process {} of a former start is still running", process.pid),
                  options_.dir);
  }
  return {};
}

Status Supervisor::prepare_broker_part() {
  const auto& wanted = options_.kafka;
  settings_.kafka = wanted == "none" ? KafkaFlavor::none : wanted == "mock" ? KafkaFlavor::mock : KafkaFlavor::kafka;
  if (wanted.empty()) {
    TRY_VALUE(const auto former, load_settings(options_.dir));
    if (former) settings_.kafka = former->kafka;
  }
  if (settings_.kafka == KafkaFlavor::none) return {};
  std::string part;
  if (settings_.kafka == KafkaFlavor::kafka) {
    auto fetched = find_program("java").empty()
                       ? fail(ErrorCode::dependency_missing, "Java (Debian package default-jre-headless)")
                       : fetch_part("kafka", stop_check());
    if (!fetched && (wanted == "kafka" || fetched.error().is_cancelled()))
      return std::unexpected(std::move(fetched).error());
    if (!fetched) {
      say("no real Kafka here: {}", fetched.error().message());
      settings_.kafka = KafkaFlavor::mock;
    } else {
      part = *fetched;
    }
  }
  if (settings_.kafka == KafkaFlavor::mock)
    say("the broker is librdkafka's MOCK: it keeps only the last 5 MiB or 100,000 messages of a partition");
  broker_ = std::make_unique<Broker>(options_.dir + "/kafka", settings_.kafka, part);
  return {};
}

Status Supervisor::launch_instance(Instance& instance) {
  instance.ready = false;
  TRY(prepare_instance(program_, instance.options));
  return instance.process.start(server_command(program_, instance.options));
}

Status Supervisor::wait_for_instance(Instance& instance) {
  for (;;) {
    const auto version = probe_server(instance.options.port);
    if (version) {
      instance.version = *version;
      instance.ready = true;
      return confirm_accounts(instance.options);
    }
    if (stopping()) return fail(ErrorCode::cancelled);
    if (!instance.process.running())
      return fail(ErrorCode::io, "the server ended: " + instance.process.last_words(), instance.process.name());
    if (Clock::now() > deadline_)
      return fail(ErrorCode::io,
                  fmt::format("not ready in time ({}): {}", version.error().message(), instance.process.last_words()),
                  instance.process.name());
    pump(20);
  }
}

Status Supervisor::launch_broker() {
  if (!broker_) return {};
  return broker_->start(settings_, stop_check());
}

Status Supervisor::wait_for_broker() {
  if (!broker_) return {};
  for (;;) {
    const auto answered = broker_->probe();
    if (answered) return {};
    if (stopping()) return fail(ErrorCode::cancelled);
    if (!broker_->process().running())
      return fail(ErrorCode::io, "the broker ended: " + broker_->process().last_words(), "kafka");
    if (Clock::now() > deadline_)
      return fail(
          ErrorCode::io,
          fmt::format("not ready in time ({}): {}", answered.error().message(), broker_->process().last_words()),
          "kafka");
    pump(20);
  }
}

Status Supervisor::start_front_part() {
#ifdef TRIBUTARY_HAS_FRONT
  if (settings_.front) {
    FrontConfig config{.port = settings_.front_port,
                       .user = std::string(front_user),
                       .password = std::string(front_password),
                       .database = std::string(front_database),
                       .storage = {},
                       .databases_per_instance = settings_.databases_per_instance,
                       .state_dir = options_.dir + "/front"};
    for (const auto& instance : instances_)
      config.storage.push_back(
          {"127.0.0.1", instance->options.port, std::string(admin_user), std::string(admin_password)});
    TRY_VALUE(front_, start_front(std::move(config)));
    settings_.front_port = front_->port();
    const auto databases = front_->databases();
    for (std::size_t i = 0; i < instances_.size() && i < databases.size(); ++i) instances_[i]->databases = databases[i];
    say("front ready on {}", address(settings_.front_port));
    return {};
  }
#else
  if (settings_.front) say("this build has no front: the servers are plain");
  settings_.front = false;
#endif
  int number = 0;
  for (const auto& instance : instances_) {
    for (int i = 0; i < settings_.databases_per_instance; ++i)
      instance->databases.push_back(fmt::format("{}_{:06}", front_database, number++));
    TRY(create_databases(instance->options.port, instance->databases));
  }
  return {};
}

Status Supervisor::create_topics() {
  for (const auto& text : options_.topics) {
    TopicOptions topic{.name = text.substr(0, text.find(':'))};
    if (const auto colon = text.find(':'); colon != std::string::npos) {
      const auto number = text.substr(colon + 1);
      topic.partitions = std::atoi(number.c_str());
      if (topic.partitions < 1) return fail(ErrorCode::usage, "not a number of partitions: " + number, "--topic");
    }
    if (!broker_) return fail(ErrorCode::usage, "there is no broker to create topics on", "--topic");
    if (auto made = broker_->create_topic(topic); !made && !made.error().what.contains("exists")) return made;
  }
  return {};
}

Status Supervisor::start() {
  deadline_ = Clock::now() + std::chrono::hours(1);  // downloads have no deadline of ours
  TRY(choose_settings());
  TRY(remove_leftovers());
  TRY_VALUE(program_, prepare_server_program(settings_.server, stop_check()));
  TRY(prepare_broker_part());
  TRY(choose_ports());
  TRY(save_settings(options_.dir, settings_));

  const auto begin = Clock::now();
  deadline_ = begin + std::chrono::seconds(options_.timeout_s);
  say("starting {} x {}{}", settings_.instances, to_string(settings_.server),
      broker_ ? fmt::format(" and {}", broker_->process().name()) : "");
  for (int i = 0; i < settings_.instances; ++i) {
    InstanceOptions options{.dir = fmt::format("{}/instance-{}", options_.dir, i),
                            .port = settings_.server_ports[static_cast<std::size_t>(i)],
                            .server_id = first_server_id + static_cast<std::uint32_t>(i),
                            .buffer_pool_mb = settings_.buffer_pool_mb,
                            .extra = settings_.server_options};
    auto log = error_log(options);
    instances_.push_back(std::make_unique<Instance>(
        Instance{.options = std::move(options), .process = Part(fmt::format("instance {}", i), std::move(log))}));
    TRY(launch_instance(*instances_.back()));
  }
  TRY(launch_broker());
  for (const auto& instance : instances_) {
    TRY(wait_for_instance(*instance));
    say("{} ready on {}: {}", instance->process.name(), address(instance->options.port), instance->version);
  }
  TRY(start_front_part());
  TRY(wait_for_broker());
  if (broker_) say("{} ready on {}", broker_->process().name(), broker_->brokers());
  TRY(create_topics());
  TRY(save_settings(options_.dir, settings_));
  TRY(publish());
  say("all ready after {:.1f} s", std::chrono::duration<double>(Clock::now() - begin).count());
  return {};
}

json Supervisor::description() const {
  json front;
  if (settings_.front)
    front = {{"host", "127.0.0.1"},
             {"port", settings_.front_port},
             {"user", front_user},
             {"password", front_password},
             {"database", front_database}};
  auto storage = json::array();
  for (const auto& instance : instances_)
    storage.push_back({{"host", "127.0.0.1"},
                       {"port", instance->options.port},
                       {"user", repl_user},
                       {"password", repl_password},
                       {"admin_user", admin_user},
                       {"admin_password", admin_password},
                       {"server_version", instance->version},
                       {"databases", instance->databases},
                       {"dir", instance->options.dir},
                       {"pid", instance->process.process().pid}});
  json kafka;
  if (broker_) {
    const bool real = broker_->flavor() == KafkaFlavor::kafka;
    kafka = {{"brokers", broker_->brokers()},
             {"flavor", to_string(broker_->flavor())},
             {"sasl_brokers", real ? json(broker_->sasl_brokers()) : json()},
             {"username", real ? json(kafka_user) : json()},
             {"password", real ? json(kafka_password) : json()}};
  }
  return {{"front", front}, {"storage", storage}, {"kafka", kafka}};
}

Status Supervisor::publish() {
  std::vector<ProcessId> processes{identify(getpid())};
  for (const auto& instance : instances_)
    if (instance->process.process().pid != 0) processes.push_back(instance->process.process());
  if (broker_ && broker_->process().process().pid != 0) processes.push_back(broker_->process().process());
  TRY(save_processes(options_.dir, processes));
  return replace_file(options_.dir + "/lab.json", description().dump(2) + "\n");
}

void Supervisor::serve() {
  events_.ready(description().dump());
  busy_ = false;
  while (!signals_.stop_requested()) {
    pump(-1);
    for (const auto& instance : instances_) instance->process.running();
    if (broker_) broker_->process().running();
  }
}

void Supervisor::stop() {
  busy_ = true;
  say("stopping");
#ifdef TRIBUTARY_HAS_FRONT
  if (front_) front_->stop();
  front_.reset();
#endif
  // A server that is only starting may miss a SIGTERM for ever.
  for (const auto& instance : instances_) instance->process.ask(instance->ready ? SIGTERM : SIGKILL);
  if (broker_) broker_->ask_to_end();
  for (const auto& instance : instances_) instance->process.wait_gone(server_stop_ms);
  if (broker_) broker_->wait_until_gone();
  std::error_code ignored;
  std::filesystem::remove(options_.dir + "/lab.json", ignored);
  std::filesystem::remove(options_.dir + "/pids.json", ignored);
  say("all stopped");
  for (const auto& request : waiting_for_end_) ControlServer::reply(request, R"({"ok":true})");
}

// ---- what the other commands ask for

void Supervisor::handle(const ControlServer::Request& request) {
  const auto body = json::parse(request.line, nullptr, false);
  const auto operation = body.is_object() ? body.value("op", "") : "";
  if (operation == "down") {
    waiting_for_end_.push_back(request);
    signals_.request_stop();
    return;
  }
  if (operation == "status") return ControlServer::reply(request, status().dump());
  if (busy_) return ControlServer::reply(request, R"({"ok":false,"error":"the lab is busy; try again"})");
  busy_ = true;
  deadline_ = Clock::now() + std::chrono::seconds(options_.timeout_s);
  Status done = fail(ErrorCode::usage, "unknown request");
  try {
    if (operation == "server") done = carry_out_server(body);
    if (operation == "kafka") done = carry_out_kafka(body);
    if (operation == "topic") done = carry_out_topic(body);
  } catch (const json::exception& e) {
    done = fail(ErrorCode::usage, e.what());
  }
  busy_ = false;
  if (auto published = publish(); done && !published) done = published;
  ControlServer::reply(request,
                       done ? R"({"ok":true})" : json{{"ok", false}, {"error", done.error().message()}}.dump());
}

Status Supervisor::carry_out_server(const json& request) {
  const auto number = request.value("instance", -1);
  const auto action = request.value("action", "");
  if (number < 0 || number >= static_cast<int>(instances_.size()))
    return fail(ErrorCode::usage, fmt::format("no instance {}: 0 to {}", number, instances_.size() - 1));
  auto& instance = *instances_[static_cast<std::size_t>(number)];
  if (action != "start") {
    instance.process.stop(request.value("kill", false) ? SIGKILL : SIGTERM, server_stop_ms);
    instance.down = true;
  }
  if (action != "stop") {
    if (!instance.process.running()) TRY(launch_instance(instance));
    TRY(wait_for_instance(instance));
    instance.down = false;
  }
  return {};
}

Status Supervisor::carry_out_kafka(const json& request) {
  if (!broker_) return fail(ErrorCode::usage, "this lab has no broker");
  const auto action = request.value("action", "");
  if (action != "start") broker_->take_down(request.value("kill", false));
  if (action != "stop") {
    TRY(broker_->bring_up(settings_, stop_check()));
    TRY(wait_for_broker());
  }
  return {};
}

Status Supervisor::carry_out_topic(const json& request) {
  if (!broker_) return fail(ErrorCode::usage, "this lab has no broker");
  TopicOptions topic{.name = request.value("name", ""), .partitions = request.value("partitions", 1)};
  const auto config = request.value("config", json::object());
  for (const auto& [name, value] : config.items()) topic.config.emplace_back(name, value.get<std::string>());
  if (request.value("action", "") == "delete") return broker_->delete_topic(topic.name);
  return broker_->create_topic(topic);
}

json Supervisor::status() {
  auto parts = json::array();
  const auto add = [&](const std::string& name, const std::string& where, std::string state, pid_t pid,
                       const std::string& detail) {
    parts.push_back({{"part", name},
                     {"state", std::move(state)},
                     {"address", where},
                     {"pid", pid},
                     {"memory_mib", static_cast<int>(resident_mib(pid) + 0.5)},
                     {"detail", detail}});
  };
  const auto state = [](Part& part, bool down, bool ready) {
    if (down) return "down";
    if (!part.running()) return "died";
    return ready ? "up" : "starting";
  };
#ifdef TRIBUTARY_HAS_FRONT
  if (settings_.front)
    add("front", address(settings_.front_port), front_ ? "up" : "starting", getpid(),
        fmt::format("database {}, user {}", front_database, front_user));
#endif
  if (!settings_.front) add("supervisor", "", "up", getpid(), "");
  for (const auto& instance : instances_)
    add(instance->process.name(), address(instance->options.port),
        state(instance->process, instance->down, instance->ready), instance->process.process().pid,
        fmt::format("{}, server id {}, {}", instance->version, instance->options.server_id,
                    fmt::join(instance->databases, " ")));
  if (broker_)
    add(broker_->process().name(), broker_->brokers(), state(broker_->process(), broker_->is_down(), true),
        broker_->process().process().pid,
        broker_->flavor() == KafkaFlavor::mock ? "keeps the last 5 MiB a partition"
                                               : fmt::format("SASL on {}", broker_->sasl_brokers()));
  return {{"ok", true}, {"parts", parts}};
}

}  // namespace

Status run_supervisor(const UpOptions& options, const UpEvents& events) {
  std::error_code error;
  std::filesystem::create_directories(options.dir, error);
  if (error) return fail(ErrorCode::io, error.message(), options.dir);
  const auto lock = FolderLock::take(options.dir, 0);
  if (!lock) return fail(ErrorCode::usage, "a lab already runs in this folder (`down` stops it)", options.dir);
  TRY_VALUE(auto control, ControlServer::open(options.dir));
  Supervisor supervisor(options, events, std::move(control));
  auto started = supervisor.start();
  if (started) supervisor.serve();
  supervisor.stop();
  return started;
}

}  // namespace tributary::lab
