// A binlog or relay log file, read event by event: plain or gzip'ed, or standard input.
//
// An event is held in memory whole but for large transaction payloads, which come in pieces. What a length field claims
// is believed only as far as bytes are there. Checksums of whole events are parse_event()'s work; those of payloads
// that come in pieces are verified here: before the first piece where the file can be read twice, else with the last.
// Errors: io, data_binlog_file (no binlog, or one that can't be read: encrypted, compressed with something else),
// data_event_malformed, data_event_checksum; `where` is "file:position". Threads: one at a time.
// Source: MySQL Internals "Binary Log", binlog_istream.cc (magic numbers).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "source/binlog/event.h"

namespace tributary::source {

struct LogFileEvent {
  std::uint64_t begin = 0;  // in the file, or in what gzip holds
  std::uint64_t end = 0;
  EventHeader header;
  std::string_view raw;  // the whole event, or its first piece; borrowed until the next call
  bool is_whole = true;
};

class LogFile {
 public:
  static constexpr std::size_t piece_bytes = 256 * 1024;
  // Payloads beyond this come in pieces.
  static constexpr std::size_t payload_bytes_max = 4 * piece_bytes;
  // Larger events than the servers' largest packet are believed only with a right checksum.
  static constexpr std::uint64_t event_bytes_max = (std::uint64_t{1} << 30) + (1 << 20);

  // "-" is standard input.
  static base::Result<std::unique_ptr<LogFile>> open(const std::string& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  const std::string& name() const;       // as given; "standard input"
  std::uint16_t binlog_version() const;  // 1 if the file begins as MySQL 3.23 wrote it, else 4
  std::uint64_t position() const;        // behind the last event that could be read

  // False at a clean end: the file ends where an event ends. `checksum` is what the format description in force says.
  base::Result<bool> next(LogFileEvent& event, Checksum checksum);
  // What follows in an event that is not whole, without its checksum; empty at its end.
  base::Result<std::string_view> more();
  // Goes on with the event at this position, which must not lie before the present one.
  base::Status skip_to(std::uint64_t position);

 private:
  struct State;
  explicit LogFile(std::unique_ptr<State> state);
  base::Result<bool> read_event(LogFileEvent& event, Checksum checksum);
  std::unique_ptr<State> state_;
};

}  // namespace tributary::source
