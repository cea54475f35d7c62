#include "lab/kafka.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "lab/progress.h"
#include "lab/servers.h"

namespace tributary::lab {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

std::string properties(const BrokerOptions& o) {
  constexpr std::string_view scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
  constexpr std::string_view plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
  std::string text;
  const auto set = [&](std::string_view key, std::string value) { text += fmt::format("{}={}\n", key, value); };
  set("process.roles", "broker,controller");
  set("node.id", "1");
  set("controller.quorum.voters", fmt::format("1@127.0.0.1:{}", o.controller_port));
  set("listeners", fmt::format("PLAINTEXT://127.0.0.1:{},SASL_PLAINTEXT://127.0.0.1:{},CONTROLLER://127.0.0.1:{}",
                               o.port, o.sasl_port, o.controller_port));
  set("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT");
  set("controller.listener.names", "CONTROLLER");
  set("inter.broker.listener.name", "PLAINTEXT");
  set("sasl.enabled.mechanisms", "SCRAM-SHA-256,PLAIN");
  set("listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config", fmt::format("{} required;", scram));
  set("listener.name.sasl_plaintext.plain.sasl.jaas.config",
      fmt::format("{} required user_{}=\"{}\";", plain, kafka_user, kafka_password));
  set("log.dirs", o.dir + "/data");
  set("auto.create.topics.enable", "false");
  // Nothing is ever thrown away: verifiers read a topic from its beginning.
  set("log.retention.ms", "-1");
  set("log.retention.bytes", "-1");
  // Rows with large BLOBs must fit; a test of the limit sets max.message.bytes on its own topic.
  set("message.max.bytes", "67108864");
  set("socket.request.max.bytes", "268435456");
  set("offsets.topic.replication.factor", "1");
  set("offsets.topic.num.partitions", "4");
  set("transaction.state.log.replication.factor", "1");
  set("transaction.state.log.min.isr", "1");
  set("transaction.state.log.num.partitions", "4");
  set("group.initial.rebalance.delay.ms", "0");
  // Small: 2 cores have servers, task and broker to carry.
  set("num.network.threads", "2");
  set("num.io.threads", "4");
  set("log.cleaner.dedupe.buffer.size", "16777216");
  // A killed broker that comes back is refused until its former session has run out (9 s by default).
  set("broker.session.timeout.ms", "3000");
  set("broker.heartbeat.interval.ms", "500");
  return text;
}

std::string log4j_properties(const BrokerOptions& o) {
  return fmt::format(
      "log4j.rootLogger=INFO, file\n"
      "log4j.appender.file=org.apache.log4j.RollingFileAppender\n"
      "log4j.appender.file.File={}\n"
      "log4j.appender.file.MaxFileSize=20MB\n"
      "log4j.appender.file.MaxBackupIndex=1\n"
      "log4j.appender.file.layout=org.apache.log4j.PatternLayout\n"
      "log4j.appender.file.layout.ConversionPattern=%d %p %m (%c)%n\n"
      "log4j.logger.kafka.request.logger=WARN\n"
      "log4j.logger.org.apache.kafka.common.config.AbstractConfig=WARN\n",
      broker_log(o));
}

base::Result<std::vector<std::string>> java(const BrokerOptions& o) {
  const auto program = find_program("java");
  if (program.empty()) return fail(ErrorCode::dependency_missing, "Java (Debian package default-jre-headless)");
  return std::vector<std::string>{program,
                                  "-Xms256m",
                                  "-Xmx768m",
                                  "-XX:+UseSerialGC",
                                  "-Djava.awt.headless=true",
                                  "-Dlog4j.configuration=file:" + o.dir + "/log4j.properties",
                                  "-cp",
                                  o.part + "/libs/*"};
}

base::Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return fail(ErrorCode::io, "can't write", path);
  return {};
}

}  // namespace

std::string broker_log(const BrokerOptions& options) { return options.dir + "/server.log"; }

base::Status prepare_broker(const BrokerOptions& options, const std::function<bool()>& stop) {
  std::error_code error;
  fs::create_directories(options.dir, error);
  if (error) return fail(ErrorCode::io, error.message(), options.dir);
  TRY(write_file(options.dir + "/server.properties", properties(options)));
  TRY(write_file(options.dir + "/log4j.properties", log4j_properties(options)));
  if (fs::exists(options.dir + "/data/meta.properties")) return {};
  TRY_VALUE(auto argv, java(options));
  for (const auto& arg :
       {std::string("kafka.tools.StorageTool"), std::string("format"), std::string("--cluster-id"),
        std::string("VHJpYnV0YXJ5TGFiLi4uLg"), std::string("--config"), options.dir + "/server.properties",
        std::string("--add-scram"), fmt::format("SCRAM-SHA-256=[name={},password={}]", kafka_user, kafka_password)})
    argv.push_back(arg);
  return run({.argv = argv, .log = options.dir + "/format.log"}, stop);
}

base::Result<Command> broker_command(const BrokerOptions& options) {
  TRY_VALUE(auto argv, java(options));
  argv.push_back("kafka.Kafka");
  argv.push_back(options.dir + "/server.properties");
  return Command{.argv = argv, .log = options.dir + "/console.log"};
}

}  // namespace tributary::lab
