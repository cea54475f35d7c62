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
  std::string_view left;                // of the payload, not decompressed yet
  std::uint64_t uncompressed_left = 0;  // what the header promises and has not been given out
  std::uint32_t event_offset = 0;       // of `left` when it was whole
  std::size_t payload_size = 0;
  base::Buffer out;       // the inner event given out, then what follows it
  std::size_t given = 0;  // bytes of `out` given out by the last next()

  ~State() { ZSTD_freeDCtx(zstd); }
  std::size_t offset() const { return event_offset + payload_size - left.size(); }

  // Makes at least `wanted` bytes stand in `out`; false if the payload ends before.
  base::Result<bool> fill(std::size_t wanted) {
    while (out.size() < wanted) {
      const std::size_t step = std::min(std::max(wanted - out.size(), ZSTD_DStreamOutSize()), step_bytes);
      char* to = out.ensure(step);
      ZSTD_inBuffer in{left.data(), left.size(), 0};
      ZSTD_outBuffer decompressed{to, step, 0};
      const std::size_t result = ZSTD_decompressStream(zstd, &decompressed, &in);
      if (ZSTD_isError(result) != 0) {
        return malformed(std::string("Transaction_payload: ") + ZSTD_getErrorName(result), offset());
      }
      left.remove_prefix(in.pos);
      out.commit(to + decompressed.pos);
      if (decompressed.pos == 0 && left.empty()) return false;
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

base::Status PayloadReader::open(const EventView& event) {
  State& state = *state_;
  Cursor cursor(event.body, event.body_offset);
  std::uint64_t compression = compression_none;
  std::uint64_t size = 0;
  state.uncompressed_left = UINT64_MAX;
  while (cursor.ok()) {
    const std::uint64_t type = cursor.packed();
    if (!cursor.ok() || type == field_end) break;
    const std::size_t offset = cursor.offset();
    Cursor value(cursor.packed_bytes(), offset);
    if (type == field_size) size = value.packed();
    if (type == field_compression) compression = value.packed();
    if (type == field_uncompressed_size) state.uncompressed_left = value.packed();
    if (!value.ok()) return value.malformed("Transaction_payload");
  }
  if (!cursor.ok()) return cursor.malformed("Transaction_payload");
  state.event_offset = static_cast<std::uint32_t>(cursor.offset());
  state.left = cursor.rest();
  if (size != 0 && size != state.left.size()) {
    return cursor.malformed("Transaction_payload: the payload's size is not what the header says");
  }
  state.payload_size = state.left.size();
  state.given = 0;
  state.out.clear();
  if (compression != compression_zstd && compression != compression_none) {
    return base::fail(base::ErrorCode::data_event_unsupported,
                      "Transaction_payload: compression type " + std::to_string(compression) +
                          "; set binlog_transaction_compression = OFF on the source");
  }
  state.is_compressed = compression == compression_zstd;
  if (!state.is_compressed) return {};
  if (state.zstd == nullptr) state.zstd = ZSTD_createDCtx();
  if (state.zstd == nullptr) return base::fail(base::ErrorCode::internal, "no memory for zstd");
  ZSTD_DCtx_reset(state.zstd, ZSTD_reset_session_only);
  return {};
}

base::Result<bool> PayloadReader::next(std::string_view& raw) {
  State& state = *state_;
  if (!state.is_compressed) {
    if (state.left.empty()) return false;
    const std::size_t offset = state.offset();
    auto header = parse_event_header(state.left);
    if (!header || header->size > state.left.size()) {
      return malformed("Transaction_payload: an inner event ends too early", offset);
    }
    raw = state.left.substr(0, header->size);
    state.left.remove_prefix(header->size);
    return true;
  }
  // Moves what was decompressed too far to the front: less than one step.
  const std::size_t kept = state.out.size() - state.given;
  if (state.given != 0 && kept != 0) std::memmove(state.out.data(), state.out.data() + state.given, kept);
  state.out.resize_down(kept);
  state.given = 0;
  TRY_VALUE(const bool has_header, state.fill(event_header_size));
  if (!has_header) {
    if (state.out.empty()) return false;
    return malformed("Transaction_payload: an inner event ends too early", state.offset());
  }
  auto header = parse_event_header(state.out.view());
  if (!header || header->size > state.uncompressed_left || header->size > inner_event_size_max) {
    return malformed("Transaction_payload: an inner event has a wrong length", state.offset());
  }
  TRY_VALUE(const bool is_whole, state.fill(header->size));
  if (!is_whole) return malformed("Transaction_payload: an inner event ends too early", state.offset());
  state.uncompressed_left -= header->size;
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
