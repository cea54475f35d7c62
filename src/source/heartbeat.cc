#include "source/heartbeat.h"

#include "mysql/server.h"

namespace tributary::source {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

constexpr int silence_s_max = 20;  // semi-synchronous commits may take ten

// What passes by itself: a row lock of another task's heartbeat, a query killed.
bool is_passing(unsigned server_errno) {
  switch (server_errno) {
    case 1205:  // lock wait timeout
    case 1213:  // deadlock
    case 1317:  // query interrupted
      return true;
    default:
      return false;
  }
}

}  // namespace

Status Heartbeat::prepare() {
  if (connection_) return {};
  // Those who stop wait for a beat under way: a server that has fallen silent must not hold them for minutes.
  mysql::Endpoint endpoint = instance_.endpoint;
  endpoint.read_timeout_s = silence_s_max;
  TRY_VALUE(mysql::Connection opened, mysql::Connection::open(endpoint));
  connection_ = std::move(opened);
  // A user with enough rights may write there all the same, and break the replication of whoever reads from another.
  TRY_VALUE(const bool is_writable, mysql::is_writable(*connection_));
  if (!is_writable && was_written_)
    return base::fail(ErrorCode::source_moved, "it has become read-only", instance_.endpoint.address());
  if (!is_writable) {
    refusal_ = "the server is read-only";
    return {};
  }
  // Asked for first: CREATE ... IF NOT EXISTS needs a right that writing does not.
  if (connection_->query("SELECT 1 FROM dts_health_check.ha_health_check LIMIT 1")) return {};
  TRY(connection_->execute("CREATE DATABASE IF NOT EXISTS dts_health_check"));
  TRY(
      connection_->execute("CREATE TABLE IF NOT EXISTS dts_health_check.ha_health_check "
                           "(id BIGINT DEFAULT 0, type CHAR(1) NOT NULL DEFAULT '0' PRIMARY KEY)"));
  return {};
}

Result<bool> Heartbeat::beat() {
  std::lock_guard lock(mutex_);
  if (!refusal_.empty()) return false;
  for (int attempt = 0;; ++attempt) {
    Status done = prepare();
    if (!refusal_.empty()) return false;
    if (done) {
      auto written = connection_->execute(
          "INSERT INTO dts_health_check.ha_health_check (id, type) VALUES (1, '1') "
          "ON DUPLICATE KEY UPDATE id = id + 1");
      if (written) return was_written_ = true;
      done = base::fail(std::move(written.error()));
    }
    const unsigned server_errno = connection_ ? connection_->server_errno() : 0;
    connection_.reset();
    if (done.error().code == ErrorCode::source_moved) return base::fail(std::move(done.error()));
    // It was the one to be written: another one is now.
    if (was_written_ && (server_errno == 1290 || server_errno == 1836))
      return base::fail(ErrorCode::source_moved, "it has become read-only: " + done.error().what,
                        instance_.endpoint.address());
    if (done.error().code == ErrorCode::source_query && is_passing(server_errno)) {
      done.error().code = ErrorCode::source_lost;
    } else if (done.error().code == ErrorCode::source_query) {  // refused, not lost
      refusal_ = done.error().what;
      return false;
    }
    if (attempt == 1) return base::fail(std::move(done.error()));
  }
}

std::string Heartbeat::refusal() const {
  std::lock_guard lock(mutex_);
  return refusal_;
}

}  // namespace tributary::source
