// The supervisor's ear: a Unix socket DIR/control.sock on which one request (a line of JSON) gets one reply (likewise).
// Only the owner of the folder can reach it. Threads: one.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace tributary::lab {

class ControlServer {
 public:
  static base::Result<ControlServer> open(const std::string& dir);
  ControlServer(ControlServer&& other) noexcept;
  ControlServer& operator=(ControlServer&&) = delete;
  ~ControlServer();

  struct Request {
    int fd = -1;
    std::string line;
  };
  // Readable when somebody calls.
  int fd() const { return fd_; }
  std::optional<Request> accept();
  // Sends the reply and hangs up.
  static void reply(const Request& request, const std::string& line);

 private:
  ControlServer(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
};

// The reply of the supervisor of a folder; empty if none runs there. Waits as long as the supervisor lives.
std::optional<std::string> ask_supervisor(const std::string& dir, const std::string& request);

}  // namespace tributary::lab
