// The client against a registry that answers by a script; tests/formats has a real one.
#include "registry/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <thread>

namespace tributary::registry {
namespace {

using base::ErrorCode;

struct Scripted {
  int status;
  std::string body;
};

// Answers one request a connection, in the order of the script; the last answer is given again and again.
class FakeRegistry {
 public:
  explicit FakeRegistry(std::vector<Scripted> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeRegistry() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<std::string> requests() {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (std::size_t n = 0;; ++n) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      {
        std::lock_guard lock(mutex_);
        requests_.push_back(read_request(socket));
      }
      const Scripted& answer = script_[std::min(n, script_.size() - 1)];
      const std::string text = "HTTP/1.1 " + std::to_string(answer.status) +
                               " X\r\nContent-Length: " + std::to_string(answer.body.size()) +
                               "\r\nConnection: close\r\n\r\n" + answer.body;
      EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
      ::close(socket);
    }
  }
  static std::string read_request(int socket) {
    std::string text;
    std::array<char, 4096> room;
    while (true) {
      if (const std::size_t end = text.find("\r\n\r\n"); end != std::string::npos) {
        const std::size_t at = text.find("Content-Length: ");
        const std::size_t body = at < end ? std::stoul(text.substr(at + 16)) : 0;
        if (text.size() >= end + 4 + body) return text;
      }
      const ssize_t count = ::recv(socket, room.data(), room.size(), 0);
      if (count <= 0) return text;
      text.append(room.data(), static_cast<std::size_t>(count));
    }
  }

  std::vector<Scripted> script_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
};

std::unique_ptr<Client> client_of(ClientConfig config) {
  if (config.retry_for_ms == ClientConfig().retry_for_ms) config.retry_for_ms = 0;
  config.retry_wait_least_ms = 1;
  auto made = Client::make(std::move(config));
  EXPECT_TRUE(made.has_value()) << made.error().message();
  return std::move(*made);
}

TEST(RegistryClient, ASchemaIsRegisteredOnceAndItsIdKept) {
  FakeRegistry registry({{200, R"({"id":7})"}});
  const auto client = client_of({.urls = {registry.url() + "/"}, .username = "me", .password = "secret"});
  for (int n = 0; n < 3; ++n) EXPECT_EQ(client->register_schema("a b/ü-value", R"("string")").value(), 7U);
  const auto requests = registry.requests();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_TRUE(requests[0].starts_with("POST /subjects/a%20b%2F%C3%BC-value/versions HTTP/1.1\r\n")) << requests[0];
  EXPECT_TRUE(requests[0].ends_with(R"({"schema":"\"string\""})")) << requests[0];
  EXPECT_NE(requests[0].find("Authorization: Basic bWU6c2VjcmV0\r\n"), std::string::npos);
}

TEST(RegistryClient, TransientAnswersAreTriedAgain) {
  FakeRegistry registry({{503, ""}, {429, ""}, {200, R"({"id":7})"}});
  const auto client = client_of({.urls = {registry.url()}, .retry_for_ms = 20'000});
  EXPECT_EQ(client->register_schema("s", "{}").value(), 7U);
  EXPECT_EQ(registry.requests().size(), 3U);
}

TEST(RegistryClient, AnotherUrlIsAskedAndTheOneThatAnsweredGoesFirst) {
  FakeRegistry broken({{500, R"({"error_code":50001,"message":"no store"})"}}), good({{200, R"({"id":7})"}});
  const auto client = client_of({.urls = {broken.url(), good.url()}});
  EXPECT_EQ(client->register_schema("s", "{}").value(), 7U);
  EXPECT_EQ(client->register_schema("t", "{}").value(), 7U);
  EXPECT_EQ(broken.requests().size(), 1U);
  EXPECT_EQ(good.requests().size(), 2U);
}

TEST(RegistryClient, WhatStaysAwayIsRetriableAndNamesTheUrl) {
  std::string url;
  {
    FakeRegistry gone({{200, ""}});
    url = gone.url();
  }
  const auto found = client_of({.urls = {url}})->register_schema("s", "{}");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::registry_unreachable);
  EXPECT_TRUE(found.error().is_retriable());
  EXPECT_NE(found.error().message().find(url), std::string::npos) << found.error().message();
}

TEST(RegistryClient, ARefusalForIncompatibilitySaysWhatTheCheckSays) {
  FakeRegistry registry({{409, R"({"error_code":409,"message":"incompatible"})"},
                         {200, R"({"is_compatible":false,"messages":["field b has no default"]})"}});
  const auto found = client_of({.urls = {registry.url()}})->register_schema("s-value", "{}");
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::registry_incompatible);
  for (const char* part : {"incompatible", "field b has no default", "s-value"}) {
    EXPECT_NE(found.error().message().find(part), std::string::npos) << found.error().message();
  }
}

TEST(RegistryClient, EachRefusalHasItsCode) {
  const std::pair<Scripted, ErrorCode> cases[] = {
      {{401, ""}, ErrorCode::registry_auth},
      {{403, R"({"message":"not yours"})"}, ErrorCode::registry_auth},
      {{422, R"({"error_code":42201,"message":"no Avro"})"}, ErrorCode::registry_refused},
      {{200, R"({"id":-1})"}, ErrorCode::registry_refused},
      {{200, "<html>"}, ErrorCode::registry_refused},
      {{502, "proxy"}, ErrorCode::registry_unreachable}};
  for (const auto& [answer, code] : cases) {
    FakeRegistry registry({answer});
    const auto found =
        client_of({.urls = {registry.url()}, .username = "me", .password = "secret"})->register_schema("s", "{}");
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, code) << answer.status << answer.body;
    EXPECT_EQ(found.error().message().find("secret"), std::string::npos);
  }
}

TEST(RegistryClient, TheCheckKnowsThreeAnswers) {
  FakeRegistry yes({{200, R"({"is_compatible":true})"}}), no({{200, R"({"is_compatible":false})"}}),
      unknown({{404, R"({"error_code":40401,"message":"no such subject"})"}});
  EXPECT_TRUE(client_of({.urls = {yes.url()}})->check_compatible("s", "{}").has_value());
  EXPECT_TRUE(client_of({.urls = {unknown.url()}})->check_compatible("s", "{}").has_value());
  const base::Status refused = client_of({.urls = {no.url()}})->check_compatible("s", "{}");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::registry_incompatible);
}

TEST(RegistryClient, ASchemaThatIsNotThereIsNoError) {
  FakeRegistry registry(
      {{404, R"({"error_code":40403,"message":"no such schema"})"}, {200, R"({"id":3,"version":1})"}});
  const auto client = client_of({.urls = {registry.url()}});
  EXPECT_EQ(client->find_schema("s", "{}").value(), std::nullopt);
  EXPECT_EQ(client->find_schema("s", "{}").value(), 3U);
}

TEST(RegistryClient, CancellationEndsTheWaits) {
  FakeRegistry registry({{503, ""}});
  base::CancelToken cancel;
  auto client = Client::make({.urls = {registry.url()},
                              .retry_for_ms = 1'200'000,
                              .retry_wait_least_ms = 600'000,
                              .retry_wait_most_ms = 600'000},
                             &cancel);
  ASSERT_TRUE(client.has_value());
  std::thread canceller([&] {
    while (registry.requests().empty()) std::this_thread::yield();
    cancel.request();
  });
  const auto found = (*client)->register_schema("s", "{}");
  canceller.join();
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::cancelled);
}

TEST(RegistryClient, UrlsAreChecked) {
  for (const char* url : {"", "ftp://host", "http://", "http://me:secret@host", "http://host/?a=b"}) {
    const auto made = Client::make({.urls = {url}});
    ASSERT_FALSE(made.has_value()) << url;
    EXPECT_EQ(made.error().code, ErrorCode::task_bad_value);
    EXPECT_EQ(made.error().message().find("secret"), std::string::npos);
  }
  EXPECT_FALSE(Client::make({}).has_value());
}

}  // namespace
}  // namespace tributary::registry
