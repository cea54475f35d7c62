// The database servers of the lab: where their programs come from, how a data folder is made, how one is started.
// Three kinds, all real: MariaDB 10.11 (Debian), MySQL 5.6 (npm), MySQL 9.7 (Debian unstable, in a folder of its own).
//
// Each instance is a folder DIR/instance-N with data/, tmp/, error.log and init.sql. Threads: the main thread only.
// Errors: dependency_missing if a program can't be had, io otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "lab/process.h"

namespace tributary::lab {

inline constexpr std::string_view repl_user = "repl", repl_password = "repl-secret";
inline constexpr std::string_view admin_user = "lab", admin_password = "lab-secret";

enum class ServerKind : std::uint8_t { mariadb_10_11, mysql_5_6, mysql_9_7 };
std::string_view to_string(ServerKind kind);
base::Result<ServerKind> parse_server_kind(std::string_view name);

using StopCheck = std::function<bool()>;

// How to call the server's program: argv and environment up to the options of one instance.
struct ServerProgram {
  ServerKind kind = ServerKind::mariadb_10_11;
  Command base;
  std::string data_template;  // a fresh data folder to copy
};
// Finds the program; downloads it into the cache if need be, and makes the template data folder once.
base::Result<ServerProgram> prepare_server_program(ServerKind kind, const StopCheck& stop);

struct InstanceOptions {
  std::string dir;
  std::uint16_t port = 0;
  std::uint32_t server_id = 0;
  int buffer_pool_mb = 64;
  std::vector<std::string> extra = {};  // more options, "name=value", which win over ours
};
// Makes the data folder if there is none yet.
base::Status prepare_instance(const ServerProgram& program, const InstanceOptions& options);
Command server_command(const ServerProgram& program, const InstanceOptions& options);
// The server's version once it lets the administrator in; an error before that.
base::Result<std::string> probe_server(std::uint16_t port);
// To be called after the first successful probe: the accounts exist, and later changes to them are kept.
base::Status confirm_accounts(const InstanceOptions& options);
base::Status create_databases(std::uint16_t port, const std::vector<std::string>& names);

std::string error_log(const InstanceOptions& options);

// The folder for downloads and templates: $TRIBUTARY_CACHE, or ~/.cache/tributary.
std::string cache_dir();
// Runs lab/fetch/NAME.sh. The folder of the part.
base::Result<std::string> fetch_part(std::string_view name, const StopCheck& stop);
// A program in PATH or in the system's administration folders; empty if there is none.
std::string find_program(std::string_view name);

}  // namespace tributary::lab
