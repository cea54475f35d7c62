// A client of a schema registry with Confluent's REST interface (Confluent, Karapace, Apicurio's ccompat). Hides
// libcurl and JSON.
//
// Answers that may go away by themselves (no connection, 408, 429, 5xx) are tried again at each URL in turn, with
// growing waits, for `retry_for_ms`. Ids are kept: a schema that was registered once asks the network no more.
//
// Errors: registry_unreachable (retriable), registry_auth, registry_tls, registry_incompatible (what the registry says
// of each difference), registry_refused, task_bad_value for settings, cancelled. Passwords are in none of them.
// Threads: any number; one request is under way at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"

namespace tributary::registry {

struct ClientConfig {
  std::vector<std::string> urls;  // "http://host:8081", "https://host/api/ccompat/v7"; the one that answered goes first
  std::string username;           // basic authentication, with the password
  std::string password;
  std::string ca_file;           // PEM; the system's authorities without it
  std::string certificate_file;  // PEM, of the client
  std::string key_file;
  std::string key_password;
  std::int64_t connect_timeout_ms = 5'000;
  std::int64_t request_timeout_ms = 15'000;
  std::int64_t retry_for_ms = 30'000;  // 0: each URL once
  std::int64_t retry_wait_least_ms = 200;
  std::int64_t retry_wait_most_ms = 5'000;
};

class Client {
 public:
  // Nothing is asked of the registry yet. `cancel` ends waits and requests; it has to outlive the client.
  static base::Result<std::unique_ptr<Client>> make(ClientConfig config, base::CancelToken* cancel = nullptr);
  virtual ~Client() = default;

  // The id of an Avro schema under a subject; a new version is made when the subject has not got it yet.
  virtual base::Result<std::uint32_t> register_schema(std::string_view subject, std::string_view schema) = 0;
  // The same without making one; nothing if the subject has no such schema.
  virtual base::Result<std::optional<std::uint32_t>> find_schema(std::string_view subject, std::string_view schema) = 0;
  // Whether the subject would take the schema: done, or registry_incompatible. A subject that does not exist takes all.
  virtual base::Status check_compatible(std::string_view subject, std::string_view schema) = 0;
  virtual base::Result<std::string> schema_of(std::uint32_t id) = 0;
  // Whether there is a registry that lets us in.
  virtual base::Status ping() = 0;
};

}  // namespace tributary::registry
