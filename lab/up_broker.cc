#include "lab/up_broker.h"

#include <fmt/format.h>
#include <signal.h>

#include <filesystem>

#include "lab/progress.h"

namespace tributary::lab {
namespace {

std::string log_name(const std::string& dir, KafkaFlavor flavor) {
  return dir + (flavor == KafkaFlavor::mock ? "/mock.log" : "/server.log");
}

}  // namespace

Broker::Broker(const std::string& dir, KafkaFlavor flavor, std::string part)
    : flavor_(flavor),
      options_{.dir = dir, .part = std::move(part)},
      process_(flavor == KafkaFlavor::mock ? "mock broker" : "kafka", log_name(dir, flavor)) {}

std::string Broker::sasl_brokers() const {
  return flavor_ == KafkaFlavor::kafka ? fmt::format("127.0.0.1:{}", options_.sasl_port) : "";
}

base::Status Broker::start(const Settings& settings, const std::function<bool()>& stop) {
  std::error_code ignored;
  std::filesystem::create_directories(options_.dir, ignored);
  if (flavor_ == KafkaFlavor::mock) {
    TRY(mock_.start(options_.dir, log_name(options_.dir, flavor_)));
    process_.adopt(mock_.pid());
    brokers_ = mock_.address();
    return {};
  }
  options_.port = settings.kafka_port;
  options_.sasl_port = settings.sasl_port;
  options_.controller_port = settings.controller_port;
  brokers_ = fmt::format("127.0.0.1:{}", options_.port);
  TRY(prepare_broker(options_, stop));
  TRY_VALUE(const auto command, broker_command(options_));
  return process_.start(command);
}

base::Status Broker::create_topic(const TopicOptions& options) {
  if (flavor_ == KafkaFlavor::kafka) return lab::create_topic(brokers_, options);
  if (!options.config.empty()) say("the mock broker knows no topic settings: ignored for {}", options.name);
  return mock_.command(fmt::format("topic {} {}", options.name, options.partitions));
}

base::Status Broker::delete_topic(const std::string& name) {
  if (flavor_ == KafkaFlavor::kafka) return lab::delete_topic(brokers_, name);
  return base::fail(base::ErrorCode::usage, "the mock broker can't delete topics", "topic " + name);
}

void Broker::take_down(bool kill) {
  down_ = true;
  // The mock would lose all it holds and come back on another port: its listener is closed instead.
  if (flavor_ == KafkaFlavor::mock) {
    if (auto done = mock_.command("down"); !done) say("{}", done.error().message());
    return;
  }
  process_.stop(kill ? SIGKILL : SIGTERM, 20000);
}

base::Status Broker::bring_up(const Settings& settings, const std::function<bool()>& stop) {
  if (flavor_ == KafkaFlavor::mock) {
    TRY(mock_.command("up"));
  } else if (!process_.running()) {
    TRY(start(settings, stop));
  }
  down_ = false;
  return {};
}

void Broker::ask_to_end() {
  if (flavor_ == KafkaFlavor::mock) mock_.close();
  process_.ask(flavor_ == KafkaFlavor::mock ? 0 : SIGTERM);
}

void Broker::wait_until_gone() { process_.wait_gone(20000); }

}  // namespace tributary::lab
