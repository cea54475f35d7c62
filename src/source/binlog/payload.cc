#include "source/binlog/payload.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "source/binlog/cursor.h"
#include "source/binlog/row_reader.h"

namespace tributary::source {
namespace {

// Neither library's output grows by more than this before what was read is looked at again.
constexpr std::size_t step_bytes = 256 * 1024;
// The servers' largest packet, and room for an event's head.
constexpr std::uint64_t inner_event_size_max = (std::uint64_t{1} << 30) + (1 << 20);
constexpr std::size_t zlib_ratio_max = 1032;  // deflate can't do better

// What the payload's field numbers mean.
constexpr std::uint64_t field_end = 0, field_size = 1, field_compression = 2, field_uncompressed_size = 3;
constexpr std::uint64_t compression_zstd = 0, compression_none = 255;

}  // namespace

struct PayloadReader::State {
  ZSTD_DCtx* zstd = nullptr;
  bool is_compressed = false;
  bool is_frame_whole = true;      // zstd has read its frame to the end
  std::string_view left;           // of the payload, not decompressed yet: of the present piece
  std::uint64_t unread = 0;        // bytes of the payload, with `left`
  More more;                       // the pieces behind `left`; empty if there are none
  std::uint64_t promised = 0;      // the header's uncompressed size; 0: none
  std::uint64_t promise_left = 0;  // what of it has not been given out
  std::uint64_t payload_end = 0;   // its offset in the event
  base::Buffer out;                // the inner event given out, then what follows it
  std::size_t given = 0;           // bytes of `out` given out by the last next()

  ~State() { ZSTD_freeDCtx(zstd); }
  std::size_t offset() const { return payload_end - unread; }

  base::Status read_piece() {
    if (!left.empty() || unread == 0 || !more) return {};
    TRY_VALUE(left, more());
    if (left.empty() || left.size() > unread) return malformed("Transaction_payload: ends too early", offset());
    return {};
  }
  void take(std::size_t bytes) {
    left.remove_prefix(bytes);
    unread -= bytes;
  }

  // Makes at least `wanted` bytes stand in `out`; false if the payload ends before.
  base::Result<bool> fill(std::size_t wanted) {
    while (out.size() < wanted) {
      TRY(read_piece());
      const std::size_t step = std::min(std::max(wanted - out.size(), ZSTD_DStreamOutSize()), step_bytes);
      if (!is_compressed) {
        if (left.empty()) return false;
        const std::string_view piece = left.substr(0, step);
        out.append(piece);
        take(piece.size());
        continue;
      }
      char* to = out.ensure(step);
      ZSTD_inBuffer in{left.data(), left.size(), 0};
      ZSTD_outBuffer decompressed{to, step, 0};
      const std::size_t result = ZSTD_decompressStream(zstd, &decompressed, &in);
      if (ZSTD_isError(result) != 0) {
        return malformed(std::string("Transaction_payload: ") + ZSTD_getErrorName(result), offset());
      }
      if (in.pos != 0 || decompressed.pos != 0) is_frame_whole = result == 0;
      take(in.pos);
      out.commit(to + decompressed.pos);
      if (decompressed.pos == 0 && left.empty() && unread == 0) return false;
      if (decompressed.pos == 0 && in.pos == 0)
        return malformed("Transaction_payload: zstd makes no progress", offset());
    }
    return true;
  }
};

PayloadReader::PayloadReader() : state_(std::make_unique<State>()) {}
PayloadReader::~PayloadReader() = default;
PayloadReader::PayloadReader(PayloadReader&&) noexcept = default;
PayloadReader& PayloadReader::operator=(PayloadReader&&) noexcept = default;

std::string_view PayloadReader::compression() const { return state_->is_compressed ? "zstd" : "none"; }
std::uint64_t PayloadReader::uncompressed_size() const { return state_->promised; }

base::Status PayloadReader::open(const EventView& event) { return open(event, event.body.size(), nullptr); }

base::Status PayloadReader::open(const EventView& event, std::uint64_t body_size, More more) {
  State& state = *state_;
  Cursor cursor(event.body, event.body_offset);
  std::uint64_t compression = compression_none;
  std::uint64_t size = 0;
  bool has_promise = false;
  state.promised = 0;
  while (cursor.ok()) {
    const std::uint64_t type = cursor.packed();
    if (!cursor.ok() || type == field_end) break;
    const std::size_t offset = cursor.offset();
    Cursor value(cursor.packed_bytes(), offset);
    if (type == field_size) size = value.packed();
    if (type == field_compression) compression = value.packed();
    if (type == field_uncompressed_size) {
      state.promised = value.packed();
      has_promise = true;
    }
    if (!value.ok()) return value.malformed("Transaction_payload");
  }
  if (!cursor.ok() || body_size < event.body.size()) return cursor.malformed("Transaction_payload");
  state.promise_left = has_promise ? state.promised : UINT64_MAX;
  const std::uint64_t head_size = cursor.offset() - event.body_offset;
  state.payload_end = event.body_offset + body_size;
  state.unread = body_size - head_size;
  state.left = cursor.rest();
  state.more = std::move(more);
  if (size != 0 && size != state.unread) {
    return cursor.malformed("Transaction_payload: the payload's size is not what the header says");
  }
  state.given = 0;
  state.out.clear();
  if (compression != compression_zstd && compression != compression_none) {
    return base::fail(base::ErrorCode::data_event_unsupported,
                      "Transaction_payload: compression type " + std::to_string(compression) +
                          "; set binlog_transaction_compression = OFF on the source");
  }
  state.is_compressed = compression == compression_zstd;
  state.is_frame_whole = true;
  if (!state.is_compressed) return {};
  if (state.zstd == nullptr) state.zstd = ZSTD_createDCtx();
  if (state.zstd == nullptr) return base::fail(base::ErrorCode::internal, "no memory for zstd");
  ZSTD_DCtx_reset(state.zstd, ZSTD_reset_session_only);
  return {};
}

base::Result<bool> PayloadReader::next(std::string_view& raw) {
  State& state = *state_;
  // Moves what was decompressed too far to the front: less than one step.
  const std::size_t kept = state.out.size() - state.given;
  if (state.given != 0 && kept != 0) std::memmove(state.out.data(), state.out.data() + state.given, kept);
  state.out.resize_down(kept);
  state.given = 0;
  TRY_VALUE(const bool has_header, state.fill(event_header_size));
  if (!has_header) {
    const bool is_kept_promise = state.promised == 0 || state.promise_left == 0;
    if (state.out.empty() && state.is_frame_whole && is_kept_promise) return false;
    return malformed(state.out.empty() ? "Transaction_payload: it holds less than its header says"
                                       : "Transaction_payload: an inner event ends too early",
                     state.offset());
  }
  auto header = parse_event_header(state.out.view());
  if (!header || header->size > state.promise_left || header->size > inner_event_size_max) {
    return malformed("Transaction_payload: an inner event has a wrong length", state.offset());
  }
  TRY_VALUE(const bool is_whole, state.fill(header->size));
  if (!is_whole) return malformed("Transaction_payload: an inner event ends too early", state.offset());
  state.promise_left -= header->size;
  state.given = header->size;
  raw = state.out.view(0, header->size);
  return true;
}

base::Status inflate_mariadb(std::string_view compressed, base::Buffer& out, std::size_t offset_in_event) {
  Cursor cursor(compressed, offset_in_event);
  const std::uint8_t head = cursor.u8();
  const int length_bytes = head & 0x07;
  if ((head & 0x80) == 0 || length_bytes < 1 || length_bytes > 4)
    return cursor.malformed("compressed event: its header");
  if ((head & 0x70) != 0) {
    return base::fail(
        base::ErrorCode::data_event_unsupported,
        "compressed event: algorithm " + std::to_string(head >> 4 & 7) + "; set log_bin_compress = OFF on the source");
  }
  std::uint64_t size = 0;
  for (int i = 0; i < length_bytes; ++i) size = size << 8 | cursor.u8();
  const std::string_view deflated = cursor.rest();
  if (!cursor.ok()) return cursor.malformed("compressed event");
  if (size > deflated.size() * zlib_ratio_max)
    return cursor.malformed("compressed event: it can't hold what it claims");
  auto inflated_size = static_cast<uLongf>(size);
  char* to = out.ensure(size);
  const int result = uncompress(reinterpret_cast<Bytef*>(to), &inflated_size,
                                reinterpret_cast<const Bytef*>(deflated.data()), static_cast<uLong>(deflated.size()));
  if (result != Z_OK || inflated_size != size) return cursor.malformed("compressed event: it can't be inflated");
  out.commit(to + size);
  return {};
}

base::Result<EventView> inflate_rows(const EventView& event, const FormatDescription& format, base::Buffer& scratch) {
  if (!is_compressed_rows_event(event.header.type)) return event;
  // The head up to the bitmaps is plain; the rows behind it are compressed.
  const auto number = static_cast<std::uint8_t>(event.header.type);
  EventView plain = event;
  plain.header.type = static_cast<EventType>(number <= 168 ? number - 166 + 23 : number - 169 + 30);
  FormatDescription plain_format = format;
  plain_format.post_header_lengths[static_cast<std::uint8_t>(plain.header.type)] =
      static_cast<std::uint8_t>(format.post_header_length(event.header.type));
  TRY_VALUE(const RowsEvent rows, parse_rows(plain, plain_format));
  scratch.clear();
  const std::size_t head_size = rows.rows_offset - event.body_offset;
  scratch.append(event.body.substr(0, head_size));
  TRY(inflate_mariadb(rows.rows, scratch, rows.rows_offset));
  plain.body = scratch.view();
  return plain;
}

}  // namespace tributary::source
