#include "lab/mock.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "lab/process.h"

namespace tributary::lab {
namespace {

using base::ErrorCode;
using base::fail;

void answer(const std::string& text) {
  const auto line = text + "\n";
  if (::send(0, line.data(), line.size(), MSG_NOSIGNAL) < 0) ::_exit(0);  // the supervisor has gone
}

std::string carry_out(rd_kafka_mock_cluster_t* cluster, const std::string& line) {
  std::istringstream words(line);
  std::string verb, name;
  int partitions = 1;
  words >> verb >> name >> partitions;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_INVALID_REQUEST;
  if (verb == "topic") error = rd_kafka_mock_topic_create(cluster, name.c_str(), partitions, 1);
  if (verb == "down") error = rd_kafka_mock_broker_set_down(cluster, 1);
  if (verb == "up") error = rd_kafka_mock_broker_set_up(cluster, 1);
  return error == RD_KAFKA_RESP_ERR_NO_ERROR ? "ok" : fmt::format("error {}", rd_kafka_err2str(error));
}

}  // namespace

int run_mock_broker() {
  char error[512];
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
  rd_kafka_mock_cluster_t* cluster = handle != nullptr ? rd_kafka_mock_cluster_new(handle, 1) : nullptr;
  if (cluster == nullptr) {
    answer(fmt::format("error {}", handle == nullptr ? error : "no mock cluster"));
    return 1;
  }
  answer(fmt::format("ready {}", rd_kafka_mock_cluster_bootstraps(cluster)));
  for (std::string line; std::getline(std::cin, line);) answer(carry_out(cluster, line));
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(handle);
  return 0;
}

base::Status MockBroker::start(const std::string& dir, const std::string& log) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorCode::io, fmt::format("socketpair: {}", std::strerror(errno)));
  fd_ = ends[0];
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  auto child = spawn({.argv = {self.string(), "mock-broker", "--dir", dir}, .log = log, .input_fd = ends[1]});
  ::close(ends[1]);
  if (!child) return std::unexpected(std::move(child).error());
  pid_ = *child;
  TRY_VALUE(const auto line, read_line());
  if (!line.starts_with("ready ")) return fail(ErrorCode::io, line, "mock broker");
  address_ = line.substr(6);
  return {};
}

base::Status MockBroker::command(const std::string& line) {
  const auto text = line + "\n";
  if (::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) < 0)
    return fail(ErrorCode::io, "the mock broker has gone", line);
  TRY_VALUE(const auto reply, read_line());
  if (reply != "ok") return fail(ErrorCode::io, reply, line);
  return {};
}

base::Result<std::string> MockBroker::read_line() {
  std::string line;
  for (char c = 0;;) {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, 10000) <= 0) return fail(ErrorCode::io, "no answer within 10 s", "mock broker");
    const auto n = ::read(fd_, &c, 1);
    if (n <= 0) return fail(ErrorCode::io, "it ended", "mock broker");
    if (c == '\n') return line;
    line.push_back(c);
  }
}

void MockBroker::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace tributary::lab
