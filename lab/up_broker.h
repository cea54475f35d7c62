// The lab's broker in either flavour behind one face: real Kafka, or the mock where Kafka can't be had.
//
// Threads: the main thread. Errors: those of kafka.h and mock.h.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "lab/kafka.h"
#include "lab/mock.h"
#include "lab/up_part.h"
#include "lab/up_state.h"

namespace tributary::lab {

class Broker {
 public:
  // part: the folder of the jars, empty for the mock.
  Broker(const std::string& dir, KafkaFlavor flavor, std::string part);

  KafkaFlavor flavor() const { return flavor_; }
  const std::string& brokers() const { return brokers_; }
  std::string sasl_brokers() const;

  // Starts the process on the ports of `settings`; format the storage first if need be (takes seconds).
  base::Status start(const Settings& settings, const std::function<bool()>& stop);
  // One try, at most half a second.
  base::Status probe() const { return probe_broker(brokers_, 500); }
  base::Status create_topic(const TopicOptions& options);
  base::Status delete_topic(const std::string& name);

  // A fault: the broker is away but may come back on the same port with what it holds.
  void take_down(bool kill);
  base::Status bring_up(const Settings& settings, const std::function<bool()>& stop);
  bool is_down() const { return down_; }
  // The end.
  void ask_to_end();
  void wait_until_gone();

  Part& process() { return process_; }

 private:
  KafkaFlavor flavor_;
  BrokerOptions options_;
  std::string brokers_;
  Part process_;
  MockBroker mock_;
  bool down_ = false;
};

}  // namespace tributary::lab
