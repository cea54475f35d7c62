// tributary-lab: a PolarDB-X 1.0 stand-in on this machine, for a person, for tests and for benchmarks.
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <functional>

#include "lab/mock.h"
#include "lab/up.h"
#ifdef TRIBUTARY_HAS_COMPARE
#include "compare/compare_command.h"
#endif
#ifdef TRIBUTARY_HAS_LOAD
#include "front/load_command.h"
#endif

namespace {

using namespace tributary::lab;

struct Arguments {
  std::string dir, server, name, kafka;
  int instances = 0, databases = 0, buffer_pool_mb = 0, timeout_s = 90, instance = 0, partitions = 1;
  std::uint16_t front_port = 0;
  std::vector<std::string> server_options, topics, config;
  bool no_front = false, detach = false, die_with_parent = false, kill = false, as_json = false;
};

CLI::App* with_dir(CLI::App* command, Arguments& a) {
  command->add_option("--dir", a.dir, "The lab's folder")->required();
  return command;
}

void add_up(CLI::App& app, Arguments& a, std::function<int()>& action) {
  auto* up_command = with_dir(app.add_subcommand("up", "Start servers, broker and front; print one JSON object"), a);
  auto* server = up_command->add_option("--server", a.server, "mariadb-10.11 (default), mysql-5.6 or mysql-9.7")
                     ->check(CLI::IsMember({"mariadb-10.11", "mysql-5.6", "mysql-9.7"}));
  auto* instances =
      up_command->add_option("--instances", a.instances, "Database servers (2)")->check(CLI::Range(1, 64));
  auto* databases = up_command->add_option("--databases-per-instance", a.databases, "Physical databases on each (2)")
                        ->check(CLI::Range(1, 64));
  auto* pool = up_command->add_option("--buffer-pool-mb", a.buffer_pool_mb, "InnoDB buffer pool of each server (64)")
                   ->check(CLI::Range(8, 65536));
  auto* extra = up_command->add_option("--server-option", a.server_options,
                                       "NAME=VALUE passed on to each server, e.g. binlog-row-image=MINIMAL");
  up_command->add_option("--kafka", a.kafka, "auto (default: real Kafka, else the mock), kafka, mock or none")
      ->check(CLI::IsMember({"auto", "kafka", "mock", "none"}));
  up_command->add_option("--topic", a.topics, "NAME or NAME:PARTITIONS to create if absent");
  auto* no_front = up_command->add_flag("--no-front,!--front", a.no_front, "Plain servers only");
  up_command->add_option("--front-port", a.front_port, "Port of the front (any free one)");
  up_command->add_option("--timeout", a.timeout_s, "Seconds for all parts to become ready (90)");
  up_command->add_flag("--detach", a.detach, "Return when all is ready; `down` stops it");
  up_command->add_flag("--die-with-parent", a.die_with_parent, "Stop when the process that started this ends");
  up_command->callback([=, &a, &action] {
    action = [=, &a] {
      if (a.die_with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM);
      UpOptions options{
          .dir = a.dir, .kafka = a.kafka, .front_port = a.front_port, .topics = a.topics, .timeout_s = a.timeout_s};
      if (server->count() > 0) options.server = parse_server_kind(a.server).value();
      if (instances->count() > 0) options.instances = a.instances;
      if (databases->count() > 0) options.databases_per_instance = a.databases;
      if (pool->count() > 0) options.buffer_pool_mb = a.buffer_pool_mb;
      if (extra->count() > 0) options.server_options = a.server_options;
      if (no_front->count() > 0) options.front = !a.no_front;
      return up(std::move(options), a.detach);
    };
  });
}

void add_fault_commands(CLI::App& app, Arguments& a, std::function<int()>& action) {
  auto* server = app.add_subcommand("server", "Take a database server down and up again, on the same port");
  auto* kafka = app.add_subcommand("kafka", "Take the broker down and up again, on the same port");
  server->require_subcommand(1);
  kafka->require_subcommand(1);
  for (const std::string verb : {"start", "stop", "restart"}) {
    auto* one = with_dir(server->add_subcommand(verb), a);
    one->add_option("--instance", a.instance, "Number of the instance, from 0")->required();
    if (verb != "start") one->add_flag("--kill", a.kill, "With SIGKILL");
    one->callback(
        [&a, &action, verb] { action = [&a, verb] { return change_server(a.dir, verb, a.instance, a.kill); }; });
    auto* broker = with_dir(kafka->add_subcommand(verb), a);
    if (verb != "start") broker->add_flag("--kill", a.kill, "With SIGKILL");
    broker->callback([&a, &action, verb] { action = [&a, verb] { return change_kafka(a.dir, verb, a.kill); }; });
  }
}

void add_topic_commands(CLI::App& app, Arguments& a, std::function<int()>& action) {
  auto* topic = app.add_subcommand("topic", "Create and delete topics");
  topic->require_subcommand(1);
  for (const std::string verb : {"create", "delete"}) {
    auto* one = with_dir(topic->add_subcommand(verb), a);
    one->add_option("NAME", a.name)->required();
    if (verb == "create") {
      one->add_option("--partitions", a.partitions, "(1)")->check(CLI::Range(1, 10000));
      one->add_option("--config", a.config, "NAME=VALUE of the topic, e.g. max.message.bytes=1000");
    }
    one->callback([&a, &action, verb] {
      action = [&a, verb] { return change_topic(a.dir, verb, a.name, a.partitions, a.config); };
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A PolarDB-X 1.0 stand-in: real MySQL-family servers, a sharding front, a Kafka broker",
               "tributary-lab"};
  app.require_subcommand(1);
  Arguments arguments;
  std::function<int()> action = [] { return 0; };
  add_up(app, arguments, action);
  with_dir(app.add_subcommand("down", "Stop the lab of a folder; its data stays"), arguments)->callback([&] {
    action = [&] { return down(arguments.dir); };
  });
  auto* status = with_dir(app.add_subcommand("status", "Show what runs; exit code 0 if all of it does"), arguments);
  status->add_flag("--json", arguments.as_json);
  status->callback([&] { action = [&] { return show_status(arguments.dir, arguments.as_json); }; });
  add_fault_commands(app, arguments, action);
  add_topic_commands(app, arguments, action);
  with_dir(app.add_subcommand("mock-broker", "")->group(""), arguments)->callback([&] {
    action = [] { return run_mock_broker(); };
  });
#ifdef TRIBUTARY_HAS_COMPARE
  add_compare_command(app);
#endif
#ifdef TRIBUTARY_HAS_LOAD
  add_load_command(app);
#endif
  CLI11_PARSE(app, argc, argv);
  return action();
}
