#include "source/binlog/held_transactions.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

// An event as kept: its header as it is in memory, the body's size, the body.
struct Kept {
  EventHeader header;
  std::uint32_t body_offset;
  std::uint32_t body_size;
};

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
  held.memory.append(reinterpret_cast<const char*>(&kept), sizeof kept);
  held.memory.append(event.body);
  memory_bytes_ += sizeof kept + event.body.size();
  if (memory_bytes_ > bytes_max_) return spill(held);
  return {};
}

Status HeldTransactions::spill(Held& held) {
  if (file_ < 0) {
    std::string name = (spill_dir_ / "xa-XXXXXX").string();
    file_ = ::mkstemp(name.data());
    if (file_ < 0)
      return fail(ErrorCode::task_state_unusable, fmt::format("no spill file: {}", std::strerror(errno)),
                  spill_dir_.string());
    ::unlink(name.c_str());
  }
  std::string_view rest = held.memory;
  std::uint64_t at = file_end_;
  while (!rest.empty()) {
    const ssize_t written = ::pwrite(file_, rest.data(), rest.size(), static_cast<off_t>(at));
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail(ErrorCode::task_state_unusable, fmt::format("spill file: {}", std::strerror(errno)),
                  spill_dir_.string());
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  held.spilled.push_back({file_end_, held.memory.size()});
  file_end_ = at;
  file_bytes_live_ += held.memory.size();
  memory_bytes_ -= held.memory.size();
  held.memory = {};
  return {};
}

Status HeldTransactions::each_event(std::string_view bytes, const std::function<Status(const EventView&)>& each) {
  while (bytes.size() >= sizeof(Kept)) {
    Kept kept;
    std::memcpy(&kept, bytes.data(), sizeof kept);
    bytes.remove_prefix(sizeof kept);
    if (bytes.size() < kept.body_size) break;
    TRY(each(EventView{kept.header, bytes.substr(0, kept.body_size), kept.body_offset}));
    bytes.remove_prefix(kept.body_size);
  }
  if (!bytes.empty()) return fail(ErrorCode::internal, "a held transaction's events are cut short");
  return {};
}

Status HeldTransactions::replay(const std::string& xid, const std::function<Status(const EventView&)>& each) {
  const Held& held = held_.at(xid);
  std::string block;
  for (const Segment& segment : held.spilled) {  // every segment holds whole events
    block.resize(segment.size);
    std::size_t done = 0;
    while (done < block.size()) {
      const ssize_t got =
          ::pread(file_, block.data() + done, block.size() - done, static_cast<off_t>(segment.offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        return fail(ErrorCode::task_state_unusable,
                    fmt::format("spill file: {}", got < 0 ? std::strerror(errno) : "cut short"), spill_dir_.string());
      done += static_cast<std::size_t>(got);
    }
    TRY(each_event(block, each));
  }
  return each_event(held.memory, each);
}

void HeldTransactions::drop(const std::string& xid) {
  const auto found = held_.find(xid);
  if (found == held_.end()) return;
  memory_bytes_ -= found->second.memory.size();
  for (const Segment& segment : found->second.spilled) file_bytes_live_ -= segment.size;
  by_order_.erase(found->second.order);
  held_.erase(found);
  if (file_ >= 0 && file_bytes_live_ == 0 && file_end_ > 0 && ::ftruncate(file_, 0) == 0) file_end_ = 0;
}

const StreamPosition* HeldTransactions::begin(const std::string& xid) const {
  const auto found = held_.find(xid);
  return found == held_.end() ? nullptr : &found->second.begin;
}

const StreamPosition* HeldTransactions::oldest_begin() const {
  return by_order_.empty() ? nullptr : &held_.at(by_order_.begin()->second).begin;
}

}  // namespace tributary::source
