// Room for the texts made while one row is tested; emptied without being given back. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tributary::transform::filter {

class Arena {
 public:
  void clear() { block_ = used_ = 0; }

  // Valid until clear().
  char* take(std::size_t bytes) {
    while (block_ < blocks_.size()) {
      Block& block = blocks_[block_];
      if (block.size - used_ >= bytes) {
        char* at = block.room.get() + used_;
        used_ += bytes;
        return at;
      }
      ++block_;
      used_ = 0;
    }
    const std::size_t size = bytes > block_bytes ? bytes : block_bytes;
    blocks_.push_back({std::make_unique<char[]>(size), size});
    used_ = bytes;
    return blocks_.back().room.get();
  }
  // What is left of the last take() after `end`.
  void give_back(const char* end) { used_ = static_cast<std::size_t>(end - blocks_[block_].room.get()); }

  std::string_view keep(std::string_view text) {
    if (text.empty()) return {};
    char* to = take(text.size());
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

 private:
  static constexpr std::size_t block_bytes = 16 << 10;
  struct Block {
    std::unique_ptr<char[]> room;
    std::size_t size;
  };
  std::vector<Block> blocks_;
  std::size_t block_ = 0, used_ = 0;
};

}  // namespace tributary::transform::filter
