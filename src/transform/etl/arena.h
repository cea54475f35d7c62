// Memory for what one run of a script makes: taken piece by piece, given back all at once, kept for the next run.
// Nothing in it is destroyed. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace tributary::transform::etl {

class Arena {
 public:
  static constexpr std::size_t bytes_max = std::size_t{64} << 20;  // of one run

  // Aligned for any type. Null when the run has taken more than bytes_max.
  char* take(std::size_t bytes) {
    bytes = (bytes + 15) & ~std::size_t{15};
    if (bytes <= left_) [[likely]] {
      char* taken = at_;
      at_ += bytes;
      left_ -= bytes;
      return taken;
    }
    return take_chunk(bytes);
  }

  void reset() {
    if (chunks_.empty()) return;
    if (chunks_.size() > 1) {  // one chunk for all of it the next time
      const std::size_t bytes = total_ < kept_max ? total_ : kept_max;
      chunks_.clear();
      add(bytes);
    }
    at_ = chunks_.front().get();
    left_ = total_ = first_bytes_;
  }

 private:
  static constexpr std::size_t chunk_bytes = 4096;
  static constexpr std::size_t kept_max = std::size_t{1} << 20;

  void add(std::size_t bytes) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    if (chunks_.size() == 1) first_bytes_ = bytes;
  }
  char* take_chunk(std::size_t bytes) {
    if (bytes > bytes_max || total_ + bytes > bytes_max) return nullptr;
    const std::size_t least = total_ < chunk_bytes ? chunk_bytes : total_;
    const std::size_t size = bytes > least ? bytes : least;
    add(size);
    total_ += size;
    at_ = chunks_.back().get() + bytes;
    left_ = size - bytes;
    return chunks_.back().get();
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t first_bytes_ = 0;
  std::size_t total_ = 0;
  char* at_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace tributary::transform::etl
