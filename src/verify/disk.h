// Sorted bytes on local disk with little memory: what a verification folds and finds. Hides RocksDB, which no other
// file includes. Memory is bounded whatever is stored: one block cache, into which tables' indexes and the memory
// tables count too, and few open files.
//
// There is no log: after a crash the folder holds the state of some moment before it, whole batches, since there is one
// column family. flush() makes that the present one. One process at a time: task_state_in_use.
// Errors: task_state_unusable. Threads: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary::verify {

class Disk {
 public:
  static base::Result<std::unique_ptr<Disk>> open(const std::filesystem::path& folder);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // False, and an empty value, if there is none.
  base::Result<bool> get(std::string_view key, std::string& value);

  // Changes that come to be together.
  class Batch {
   public:
    Batch();
    ~Batch();
    Batch(Batch&&) noexcept;
    Batch& operator=(Batch&&) noexcept;
    void put(std::string_view key, std::string_view value);
    void erase(std::string_view key);
    void erase_range(std::string_view from, std::string_view to);  // `to` excluded
    std::size_t bytes() const;

   private:
    friend class Disk;
    struct Changes;
    std::unique_ptr<Changes> changes_;
  };
  // Empties the batch.
  base::Status write(Batch& batch);
  base::Status flush();

  // Keys with a prefix in their order, as they are now: later writes don't show. Views are good until next().
  class Cursor {
   public:
    ~Cursor();
    Cursor(Cursor&&) noexcept;
    Cursor& operator=(Cursor&&) noexcept;
    bool valid() const;  // false at the end
    std::string_view key() const;
    std::string_view value() const;
    void next();
    base::Status status() const;  // once it is not valid: whether that is the end

   private:
    friend class Disk;
    struct State;
    explicit Cursor(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  Cursor scan(std::string_view prefix) const;

 private:
  struct State;
  explicit Disk(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Numbers in keys, so that they sort.
void append_sorted(std::string& key, std::uint32_t number);
void append_sorted(std::string& key, std::uint64_t number);
// The smallest key behind all that begin with the prefix; the prefix must not be empty or all 0xff.
std::string behind_prefix(std::string prefix);

}  // namespace tributary::verify
