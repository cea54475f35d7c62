#include <fmt/format.h>

#include "base/clock.h"
#include "kafka/internal.h"

namespace tributary::kafka::internal {

using base::Error;
using base::ErrorCode;

namespace {

ErrorCode our_code(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__BAD_MSG:  // what answers there is no broker
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
      return ErrorCode::destination_unreachable;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return ErrorCode::destination_auth;
    case RD_KAFKA_RESP_ERR__SSL:
      return ErrorCode::destination_tls;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return ErrorCode::destination_topic_missing;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return ErrorCode::destination_topic_denied;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return ErrorCode::destination_record_too_large;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
      return ErrorCode::destination_fenced;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return ErrorCode::destination_records_gone;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      return ErrorCode::destination_config;
    default:
      return ErrorCode::destination_rejected;
  }
}

}  // namespace

Error to_error(rd_kafka_resp_err_t code, std::string_view detail, std::string where) {
  const char* text = rd_kafka_err2str(code);
  std::string what = detail.empty() || detail == text ? std::string(text) : fmt::format("{}: {}", text, detail);
  return {our_code(code), std::move(what), std::move(where)};
}

std::string printable_key(const void* key, std::size_t size) {
  if (key == nullptr) return "no key";
  constexpr std::size_t shown_max = 200;
  std::string out;
  const auto* bytes = static_cast<const unsigned char*>(key);
  for (std::size_t i = 0; i < size && i < shown_max; ++i)
    if (bytes[i] < 0x20 || bytes[i] == 0x7f)
      out += fmt::format("\\x{:02x}", bytes[i]);
    else
      out += static_cast<char>(bytes[i]);
  if (size > shown_max) out += "...";
  return out;
}

void ProblemBoard::note(rd_kafka_resp_err_t code, std::string_view detail, const std::string& brokers) {
  std::lock_guard lock(mutex_);
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    last_detail_ = detail;
    return;
  }
  const bool no_reason = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  // A refused password is the reason why all brokers then are "down": keep it.
  if (no_reason && problem_ && problem_->error.code != ErrorCode::destination_unreachable) return;
  const std::int64_t since = problem_ ? problem_->since_ms : base::SystemClock::instance().now_ms();
  problem_ = Problem{
      to_error(code, no_reason && !last_detail_.empty() ? std::string_view(last_detail_) : detail, brokers), since};
}

void ProblemBoard::note_stall(const std::string& brokers) {
  std::lock_guard lock(mutex_);
  if (problem_) return;
  std::string what = "the brokers acknowledge nothing";
  if (!last_detail_.empty()) what += "; last heard: " + last_detail_;
  problem_ =
      Problem{{ErrorCode::destination_unreachable, std::move(what), brokers}, base::SystemClock::instance().now_ms()};
}

void ProblemBoard::clear() {
  std::lock_guard lock(mutex_);
  problem_.reset();
  last_detail_.clear();
}

std::optional<Problem> ProblemBoard::now() const {
  std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace tributary::kafka::internal
