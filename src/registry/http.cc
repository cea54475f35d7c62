#include "registry/http.h"

#include <curl/curl.h>

#include <array>
#include <mutex>

namespace tributary::registry {
namespace {

using base::ErrorCode;

constexpr std::size_t answer_bytes_max = 16 << 20;

struct Received {
  std::string* body;
  bool is_too_long = false;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* received_of) {
  auto& received = *static_cast<Received*>(received_of);
  if (received.body->size() + size * count > answer_bytes_max) {
    received.is_too_long = true;
    return 0;
  }
  received.body->append(data, size * count);
  return size * count;
}

int is_cancelled(void* token, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* cancel = static_cast<const base::CancelToken*>(token);
  return cancel != nullptr && cancel->requested() ? 1 : 0;
}

ErrorCode code_of(CURLcode result) {
  switch (result) {
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorCode::cancelled;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return ErrorCode::registry_tls;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return ErrorCode::task_bad_value;
    case CURLE_WRITE_ERROR:
      return ErrorCode::registry_refused;
    default:
      return ErrorCode::registry_unreachable;
  }
}

}  // namespace

struct Http::Handle {
  CURL* curl = nullptr;
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> error{};
};

Http::Http(const ClientConfig& config, base::CancelToken* cancel) : handle_(std::make_unique<Handle>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  CURL* curl = handle_->curl = curl_easy_init();
  if (curl == nullptr) return;
  for (const char* header : {"Content-Type: application/vnd.schemaregistry.v1+json",
                             "Accept: application/vnd.schemaregistry.v1+json, application/json", "Expect:"}) {
    handle_->headers = curl_slist_append(handle_->headers, header);
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, handle_->headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle_->error.data());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(config.connect_timeout_ms));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(config.request_timeout_ms));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_cancelled);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, cancel);
  const auto set_text = [&](CURLoption option, const std::string& text) {
    if (!text.empty()) curl_easy_setopt(curl, option, text.c_str());
  };
  if (!config.username.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set_text(CURLOPT_USERNAME, config.username);
    set_text(CURLOPT_PASSWORD, config.password);
  }
  set_text(CURLOPT_CAINFO, config.ca_file);
  set_text(CURLOPT_SSLCERT, config.certificate_file);
  set_text(CURLOPT_SSLKEY, config.key_file);
  set_text(CURLOPT_KEYPASSWD, config.key_password);
}

Http::~Http() {
  if (handle_->curl != nullptr) curl_easy_cleanup(handle_->curl);
  curl_slist_free_all(handle_->headers);
}

base::Result<Answer> Http::request(const std::string& url, std::string_view body) {
  CURL* curl = handle_->curl;
  if (curl == nullptr) return base::fail(ErrorCode::internal, "libcurl gives no handle", url);
  Answer answer;
  Received received{&answer.body};
  handle_->error[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
  if (body.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  const CURLcode result = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, nullptr);
  if (result != CURLE_OK) {
    const ErrorCode code = code_of(result);
    if (code == ErrorCode::cancelled) return base::fail(code, {}, url);
    if (received.is_too_long) return base::fail(code, "the answer is longer than 16 MiB", url);
    return base::fail(code, handle_->error[0] != '\0' ? handle_->error.data() : curl_easy_strerror(result), url);
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

std::string escaped(std::string_view part) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string text;
  for (const char c : part) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                          c == '.' || c == '_' || c == '~';
    if (is_plain) {
      text += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text += '%';
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace tributary::registry
