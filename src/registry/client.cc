#include "registry/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/backoff.h"
#include "base/clock.h"
#include "registry/http.h"

namespace tributary::registry {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr long not_found = 404;
constexpr std::size_t message_bytes_max = 2000;

bool is_transient(long status) { return status == 408 || status == 429 || status >= 500; }

// What the registry says, in its own words: {"error_code": 42201, "message": "..."}, or the answer as it is.
std::string words_of(const Answer& answer) {
  const json parsed = json::parse(answer.body, nullptr, false);
  std::string text = answer.body;
  if (parsed.is_object()) {
    for (const char* name : {"message", "detail", "title"}) {
      if (parsed.contains(name) && parsed[name].is_string()) {
        text = parsed[name].get<std::string>();
        break;
      }
    }
  }
  if (text.size() > message_bytes_max) text = text.substr(0, message_bytes_max) + "...";
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text.empty() ? fmt::format("HTTP {}", answer.status) : fmt::format("HTTP {}: {}", answer.status, text);
}

ErrorCode code_of(long status) {
  if (is_transient(status)) return ErrorCode::registry_unreachable;
  if (status == 401 || status == 403) return ErrorCode::registry_auth;
  if (status == 409) return ErrorCode::registry_incompatible;
  return ErrorCode::registry_refused;
}

base::Result<std::uint32_t> id_in(const Answer& answer, const std::string& where) {
  const json parsed = json::parse(answer.body, nullptr, false);
  if (parsed.is_object() && parsed.contains("id") && parsed["id"].is_number_unsigned()) {
    if (const auto id = parsed["id"].get<std::uint64_t>(); id <= INT32_MAX) return static_cast<std::uint32_t>(id);
  }
  return base::fail(ErrorCode::registry_refused, "no schema id in the answer: " + words_of(answer), where);
}

std::string schema_body(std::string_view schema) {
  return json{{"schema", schema}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

class CurlClient final : public Client {
 public:
  CurlClient(ClientConfig config, base::CancelToken* cancel)
      : config_(std::move(config)), cancel_(cancel), http_(config_, cancel) {}

  base::Result<std::uint32_t> register_schema(std::string_view subject, std::string_view schema) override {
    std::lock_guard lock(mutex_);
    const Known key{std::string(subject), std::string(schema)};
    if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
    const std::string path = "/subjects/" + escaped(subject) + "/versions";
    TRY_VALUE(const Answer answer, ask(path, schema_body(schema)));
    if (answer.status == 409) return base::fail(incompatible(subject, schema, answer));
    if (answer.status != 200) return base::fail(refused(subject, answer));
    TRY_VALUE(const std::uint32_t id, id_in(answer, subject_place(subject)));
    ids_.emplace(key, id);
    return id;
  }

  base::Result<std::optional<std::uint32_t>> find_schema(std::string_view subject, std::string_view schema) override {
    std::lock_guard lock(mutex_);
    TRY_VALUE(const Answer answer, ask("/subjects/" + escaped(subject), schema_body(schema)));
    if (answer.status == not_found) return std::optional<std::uint32_t>();
    if (answer.status != 200) return base::fail(refused(subject, answer));
    TRY_VALUE(const std::uint32_t id, id_in(answer, subject_place(subject)));
    return std::optional(id);
  }

  base::Status check_compatible(std::string_view subject, std::string_view schema) override {
    std::lock_guard lock(mutex_);
    TRY_VALUE(const Answer answer, ask(compatibility_path(subject), schema_body(schema)));
    if (answer.status == not_found) return {};
    if (answer.status != 200) return base::fail(refused(subject, answer));
    const json parsed = json::parse(answer.body, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("is_compatible") || !parsed["is_compatible"].is_boolean()) {
      return base::fail(ErrorCode::registry_refused, "no verdict in the answer: " + words_of(answer),
                        subject_place(subject));
    }
    if (parsed["is_compatible"].get<bool>()) return {};
    return base::fail(ErrorCode::registry_incompatible, differences(parsed), subject_place(subject));
  }

  base::Result<std::string> schema_of(std::uint32_t id) override {
    std::lock_guard lock(mutex_);
    TRY_VALUE(const Answer answer, ask(fmt::format("/schemas/ids/{}", id), {}));
    const std::string where = fmt::format("{}, schema id {}", url_, id);
    if (answer.status != 200) return base::fail(code_of(answer.status), words_of(answer), where);
    const json parsed = json::parse(answer.body, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("schema") || !parsed["schema"].is_string()) {
      return base::fail(ErrorCode::registry_refused, "no schema in the answer: " + words_of(answer), where);
    }
    return parsed["schema"].get<std::string>();
  }

  base::Status ping() override {
    std::lock_guard lock(mutex_);
    TRY_VALUE(const Answer answer, ask("/subjects", {}));
    const json parsed = json::parse(answer.body, nullptr, false);
    if (answer.status == 200 && parsed.is_array()) return {};
    return base::fail(answer.status == 200 ? ErrorCode::registry_refused : code_of(answer.status), words_of(answer),
                      url_);
  }

 private:
  using Known = std::pair<std::string, std::string>;

  static std::string compatibility_path(std::string_view subject) {
    return "/compatibility/subjects/" + escaped(subject) + "/versions/latest?verbose=true";
  }
  std::string subject_place(std::string_view subject) const { return fmt::format("{}, subject {}", url_, subject); }

  base::Error refused(std::string_view subject, const Answer& answer) const {
    return {code_of(answer.status), words_of(answer), subject_place(subject)};
  }

  static std::string differences(const json& verdict) {
    std::string text;
    if (verdict.contains("messages") && verdict["messages"].is_array()) {
      for (const json& message : verdict["messages"]) {
        text += (text.empty() ? "" : "; ") + (message.is_string() ? message.get<std::string>() : message.dump());
      }
    }
    // Apicurio's word for it.
    if (text.empty() && verdict.contains("reason") && verdict["reason"].is_string()) text = verdict["reason"];
    if (text.size() > message_bytes_max) text = text.substr(0, message_bytes_max) + "...";
    return text.empty() ? "the registry names no difference" : text;
  }

  // The answer to a registration often says less than the check does.
  base::Error incompatible(std::string_view subject, std::string_view schema, const Answer& refusal) {
    std::string what = words_of(refusal);
    if (const auto answer = ask(compatibility_path(subject), schema_body(schema)); answer && answer->status == 200) {
      const json verdict = json::parse(answer->body, nullptr, false);
      const std::string more = verdict.is_object() ? differences(verdict) : std::string();
      if (!more.empty() && !what.contains(more)) what += " (" + more + ")";
    }
    return {ErrorCode::registry_incompatible, what, subject_place(subject)};
  }

  // Asks until there is an answer that is worth something, or the time for it is over.
  base::Result<Answer> ask(const std::string& path, std::string_view body) {
    const base::SystemClock& clock = base::SystemClock::instance();
    const std::int64_t end_ms = clock.monotonic_ms() + config_.retry_for_ms;
    base::Backoff backoff(config_.retry_wait_least_ms, config_.retry_wait_most_ms);
    while (true) {
      base::Error error{ErrorCode::registry_unreachable, {}, {}};
      for (std::size_t tried = 0; tried < config_.urls.size(); ++tried) {
        url_ = config_.urls[first_];
        base::Result<Answer> answer = http_.request(url_ + path, body);
        if (answer && !is_transient(answer->status)) return answer;
        if (answer) {
          error = {ErrorCode::registry_unreachable, words_of(*answer), url_};
        } else {
          error = std::move(answer).error();
          error.where = url_;
          if (error.is_cancelled() || error.code == ErrorCode::task_bad_value) return base::fail(std::move(error));
        }
        first_ = (first_ + 1) % config_.urls.size();
      }
      const std::int64_t wait_ms = backoff.next_ms();
      if (!error.is_retriable() || clock.monotonic_ms() + wait_ms > end_ms) return base::fail(std::move(error));
      if (cancel_ != nullptr ? cancel_->wait_for_ms(wait_ms) : sleep_for(wait_ms)) {
        return base::fail(ErrorCode::cancelled, {}, url_);
      }
    }
  }

  static bool sleep_for(std::int64_t ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    return false;
  }

  const ClientConfig config_;
  base::CancelToken* const cancel_;

  std::mutex mutex_;  // all below
  Http http_;
  std::size_t first_ = 0;  // of the URLs
  std::string url_;        // asked last
  std::map<Known, std::uint32_t> ids_;
};

base::Status bad_url(std::string_view url, std::string_view why) {
  return base::fail(ErrorCode::task_bad_value, fmt::format("{}", why), std::string(url));
}

base::Status check_url(const std::string& url) {
  const bool is_http = url.starts_with("http://") || url.starts_with("https://");
  if (!is_http) return bad_url({}, "a schema registry's URL begins with http:// or https://");
  const std::size_t host = url.find("//") + 2;
  const std::size_t path = std::min(url.find('/', host), url.size());
  // What stands in front of an @ would be told by errors.
  if (url.substr(host, path - host).contains('@')) {
    return bad_url({}, "user and password of a schema registry have keys of their own and may not stand in its URL");
  }
  if (path == host || url.find_first_of("?#") != std::string::npos) {
    return bad_url(url, "a schema registry's URL has a host and neither ? nor #");
  }
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Client>> Client::make(ClientConfig config, base::CancelToken* cancel) {
  if (config.urls.empty()) return base::fail(ErrorCode::task_bad_value, "a schema registry has at least one URL");
  for (std::string& url : config.urls) {
    TRY(check_url(url));
    while (url.ends_with('/')) url.pop_back();
  }
  return std::make_unique<CurlClient>(std::move(config), cancel);
}

}  // namespace tributary::registry
