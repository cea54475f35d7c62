// Which rows changed while a snapshot chunk was being read? One window per physical table; chunks of the table that are
// open at the same time share it. A chunk's row is outdated if a change of its identity was emitted since the chunk was
// opened (invariant 2). While no chunk is open nothing is kept.
// Bounded: past changes_max the chunks open by then are void and have to be read again.
// Pure; threads: one at a time.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tributary::pipeline {

class ChangeWindow {
 public:
  using Ticket = std::uint64_t;

  explicit ChangeWindow(std::size_t changes_max = 250'000) : changes_max_(changes_max) {}

  Ticket open();
  void close(Ticket ticket);
  bool is_open() const { return !open_.empty(); }

  void changed(std::string_view identity);
  bool is_outdated(Ticket ticket, std::string_view identity) const;
  // Too much changed while the chunk was open: which of its rows are outdated is not known any more.
  bool is_void(Ticket ticket) const { return ticket <= void_to_; }
  // The table itself became another one: all chunks that are open are void, whatever their rows.
  void replaced() { stale_to_ = now_; }
  bool is_stale(Ticket ticket) const { return ticket <= stale_to_; }
  bool has_changes() const { return !changes_.empty(); }
  std::size_t size() const { return changes_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  const std::size_t changes_max_;
  Ticket void_to_ = 0, stale_to_ = 0;
  std::uint64_t now_ = 0;  // grows with each open() and each change
  std::multiset<Ticket> open_;
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> changes_;  // identity -> when last changed
};

}  // namespace tributary::pipeline
