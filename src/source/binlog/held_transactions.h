// Prepared XA transactions whose outcome is not known yet: their events, kept until XA COMMIT or XA ROLLBACK.
// When the memory limit is reached, all that is in memory goes behind the end of one unlinked file, in one sweep of
// large writes: as many pieces as there are transactions, whatever the number of their events. What is dropped is given
// back to the file system at once where it can take holes, and all of it when nothing in the file is needed any more.
// Reading back goes through a window of a megabyte, or of one event if that is larger.
// Threads: one at a time. Errors: task_state_unusable, naming the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "source/binlog/event.h"
#include "source/binlog/stream_position.h"

namespace tributary::source {

class HeldTransactions {
 public:
  // spill_dir must exist. bytes_max: of event bytes in memory over all transactions.
  HeldTransactions(std::filesystem::path spill_dir, std::size_t bytes_max);
  ~HeldTransactions();

  // Starts or restarts (a replayed PREPARE) the collection for an id. `begin` is where reading must start to see it
  // again.
  void start(const std::string& xid, const StreamPosition& begin);
  // Adds an event (checksum removed) to the transaction started last under this id.
  base::Status add(const std::string& xid, const EventView& event);
  bool contains(const std::string& xid) const { return held_.contains(xid); }
  // Where reading must start to see it again; nullptr if it is not held.
  const StreamPosition* begin(const std::string& xid) const;
  // Hands out the events in order, each borrowed for the call.
  base::Status replay(const std::string& xid, const std::function<base::Status(const EventView&)>& each);
  void drop(const std::string& xid);

  std::size_t count() const { return held_.size(); }
  std::size_t bytes_in_memory() const { return memory_bytes_; }
  std::size_t pieces() const;  // in the file
  std::uint64_t bytes_spilled() const { return file_bytes_live_; }
  // Where reading must start again so that no held transaction is lost; nullptr if none is held.
  const StreamPosition* oldest_begin() const;

 private:
  struct Segment {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  struct Held {
    StreamPosition begin;
    std::uint64_t order = 0;
    std::vector<Segment> spilled;     // before what is in memory; each holds whole events
    std::vector<std::string> memory;  // blocks of whole events, so that growing never copies much
  };
  base::Status spill();
  base::Status write_out(std::string_view bytes);
  base::Status read_back(const Segment& segment, const std::function<base::Status(const EventView&)>& each);
  void give_back(const Segment& segment);

  const std::filesystem::path spill_dir_;
  const std::size_t bytes_max_;
  std::map<std::string, Held> held_;
  std::map<std::uint64_t, std::string> by_order_;
  std::uint64_t next_order_ = 0;
  std::size_t memory_bytes_ = 0;
  int file_ = -1;
  std::uint64_t file_end_ = 0;
  std::uint64_t file_bytes_live_ = 0;
};

}  // namespace tributary::source
