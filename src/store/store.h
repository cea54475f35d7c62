// Small versioned values by key, kept over restarts: checkpoints, later tasks and their states. One writing process.
//
// Each put gives the key's value the next version number (from 1), so that a writer can refuse to overwrite what it has
// not seen. Errors: task_state_in_use (another run holds the folder, or an expected version is not the present one),
// task_state_newer (written by a newer release), task_state_unusable (damaged, of another program),
// task_state_unwritable (read-only, full; retriable).
// Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::store {

struct Entry {
  std::string key;
  std::string value;  // any bytes
  std::uint64_t version = 0;
};

struct Put {
  std::string key;
  std::string value;
  std::optional<std::uint64_t> expected_version;  // 0: must not exist yet; unset: whatever is there
};

class Store {
 public:
  virtual ~Store() = default;
  virtual base::Result<std::optional<Entry>> get(std::string_view key) = 0;
  // All of them or none. When it returns they are on disk, also against a power cut.
  virtual base::Status put_many(std::span<const Put> puts) = 0;
  // True if there was something.
  virtual base::Result<bool> erase(std::string_view key) = 0;
  // By key order.
  virtual base::Result<std::vector<Entry>> list(std::string_view prefix) = 0;

  base::Status put(std::string key, std::string value) {
    const Put one{std::move(key), std::move(value), std::nullopt};
    return put_many({&one, 1});
  }
};

// state_dir/tributary.db, made if absent; the folder is locked for the life of the store.
base::Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& state_dir);
// The same for reading alone, without the lock: a run that holds it goes on. Puts are refused.
base::Result<std::unique_ptr<Store>> read_sqlite(const std::filesystem::path& state_dir);
// Whether there is a store to open there.
bool exists_sqlite(const std::filesystem::path& state_dir);
// Whether a process of this machine has it open by open_sqlite(). Takes no lock, so it gets in nobody's way.
bool is_in_use(const std::filesystem::path& state_dir);
// For tests: keeps nothing.
std::unique_ptr<Store> make_memory_store();

}  // namespace tributary::store
