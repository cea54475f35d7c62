// One HTTP request at a time, over libcurl. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/cancel.h"
#include "base/error.h"
#include "registry/client.h"

namespace tributary::registry {

struct Answer {
  long status = 0;
  std::string body;
};

class Http {
 public:
  Http(const ClientConfig& config, base::CancelToken* cancel);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  // GET without a body, else POST of JSON. An answer of any status is no error.
  base::Result<Answer> request(const std::string& url, std::string_view body);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// A part of a path, with what is not a letter, digit, '-', '.', '_' or '~' as %XX.
std::string escaped(std::string_view part);

}  // namespace tributary::registry
