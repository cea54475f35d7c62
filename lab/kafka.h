// A real Apache Kafka broker (KRaft, one node that is broker and controller) for the lab, from the jars
// lab/fetch/kafka.sh brings. Listeners on 127.0.0.1: PLAINTEXT, SASL_PLAINTEXT (SCRAM-SHA-256 and PLAIN), and the
// controller's own.
//
// Files in DIR: server.properties, log4j.properties, data/, server.log. Threads: the main thread. Errors: io,
// dependency_missing without Java, destination_unreachable from the probe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "lab/process.h"

namespace tributary::lab {

inline constexpr std::string_view kafka_user = "tributary", kafka_password = "tributary-secret";

struct BrokerOptions {
  std::string dir;
  std::string part;  // folder of the jars
  std::uint16_t port = 0, sasl_port = 0, controller_port = 0;
};

// Writes the configuration; formats the storage the first time.
base::Status prepare_broker(const BrokerOptions& options, const std::function<bool()>& stop);
base::Result<Command> broker_command(const BrokerOptions& options);
// Whether the broker answers a metadata request. Takes up to timeout_ms.
base::Status probe_broker(const std::string& brokers, int timeout_ms);
std::string broker_log(const BrokerOptions& options);

struct TopicOptions {
  std::string name;
  int partitions = 1;
  std::vector<std::pair<std::string, std::string>> config = {};
};
// Through the broker's admin API, which the mock lacks. An existing topic is an error, as is deleting a missing one.
// Return once the broker's metadata shows the change.
base::Status create_topic(const std::string& brokers, const TopicOptions& options);
base::Status delete_topic(const std::string& brokers, const std::string& name);

}  // namespace tributary::lab
