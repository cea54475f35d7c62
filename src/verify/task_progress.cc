#include "verify/task_progress.h"

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

bool TaskProgress::runs() const { return store::is_in_use(state_dir_); }

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

}  // namespace tributary::verify
