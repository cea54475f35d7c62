// A password or key in memory. It has no conversion to text and no formatter; streams show "***". reveal() is called
// only where the value is handed to a client library. Threads: a value.
#pragma once

#include <ostream>
#include <string>
#include <utility>

namespace tributary::task {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

 private:
  std::string value_;
};

}  // namespace tributary::task
