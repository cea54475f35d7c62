#include "verify/task_progress.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <fstream>
#include <sstream>

#include "mysql/server.h"

namespace tributary::verify {

using base::Result;

Result<TaskProgress> TaskProgress::open(const std::filesystem::path& state_dir, std::string task,
                                        std::string fingerprint) {
  TaskProgress out;
  out.state_dir_ = state_dir;
  out.task_ = std::move(task);
  out.fingerprint_ = std::move(fingerprint);
  if (!store::exists_sqlite(state_dir)) return out;
  TRY_VALUE(out.store_, store::read_sqlite(state_dir));
  return out;
}

bool TaskProgress::runs() const { return is_locked(state_dir_ / "tributary.lock"); }

Result<std::optional<checkpoint::SubtaskCheckpoint>> TaskProgress::checkpoint(const std::string& instance) {
  if (!store_) return std::optional<checkpoint::SubtaskCheckpoint>();
  return checkpoint::load(*store_, task_ + "/" + instance, fingerprint_);
}

bool has_passed(const checkpoint::StreamState& stream, const source::LogEnd& end, const std::string& server) {
  if (!stream.started) return false;
  if (mysql::is_same_server(stream.server_uuid, server) && stream.emitted >= end.position) return true;
  if (!end.gtid_set || stream.emitted_gtid_set.empty()) return false;
  const auto emitted = model::GtidSet::parse(stream.emitted_gtid_set);
  return emitted && emitted->contains(*end.gtid_set);
}

bool is_locked(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return false;
  // 5: FLOCK  ADVISORY  WRITE 4711 fe:01:393245 0 EOF
  const std::string wanted = fmt::format("{:02x}:{:02x}:{}", major(status.st_dev), minor(status.st_dev), status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word == wanted && line.find("FLOCK") != std::string::npos) return true;
  }
  return false;
}

}  // namespace tributary::verify
