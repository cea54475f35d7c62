// librdkafka's mock cluster as a process of its own, for machines without Java or Maven. One broker on a random port of
// 127.0.0.1; no SASL, no admin API; keeps only the last 5 MiB or 100,000 messages of a partition (librdkafka 2.0.2,
// rdkafka_mock.c), so whoever wants to see every message must read along.
//
// It talks to the supervisor over one socket, its standard input: first it says "ready HOST:PORT", then answers each
// line "topic NAME PARTITIONS", "down", "up" with "ok" or "error TEXT". It ends when the socket is closed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/error.h"

namespace tributary::lab {

// The process's main function.
int run_mock_broker();

// The supervisor's end. Threads: the main thread.
class MockBroker {
 public:
  MockBroker() = default;
  MockBroker(const MockBroker&) = delete;
  MockBroker& operator=(const MockBroker&) = delete;
  ~MockBroker() { close(); }
  // dir only tells people whose process it is.
  base::Status start(const std::string& dir, const std::string& log);
  base::Status command(const std::string& line);
  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }
  void close();

 private:
  base::Result<std::string> read_line();
  int fd_ = -1;
  pid_t pid_ = 0;
  std::string address_;
};

}  // namespace tributary::lab
