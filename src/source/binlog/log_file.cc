#include "source/binlog/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/buffer.h"
#include "source/binlog/cursor.h"

namespace tributary::source {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

constexpr std::size_t magic_size = 4;
constexpr std::size_t checksum_size = 4;

// What else a file can begin with, and what helps.
struct OtherKind {
  std::string_view magic;
  std::string_view what;
};
constexpr OtherKind other_kinds[] = {
    {"\xfd"
     "bin",
     "an encrypted binlog (binlog_encryption = ON); read it through the server, which decrypts it: mysqlbinlog "
     "--read-from-remote-server --raw"},
    {"\x28\xb5\x2f\xfd", "compressed with zstd; try: zstd -dc FILE | tributary binlog -"},
    {"\xfd"
     "7zX",
     "compressed with xz; try: xz -dc FILE | tributary binlog -"},
    {"BZh", "compressed with bzip2; try: bzip2 -dc FILE | tributary binlog -"},
    {"\x04\x22\x4d\x18", "compressed with lz4; try: lz4 -dc FILE | tributary binlog -"},
    {"PK\x03\x04", "a zip archive; try: unzip -p FILE | tributary binlog -"},
    {"/*!5", "SQL text, such as mysqlbinlog prints; give the binlog itself"},
    {"# at", "SQL text, such as mysqlbinlog prints; give the binlog itself"},
    {"./", "an index file; give the files it lists"},
};

std::string_view other_kind(std::string_view head) {
  for (const OtherKind& kind : other_kinds)
    if (head.starts_with(kind.magic)) return kind.what;
  return "no binlog: it does not begin with a binlog's magic number (fe 62 69 6e)";
}

}  // namespace

struct LogFile::State {
  std::string name;
  int descriptor = -1;  // the file's own
  gzFile file = nullptr;
  bool can_read_twice = false;      // a plain file
  std::uint64_t size = UINT64_MAX;  // known of plain files; what lies behind it is written later
  std::uint64_t position = 0;       // of the next byte
  std::uint64_t event_begin = 0, event_end = 0;
  std::uint16_t version = 4;
  base::Buffer buffer;  // the event, or a piece of it

  // Of an event in pieces.
  std::uint64_t piece_left = 0;  // bytes behind what was given out, the checksum not counted
  bool has_checksum = false, is_verified = false;
  uLong crc = 0;

  ~State() {
    if (file != nullptr) gzclose(file);
  }

  std::string where(std::uint64_t at) const { return fmt::format("{}:{}", name, at); }
  std::unexpected<base::Error> broken(std::string what) const {
    return fail(ErrorCode::data_event_malformed, std::move(what), where(event_begin));
  }

  std::uint64_t there() const { return size - std::min(size, event_begin); }
  // The server may be writing it.
  void look_at_size_again() {
    struct stat status {};
    if (size != UINT64_MAX && ::fstat(descriptor, &status) == 0) size = static_cast<std::uint64_t>(status.st_size);
  }

  // Appends up to `bytes`; fewer only at the end of the file.
  Status read(std::size_t bytes) {
    while (bytes != 0) {
      const std::size_t step = std::min(bytes, piece_bytes);
      char* to = buffer.ensure(step);
      const int got = gzread(file, to, static_cast<unsigned>(step));
      if (got <= 0) {
        int number = Z_OK;
        const char* text = gzerror(file, &number);
        if (number == Z_ERRNO) return fail(ErrorCode::io, std::strerror(errno), name);
        if (number == Z_BUF_ERROR) return broken("the gzip stream ends too early");
        if (number < 0) return broken(fmt::format("the gzip stream is damaged: {}", text));
        break;
      }
      buffer.commit(to + got);
      position += static_cast<std::uint64_t>(got);
      bytes -= static_cast<std::size_t>(got);
    }
    return {};
  }

  std::unexpected<base::Error> cut_off(const EventHeader& header, std::uint64_t there) const {
    return broken(fmt::format("the file ends inside an event: the {} event says it is {} bytes long, {} are there",
                              to_string(header.type), header.size, there));
  }

  // The CRC-32 at the end of the event at event_begin, which is not read into memory. Leaves the file behind what
  // `buffer` holds.
  Result<bool> checksum_is_right() {
    const z_off_t back = gztell(file);
    const std::uint64_t begin = position - buffer.size();
    const auto* head = reinterpret_cast<const Bytef*>(buffer.data());
    uLong sum = crc32_z(crc32(0, nullptr, 0), head, buffer.size());
    char piece[65536];
    char stored[checksum_size];
    std::uint64_t left = event_end - begin - buffer.size();
    while (left != 0) {
      const auto wanted = static_cast<unsigned>(std::min<std::uint64_t>(left, sizeof piece));
      if (gzread(file, piece, wanted) != static_cast<int>(wanted)) return fail(ErrorCode::io, "read", name);
      left -= wanted;
      // Only the last four bytes of the event are not summed.
      const std::uint64_t before_checksum =
          left >= checksum_size ? wanted : wanted + left - std::min<std::uint64_t>(wanted + left, checksum_size);
      sum = crc32_z(sum, reinterpret_cast<const Bytef*>(piece), static_cast<z_size_t>(before_checksum));
      for (std::uint64_t i = before_checksum; i < wanted; ++i) stored[checksum_size - left - (wanted - i)] = piece[i];
    }
    if (gzseek(file, back, SEEK_SET) < 0) return fail(ErrorCode::io, "seek", name);
    return static_cast<std::uint32_t>(sum) == static_cast<std::uint32_t>(little<4>(stored));
  }

  std::unexpected<base::Error> bad_checksum(const EventHeader& header) const {
    return fail(ErrorCode::data_event_checksum,
                fmt::format("{} event of {} bytes", to_string(header.type), header.size), where(event_begin));
  }
};

LogFile::LogFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogFile::~LogFile() = default;
const std::string& LogFile::name() const { return state_->name; }
std::uint16_t LogFile::binlog_version() const { return state_->version; }
std::uint64_t LogFile::position() const { return state_->event_end; }

Result<std::unique_ptr<LogFile>> LogFile::open(const std::string& path) {
  auto state = std::make_unique<State>();
  const bool is_input = path == "-";
  state->name = is_input ? "standard input" : path;
  const int descriptor = is_input ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(ErrorCode::io, std::strerror(errno), state->name);
  struct stat status {};
  const bool is_known = ::fstat(descriptor, &status) == 0;
  if (is_known && S_ISDIR(status.st_mode)) {
    ::close(descriptor);
    return fail(ErrorCode::io, "is a folder; give the binlog files in it", state->name);
  }
  state->file = gzdopen(descriptor, "rb");
  if (state->file == nullptr) {
    ::close(descriptor);
    return fail(ErrorCode::internal, "no memory for zlib", state->name);
  }
  state->descriptor = descriptor;
  gzbuffer(state->file, piece_bytes);
  TRY(state->read(magic_size));
  const std::string_view head = state->buffer.view();
  if (head !=
      "\xfe"
      "bin") {
    if (head.empty()) return fail(ErrorCode::data_binlog_file, "the file is empty", state->name);
    return fail(ErrorCode::data_binlog_file, std::string(other_kind(head)), state->name);
  }
  if (is_known && S_ISREG(status.st_mode) && gzdirect(state->file) != 0 && ::lseek(descriptor, 0, SEEK_CUR) >= 0) {
    state->can_read_twice = !is_input;
    if (!is_input) state->size = static_cast<std::uint64_t>(status.st_size);
  }
  state->event_end = state->position;
  return std::unique_ptr<LogFile>(new LogFile(std::move(state)));
}

Result<bool> LogFile::next(LogFileEvent& event, Checksum checksum) {
  auto done = read_event(event, checksum);
  if (!done) state_->event_end = state_->event_begin;
  return done;
}

Result<bool> LogFile::read_event(LogFileEvent& event, Checksum checksum) {
  State& state = *state_;
  while (state.piece_left != 0) {
    TRY_VALUE(const std::string_view piece, more());
    if (piece.empty()) break;
  }
  state.buffer.clear();
  state.event_begin = state.event_end;
  TRY(state.read(event_header_size_v1));
  if (state.buffer.empty()) return false;
  const auto ends_in_header = [&] {
    return state.broken(
        fmt::format("the file ends inside an event: {} bytes are left, no whole event header", state.buffer.size()));
  };
  if (state.buffer.size() < event_header_size_v1) return ends_in_header();
  if (state.event_begin == magic_size) {
    // A start event too short for one with a long header: MySQL 3.23.
    constexpr std::size_t start_size = 56;
    const auto size = little<4>(state.buffer.data() + 9);
    const auto type = static_cast<EventType>(state.buffer.data()[4]);
    if (type == EventType::start_v3 && size < event_header_size + start_size) state.version = 1;
  }
  if (state.version != 1) {
    TRY(state.read(event_header_size - event_header_size_v1));
    if (state.buffer.size() < event_header_size) return ends_in_header();
  }
  auto header =
      state.version == 1 ? parse_event_header_v1(state.buffer.view()) : parse_event_header(state.buffer.view());
  if (!header) {
    return state.broken(fmt::format("an event of an impossible length: it says it is {} bytes long",
                                    little<4>(state.buffer.data() + 9)));
  }
  const std::size_t head_size = state.buffer.size();
  if (header->size > state.there()) state.look_at_size_again();
  if (const std::uint64_t there = state.there(); header->size > there) return state.cut_off(*header, there);
  state.event_end = state.event_begin + header->size;
  event.begin = state.event_begin;
  event.end = state.event_end;
  event.header = *header;
  event.is_whole = true;
  const bool in_pieces = header->type == EventType::transaction_payload && header->size > payload_bytes_max;
  state.is_verified = false;
  state.has_checksum = checksum == Checksum::crc32;
  if (state.has_checksum && state.can_read_twice && (in_pieces || header->size > event_bytes_max)) {
    TRY_VALUE(const bool is_right, state.checksum_is_right());
    if (!is_right) return state.bad_checksum(*header);
    state.is_verified = true;
  }
  if (in_pieces) {
    TRY(state.read(piece_bytes - head_size));
    if (state.buffer.size() < piece_bytes) return state.cut_off(*header, state.buffer.size());
    state.piece_left = header->size - piece_bytes - (state.has_checksum ? checksum_size : 0);
    state.crc = crc32_z(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(state.buffer.data()), piece_bytes);
    event.is_whole = false;
  } else {
    if (header->size > event_bytes_max && !state.is_verified) {
      return state.broken(fmt::format("an event of an impossible length: the {} event says it is {} bytes long",
                                      to_string(header->type), header->size));
    }
    TRY(state.read(header->size - head_size));
    if (state.buffer.size() < header->size) return state.cut_off(*header, state.buffer.size());
  }
  event.raw = state.buffer.view();
  return true;
}

Result<std::string_view> LogFile::more() {
  State& state = *state_;
  state.buffer.clear();
  if (state.piece_left == 0) return std::string_view();
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(state.piece_left, piece_bytes));
  TRY(state.read(wanted));
  if (state.buffer.size() < wanted) {
    return state.broken(fmt::format("the file ends inside an event: it says it is {} bytes long, {} are there",
                                    state.event_end - state.event_begin, state.position - state.event_begin));
  }
  state.piece_left -= wanted;
  if (!state.has_checksum) return state.buffer.view();
  if (!state.is_verified) {
    state.crc = crc32_z(state.crc, reinterpret_cast<const Bytef*>(state.buffer.data()), wanted);
  }
  if (state.piece_left == 0) {
    TRY(state.read(checksum_size));
    if (state.buffer.size() < wanted + checksum_size) {
      return state.broken("the file ends inside an event: its checksum is not there");
    }
    const auto stored = static_cast<std::uint32_t>(little<4>(state.buffer.data() + wanted));
    if (!state.is_verified && stored != static_cast<std::uint32_t>(state.crc)) {
      return fail(ErrorCode::data_event_checksum,
                  fmt::format("Transaction_payload event of {} bytes", state.event_end - state.event_begin),
                  state.where(state.event_begin));
    }
  }
  return state.buffer.view(0, wanted);
}

Status LogFile::skip_to(std::uint64_t position) {
  State& state = *state_;
  if (position < state.position) {
    if (!state.can_read_twice) {
      return fail(ErrorCode::io, fmt::format("can't go back to position {}", position), state.name);
    }
  }
  if (position > state.size) {
    return fail(ErrorCode::usage, fmt::format("position {} lies behind the end of the file, {}", position, state.size),
                state.name);
  }
  if (gzseek(state.file, static_cast<z_off_t>(position), SEEK_SET) < 0) {
    int number = Z_OK;
    return fail(ErrorCode::io, gzerror(state.file, &number), state.name);
  }
  state.position = state.event_end = position;
  state.piece_left = 0;
  return {};
}

}  // namespace tributary::source
