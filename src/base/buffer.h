// A growable byte buffer for the row path: appends without zero-filling, keeps its memory across clear().
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace tributary::base {

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity) { reserve(capacity); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  char* data() { return data_; }
  const char* data() const { return data_; }
  std::string_view view() const { return {data_, size_}; }
  std::string_view view(std::size_t from, std::size_t length) const { return {data_ + from, length}; }
  void clear() { size_ = 0; }
  void resize_down(std::size_t size) { size_ = size; }

  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }
  // Makes room for n more bytes and returns where to write them; call commit() with the end of what was written.
  char* ensure(std::size_t n) {
    if (capacity_ - size_ < n) [[unlikely]]
      grow(size_ + n);
    return data_ + size_;
  }
  void commit(const char* end) { size_ = static_cast<std::size_t>(end - data_); }

  void append(std::string_view bytes) {
    char* to = ensure(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void push_back(char c) {
    *ensure(1) = c;
    ++size_;
  }

 private:
  void grow(std::size_t least) {
    std::size_t wanted = capacity_ < 64 ? 64 : capacity_ + capacity_ / 2;
    if (wanted < least) wanted = least;
    char* moved = static_cast<char*>(std::realloc(data_, wanted));
    if (moved == nullptr) throw std::bad_alloc();
    data_ = moved;
    capacity_ = wanted;
  }
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace tributary::base
