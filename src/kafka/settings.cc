#include <fmt/format.h>

#include <array>

#include "base/log.h"
#include "kafka/internal.h"

namespace tributary::kafka::internal {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

void log_line(const rd_kafka_t*, int level, const char* facility, const char* text) {
  // The library repeats at warning level what also arrives as an error or is of no use to a user, and with facility
  // FAIL, at error level, each failed connection: the callback for errors hears of them, too.
  if (level <= 3 && std::string_view(facility) != "FAIL")
    base::log::warn("kafka client: {}: {}", facility, text);
  else
    base::log::debug("kafka client: {}: {}", facility, text);
}

const char* mechanism(Security security) {
  switch (security) {
    case Security::plaintext:
      return "";
    case Security::plain:
      return "PLAIN";
    case Security::scram_sha_256:
      return "SCRAM-SHA-256";
    case Security::scram_sha_512:
      return "SCRAM-SHA-512";
  }
  return "";
}

bool is_secret(std::string_view name) {
  return name.find("password") != name.npos || name.find("secret") != name.npos || name.find("key.pem") != name.npos ||
         name.find("jaas") != name.npos || name.find("sasl.oauthbearer") != name.npos;
}

}  // namespace

Status set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) return {};
  if (is_secret(name)) return fail(ErrorCode::destination_config, "the value is refused", name);
  return fail(ErrorCode::destination_config, why.data(), name);
}

Result<Owned<rd_kafka_conf_t>> common_settings(const Config& config) {
  Owned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  if (config.brokers.empty()) return fail(ErrorCode::destination_config, "no broker address", "bootstrap.servers");
  TRY(set(conf.get(), "bootstrap.servers", config.brokers));
  TRY(set(conf.get(), "client.id", config.client_id));
  const bool sasl = config.security != Security::plaintext;
  TRY(set(conf.get(), "security.protocol",
          sasl ? (config.tls ? "sasl_ssl" : "sasl_plaintext") : (config.tls ? "ssl" : "plaintext")));
  if (sasl) {
    TRY(set(conf.get(), "sasl.mechanisms", mechanism(config.security)));
    TRY(set(conf.get(), "sasl.username", config.username));
    TRY(set(conf.get(), "sasl.password", config.password));
  }
  if (config.tls && !config.tls_ca.empty()) TRY(set(conf.get(), "ssl.ca.location", config.tls_ca));
  // A half-open connection is found by the operating system, a silent broker by socket.timeout.ms (60 s).
  TRY(set(conf.get(), "socket.keepalive.enable", "true"));
  TRY(set(conf.get(), "reconnect.backoff.max.ms", "2000"));
  // A topic that is missing is the user's to make: a typing error must not create one.
  TRY(set(conf.get(), "allow.auto.create.topics", "false"));
  TRY(set(conf.get(), "log.connection.close", "false"));
  rd_kafka_conf_set_log_cb(conf.get(), log_line);
  return conf;
}

Result<Owned<rd_kafka_conf_t>> reader_settings(const Config& config) {
  TRY_VALUE(auto conf, common_settings(config));
  // A name is required to assign partitions; without subscribe() no group is joined and nothing is committed.
  TRY(set(conf.get(), "group.id", "tributary-reader"));
  TRY(set(conf.get(), "enable.auto.commit", "false"));
  TRY(set(conf.get(), "enable.auto.offset.store", "false"));
  TRY(set(conf.get(), "auto.offset.reset", "error"));
  TRY(set(conf.get(), "enable.partition.eof", "true"));
  TRY(set(conf.get(), "isolation.level", "read_committed"));
  TRY(set(conf.get(), "fetch.wait.max.ms", "50"));
  return conf;
}

Status apply_overrides(rd_kafka_conf_t* conf, const Config& config) {
  for (const auto& [name, value] : config.overrides) TRY(set(conf, name, value));
  return {};
}

Result<Owned<rd_kafka_t>> make_handle(rd_kafka_type_t type, Owned<rd_kafka_conf_t> conf) {
  std::array<char, 512> why{};
  rd_kafka_t* handle = rd_kafka_new(type, conf.get(), why.data(), why.size());
  if (handle == nullptr) {
    const bool lacks_threads = rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
    return fail(lacks_threads ? ErrorCode::destination_client : ErrorCode::destination_config, why.data());
  }
  (void)conf.release();  // the handle owns it now
  return Owned<rd_kafka_t>(handle);
}

}  // namespace tributary::kafka::internal
