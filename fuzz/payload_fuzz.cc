// Transaction payloads: any bytes; and events put into a payload here, compressed or not, which must come out the same.
#include <zstd.h>

#include <vector>

#include "input.h"
#include "source/binlog/payload.h"

namespace {

using namespace tributary;
using fuzz::Input;
using fuzz::require;

source::EventView view_of(std::string_view body) {
  source::EventView event;
  event.header.type = source::EventType::transaction_payload;
  event.header.size = static_cast<std::uint32_t>(source::event_header_size + body.size());
  event.body = body;
  return event;
}

// All inner events, or how many were given out before the error.
struct Out {
  std::vector<std::string> events;
  bool is_whole = false;
};

// A compressed payload may stand for far more than it is: reading stops where nothing new would be learnt.
constexpr std::size_t bytes_max = 8u << 20;

Out read(source::PayloadReader& reader, std::string_view body) {
  Out out;
  if (!reader.open(view_of(body))) return out;
  std::size_t bytes = 0;
  std::string_view raw;
  while (bytes < bytes_max) {
    auto more = reader.next(raw);
    if (!more) {
      using enum base::ErrorCode;
      require(more.error().code == data_event_malformed || more.error().code == data_event_unsupported,
              "an error of the event", more.error().message());
      return out;
    }
    if (!*more) {
      out.is_whole = true;
      return out;
    }
    require(raw.size() >= source::event_header_size, "an inner event has a header");
    fuzz::touch(raw);
    bytes += raw.size();
    out.events.emplace_back(raw);
  }
  return out;
}

void check_written(source::PayloadReader& reader, Input in) {
  const std::uint8_t form = in.byte();
  const bool is_compressed = (form & 1) != 0;
  const std::uint8_t level = in.byte() % 4;
  const std::uint64_t cut = in.number(2);
  std::vector<std::string> events;
  std::string plain;
  while (!in.empty() && events.size() < 50) {
    std::string body(in.text());
    const std::uint64_t repeats = (form & 2) != 0 ? in.below(60) : 0;
    for (std::uint64_t i = 0; i < repeats && body.size() < 300'000; ++i) body += body.substr(0, 4000) + "x";
    events.push_back(fuzz::framed(in.byte(), body, false));
    plain += events.back();
  }
  if (events.empty()) return;
  std::string packed = plain;
  if (is_compressed) {
    packed.resize(ZSTD_compressBound(plain.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), level));
  }
  std::string body;
  const auto field = [&](std::uint64_t type, std::uint64_t value) {
    std::string text;
    fuzz::put_packed(text, value);
    fuzz::put_packed(body, type);
    fuzz::put_packed(body, text.size());
    body += text;
  };
  field(2, is_compressed ? 0 : 255);
  if ((form & 4) == 0) field(3, plain.size());
  field(1, packed.size());
  fuzz::put_packed(body, 0);
  body += packed;
  const Out out = read(reader, body);
  require(out.is_whole && out.events == events, "a payload's events come out as they went in");
  const Out less = read(reader, std::string_view(body).substr(0, body.size() - 1 - cut % packed.size()));
  require(!less.is_whole, "a payload that ends too early is refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  source::PayloadReader reader;
  if (in.flag())
    check_written(reader, in);
  else
    read(reader, in.rest());
  // What went before leaves no trace.
  const std::string event = fuzz::framed(2, "after", false);
  std::string body("\2\1\xff\0", 4);
  body = std::string("\2\3\xfc\xff\0\0", 6) + event;
  const Out out = read(reader, body);
  require(out.is_whole && out.events == std::vector<std::string>{event}, "a reader can be used again");
  return 0;
}
