// Events that hold others in compressed form: MySQL's transaction payload (zstd or none, read as a stream, one inner
// event in memory at a time) and MariaDB's compressed rows events (zlib, inflated into a reused buffer).
//
// Memory: what an inner event really holds, however large a length field claims to be. Threads: one at a time.
// Errors: data_event_malformed, data_event_unsupported (another compression).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/buffer.h"
#include "base/error.h"
#include "source/binlog/event.h"

namespace tributary::source {

// Reused from payload to payload. Inner events are whole events without checksum: pass them to parse_event() with
// format.without_checksum().
class PayloadReader {
 public:
  PayloadReader();
  ~PayloadReader();
  PayloadReader(PayloadReader&&) noexcept;
  PayloadReader& operator=(PayloadReader&&) noexcept;

  // `event` must stay alive until the last next().
  base::Status open(const EventView& event);
  // For an event too large to hold: `event.body` is its beginning (a kilobyte at least), `body_size` the length of the
  // whole, and `more` gives the pieces that follow, each borrowed until the next call, and nothing at the end.
  using More = std::function<base::Result<std::string_view>()>;
  base::Status open(const EventView& event, std::uint64_t body_size, More more);
  // False at the end. `raw` is borrowed until the next call.
  base::Result<bool> next(std::string_view& raw);

  // Of the payload opened last.
  std::string_view compression() const;     // "zstd", "none"
  std::uint64_t uncompressed_size() const;  // as its header says; 0: not said

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A compressed rows event as the plain one it stands for, its body in `scratch`; other events are returned as they are.
base::Result<EventView> inflate_rows(const EventView& event, const FormatDescription& format, base::Buffer& scratch);

// MariaDB's framing of compressed text: a length header, then zlib. Appends to `out`.
base::Status inflate_mariadb(std::string_view compressed, base::Buffer& out, std::size_t offset_in_event);

}  // namespace tributary::source
