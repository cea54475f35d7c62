// Framing: any bytes as one event, whatever is known of checksums; and a rightly framed event, which must come out as
// it went in, with every bit of it under the checksum.
#include "input.h"
#include "source/binlog/event.h"

namespace {

using namespace tributary;
using fuzz::require;

source::FormatDescription format_with(source::Checksum checksum) {
  source::FormatDescription format;
  format.checksum = checksum;
  return format;
}

void check_error(const base::Error& error, std::size_t size) {
  using enum base::ErrorCode;
  require(
      error.code == data_event_malformed || error.code == data_event_checksum || error.code == data_event_unsupported,
      "an error of the event", error.message());
  unsigned long at = 0;
  char behind = 0;
  if (!error.where.empty())
    require(std::sscanf(error.where.c_str(), "byte %lu of the even%c", &at, &behind) == 2 &&
                at <= std::max<std::size_t>(size, 19),
            "the error names a byte of the event", error.message());
}

void check_any(std::string_view bytes) {
  using enum source::Checksum;
  for (const source::Checksum checksum : {unknown, off, crc32}) {
    auto event = source::parse_event(bytes, format_with(checksum));
    if (!event) {
      check_error(event.error(), bytes.size());
      continue;
    }
    require(fuzz::lies_in(event->body, bytes), "the body lies in the event");
    require(event->header.size == bytes.size(), "the size is the event's");
    fuzz::touch(event->body);
    auto format = source::parse_format_description(*event);
    if (!format) check_error(format.error(), bytes.size());
  }
}

void check_framed(fuzz::Input in) {
  const auto type = in.byte();
  if (type == 15) return;  // what it says of itself comes first
  const auto timestamp = static_cast<std::uint32_t>(in.number(4));
  const auto server_id = static_cast<std::uint32_t>(in.number(4));
  const auto flags = static_cast<std::uint16_t>(in.number(2));
  const auto flip = in.number(2);
  const std::string_view body = in.rest();
  std::string raw = fuzz::framed(type, body, true, timestamp, server_id, 4711, flags);
  for (const auto checksum : {source::Checksum::crc32, source::Checksum::unknown}) {
    auto event = source::parse_event(raw, format_with(checksum));
    require(event.has_value() && event->body == body, "a right event is read");
    require(static_cast<std::uint8_t>(event->header.type) == type && event->header.timestamp == timestamp &&
                event->header.server_id == server_id && event->header.flags == flags &&
                event->header.next_position == 4711 && event->body_offset == source::event_header_size,
            "the header is read");
  }
  const std::string unchecked = fuzz::framed(type, body, false);
  auto open = source::parse_event(unchecked, format_with(source::Checksum::off));
  require(open.has_value() && open->body == body, "an event without a checksum is read");
  auto cut = source::parse_event(std::string_view(raw).substr(0, raw.size() - 1 - flip % raw.size()),
                                 format_with(source::Checksum::crc32));
  require(!cut, "an event that ends too early is refused");
  std::size_t bit = flip % (raw.size() * 8);
  if (bit / 8 == 4) bit += 8;  // another type may have another form
  raw[bit / 8] = static_cast<char>(raw[bit / 8] ^ 1 << bit % 8);
  require(!source::parse_event(raw, format_with(source::Checksum::crc32)), "no bit changes unseen");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_any({reinterpret_cast<const char*>(data), size});
  check_framed(fuzz::Input(data, size));
  return 0;
}
