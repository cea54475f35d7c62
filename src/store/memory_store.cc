#include <fmt/format.h>

#include <map>
#include <mutex>

#include "store/store.h"

namespace tributary::store {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

class MemoryStore final : public Store {
 public:
  Result<std::optional<Entry>> get(std::string_view key) override {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::optional<Entry>();
    return std::optional<Entry>(found->second);
  }
  Status put_many(std::span<const Put> puts) override {
    std::lock_guard lock(mutex_);
    auto changed = entries_;
    for (const Put& put : puts) {
      Entry& entry = changed[put.key];
      if (put.expected_version && entry.version != *put.expected_version)
        return fail(ErrorCode::task_state_in_use, fmt::format("'{}' has version {} where {} was expected", put.key,
                                                              entry.version, *put.expected_version));
      entry = {put.key, put.value, entry.version + 1};
    }
    entries_.swap(changed);
    return {};
  }
  Result<bool> erase(std::string_view key) override {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    entries_.erase(found);
    return true;
  }
  Result<std::vector<Entry>> list(std::string_view prefix) override {
    std::lock_guard lock(mutex_);
    std::vector<Entry> entries;
    for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix); ++at)
      entries.push_back(at->second);
    return entries;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace

std::unique_ptr<Store> make_memory_store() { return std::make_unique<MemoryStore>(); }

}  // namespace tributary::store
