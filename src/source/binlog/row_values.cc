#include "source/binlog/row_values.h"

#include <zlib.h>

#include <charconv>
#include <cstring>

#include "source/binlog/cursor.h"

namespace tributary::source {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

char* put_number(unsigned number, int base, char* out) { return std::to_chars(out, out + 8, number, base).ptr; }

}  // namespace

double widen(float number) {
  // Integers below 2^24 are their own shortest decimal.
  if (number > -16777216.0F && number < 16777216.0F && static_cast<float>(static_cast<int>(number)) == number) {
    return static_cast<double>(number);
  }
  char text[32];
  // Without the form it would print large integers in full where that is shorter than an exponent.
  const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
  double wide = 0;
  std::from_chars(text, end, wide);
  return wide;
}

char* put_uuid(const char* bytes, char* out) {
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    *out++ = hex_digits[byte >> 4];
    *out++ = hex_digits[byte & 15];
  }
  return out;
}

char* put_inet4(const char* bytes, char* out) {
  for (int i = 0; i < 4; ++i) {
    if (i != 0) *out++ = '.';
    out = put_number(static_cast<std::uint8_t>(bytes[i]), 10, out);
  }
  return out;
}

char* put_inet6(const char* bytes, char* out) {
  unsigned words[8];
  for (int i = 0; i < 8; ++i) words[i] = static_cast<unsigned>(big<2>(bytes + 2 * i));
  int gap = -1;  // the first of the longest runs of zeros; unlike RFC 5952, the server shortens a single one too
  int gap_size = 0;
  for (int i = 0; i < 8;) {
    int size = 0;
    while (i + size < 8 && words[i + size] == 0) ++size;
    if (size > gap_size) {
      gap = i;
      gap_size = size;
    }
    i += size == 0 ? 1 : size;
  }
  const bool ends_as_inet4 = gap == 0 && (gap_size == 6 || (gap_size == 5 && words[5] == 0xffff));
  for (int i = 0; i < 8;) {
    if (i == gap) {
      if (i == 0) *out++ = ':';
      *out++ = ':';
      i += gap_size;
    } else if (i == 6 && ends_as_inet4) {
      return put_inet4(bytes + 12, out);
    } else {
      out = put_number(words[i], 16, out);
      if (++i < 8) *out++ = ':';
    }
  }
  return out;
}

bool read_compressed_column(std::string_view stored, base::Buffer& out, std::string_view& text) {
  text = {};
  if (stored.empty()) return true;
  Cursor cursor(stored);
  const std::uint8_t head = cursor.u8();
  constexpr int method_none = 0, method_zlib = 8;
  if (head >> 4 == method_none) {
    text = cursor.rest();
    return true;
  }
  if (head >> 4 != method_zlib) return false;
  const bool is_raw = (head & 0x08) != 0;
  const int size_bytes = head & 0x07;
  std::uint64_t size = 0;
  for (int i = 0; i < size_bytes; ++i) size = size << 8 | cursor.u8();
  const std::string_view deflated = cursor.rest();
  constexpr std::size_t ratio_max = 1032;  // deflate can't do better
  if (!cursor.ok() || size > deflated.size() * ratio_max) return false;
  z_stream stream{};
  if (inflateInit2(&stream, is_raw ? -MAX_WBITS : MAX_WBITS) != Z_OK) return false;
  out.clear();
  char* to = out.ensure(size);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.avail_in = static_cast<uInt>(deflated.size());
  stream.next_out = reinterpret_cast<Bytef*>(to);
  stream.avail_out = static_cast<uInt>(size);
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (result != Z_STREAM_END || stream.avail_out != 0) return false;
  out.commit(to + size);
  text = out.view();
  return true;
}

}  // namespace tributary::source
