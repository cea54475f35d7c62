#include "source/binlog/held_transactions.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

constexpr std::size_t block_bytes = 1u << 20;   // of one transaction in memory
constexpr std::size_t write_bytes = 4u << 20;   // small pieces are gathered to this before they are written
constexpr std::size_t window_bytes = 1u << 20;  // of reading back

// An event as kept: its header as it is in memory, the body's size, the body.
struct Kept {
  EventHeader header;
  std::uint32_t body_offset;
  std::uint32_t body_size;
};

// Hands out the whole events at the front and returns how many bytes they take.
base::Result<std::size_t> each_event(std::string_view bytes, const std::function<Status(const EventView&)>& each) {
  const std::size_t size = bytes.size();
  while (bytes.size() >= sizeof(Kept)) {
    Kept kept;
    std::memcpy(&kept, bytes.data(), sizeof kept);
    if (bytes.size() - sizeof kept < kept.body_size) break;
    TRY(each(EventView{kept.header, bytes.substr(sizeof kept, kept.body_size), kept.body_offset}));
    bytes.remove_prefix(sizeof kept + kept.body_size);
  }
  return size - bytes.size();
}

}  // namespace

HeldTransactions::HeldTransactions(std::filesystem::path spill_dir, std::size_t bytes_max)
    : spill_dir_(std::move(spill_dir)), bytes_max_(bytes_max) {}

HeldTransactions::~HeldTransactions() {
  if (file_ >= 0) ::close(file_);
}

void HeldTransactions::start(const std::string& xid, const StreamPosition& begin) {
  drop(xid);
  Held held;
  held.begin = begin;
  held.order = next_order_++;
  by_order_[held.order] = xid;
  held_[xid] = std::move(held);
}

Status HeldTransactions::add(const std::string& xid, const EventView& event) {
  Held& held = held_.at(xid);
  const Kept kept{event.header, event.body_offset, static_cast<std::uint32_t>(event.body.size())};
  const std::size_t size = sizeof kept + event.body.size();
  if (held.memory.empty() || held.memory.back().size() + size > block_bytes) held.memory.emplace_back();
  std::string& block = held.memory.back();
  block.append(reinterpret_cast<const char*>(&kept), sizeof kept);
  block.append(event.body);
  memory_bytes_ += size;
  if (memory_bytes_ > bytes_max_) return spill();
  return {};
}

Status HeldTransactions::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(file_end_));
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorCode::task_state_unusable, fmt::format("spill file: {}", std::strerror(errno)),
                  spill_dir_.string());
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    file_end_ += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status HeldTransactions::spill() {
  if (file_ < 0) {
    std::string name = (spill_dir_ / "xa-XXXXXX").string();
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0)
      return fail(ErrorCode::task_state_unusable, fmt::format("no spill file: {}", std::strerror(errno)),
                  spill_dir_.string());
    ::unlink(name.c_str());
  }
  std::string gathered;
  for (auto& [xid, held] : held_) {
    if (held.memory.empty()) continue;
    Segment segment{file_end_ + gathered.size(), 0};
    for (std::string& block : held.memory) {
      segment.size += block.size();
      if (gathered.size() + block.size() > write_bytes) {
        TRY(write_out(gathered));
        gathered.clear();
      }
      if (block.size() > write_bytes)
        TRY(write_out(block));
      else
        gathered.append(block);
      block = {};
    }
    held.memory.clear();
    if (!held.spilled.empty() && held.spilled.back().offset + held.spilled.back().size == segment.offset)
      held.spilled.back().size += segment.size;
    else
      held.spilled.push_back(segment);
    memory_bytes_ -= segment.size;
    file_bytes_live_ += segment.size;
  }
  return write_out(gathered);
}

Status HeldTransactions::read_back(const Segment& segment, const std::function<Status(const EventView&)>& each) {
  std::string window;
  std::uint64_t at = segment.offset;
  const std::uint64_t end = segment.offset + segment.size;
  while (at < end || !window.empty()) {
    // At least one whole event: what is left of the window before, and more behind it.
    std::size_t wanted = window_bytes;
    if (window.size() >= sizeof(Kept)) {
      Kept kept;
      std::memcpy(&kept, window.data(), sizeof kept);
      wanted = std::max(wanted, sizeof kept + kept.body_size);
    }
    const std::size_t had = window.size();
    window.resize(static_cast<std::size_t>(std::min<std::uint64_t>(std::max(wanted, had), had + (end - at))));
    for (std::size_t done = had; done < window.size();) {
      const ssize_t got = ::pread(file_, window.data() + done, window.size() - done, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        return fail(ErrorCode::task_state_unusable,
                    fmt::format("spill file: {}", got < 0 ? std::strerror(errno) : "cut short"), spill_dir_.string());
      done += static_cast<std::size_t>(got);
      at += static_cast<std::uint64_t>(got);
    }
    TRY_VALUE(const std::size_t used, each_event(window, each));
    if (used == 0 && window.size() == had)
      return fail(ErrorCode::internal, "a held transaction's events are cut short");
    window.erase(0, used);
  }
  return {};
}

Status HeldTransactions::replay(const std::string& xid, const std::function<Status(const EventView&)>& each) {
  const Held& held = held_.at(xid);
  for (const Segment& segment : held.spilled) TRY(read_back(segment, each));
  for (const std::string& block : held.memory) {
    TRY_VALUE(const std::size_t used, each_event(block, each));
    if (used != block.size()) return fail(ErrorCode::internal, "a held transaction's events are cut short");
  }
  return {};
}

void HeldTransactions::give_back(const Segment& segment) {
  file_bytes_live_ -= segment.size;
  // Where the file system has no holes the room comes back with the last of them.
  static_cast<void>(::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(segment.offset),
                                static_cast<off_t>(segment.size)));
}

void HeldTransactions::drop(const std::string& xid) {
  const auto found = held_.find(xid);
  if (found == held_.end()) return;
  for (const std::string& block : found->second.memory) memory_bytes_ -= block.size();
  for (const Segment& segment : found->second.spilled) give_back(segment);
  by_order_.erase(found->second.order);
  held_.erase(found);
  if (file_ >= 0 && file_bytes_live_ == 0 && file_end_ > 0 && ::ftruncate(file_, 0) == 0) file_end_ = 0;
}

const StreamPosition* HeldTransactions::begin(const std::string& xid) const {
  const auto found = held_.find(xid);
  return found == held_.end() ? nullptr : &found->second.begin;
}

std::size_t HeldTransactions::pieces() const {
  std::size_t count = 0;
  for (const auto& [xid, held] : held_) count += held.spilled.size();
  return count;
}

const StreamPosition* HeldTransactions::oldest_begin() const {
  return by_order_.empty() ? nullptr : &held_.at(by_order_.begin()->second).begin;
}

}  // namespace tributary::source
