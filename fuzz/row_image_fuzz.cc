// Row images. Even first byte: any bytes as a table map and as a rows event behind it. Odd: a table, its map and its
// rows are written here from the rest, and must be read as what was written; cut rows must be refused.
#include <vector>

#include "input.h"
#include "source/binlog/test_binlog.h"

namespace {

using namespace tributary;
using fuzz::Input;
using fuzz::require;
using source::EventType;

// Keeps rows as text, one line per image.
class Rows : public source::testing::BinlogWalker {
 public:
  std::vector<std::string> images;

 private:
  void on_row(const model::TableSchema& schema, source::RowChange, const std::vector<model::Value>& before,
              const std::vector<model::Value>& after) override {
    for (const auto* row : {&before, &after}) {
      if (row->empty()) continue;
      require(row->size() == schema.columns.size(), "a row has its table's columns");
      std::string& image = images.emplace_back();
      for (const model::Value& value : *row) {
        check(value);
        image += "|" + source::testing::render(value);
      }
    }
  }
  static void check(const model::Value& value) {
    using enum model::ValueKind;
    if (value.kind == bytes || value.kind == decimal_text || value.kind == integer_text) fuzz::touch(value.text);
    if (value.kind == datetime || value.kind == date)
      require(value.t.year <= 9999 && value.t.month <= 12 && value.t.day <= 31 && value.t.hour < 24 &&
                  value.t.minute < 60 && value.t.second < 60 && value.t.micros < 1'000'000,
              "a date or time of the calendar");
    if (value.kind == time)
      require(value.t.hour <= 838 && value.t.minute < 60 && value.t.second < 60 && value.t.micros < 1'000'000,
              "a time that can be stored");
    if (value.kind == timestamp) require(value.t.micros < 1'000'000, "a second has a million microseconds");
  }
};

std::string walked(Rows& rows, const std::string& events) {
  rows.ignore_checksums = true;
  rows.walk(events);
  return rows.first_error;
}

// Each call of an Input in a written table's column gives one value: its bytes in the image, its text.
struct Column {
  std::uint8_t kind = 0;
  bool is_unsigned = false;
  unsigned a = 0, b = 0;  // as the kind wants them
};

constexpr std::uint8_t decimal = 5, real4 = 6, real8 = 7, year = 8, date = 9, datetime2 = 10, time2 = 11,
                       timestamp2 = 12, varchar = 13, blob = 14, bit = 15, enum_or_set = 16, fixed = 17, kinds = 18;
constexpr int integer_bytes[5] = {1, 2, 3, 4, 8};  // kinds 0 to 4: integers
constexpr std::uint8_t integer_types[5] = {1, 2, 9, 3, 8};

Column column_of(Input& in) {
  Column c;
  c.kind = static_cast<std::uint8_t>(in.below(kinds));
  c.is_unsigned = in.flag();
  switch (c.kind) {
    case decimal:
      c.a = 1 + static_cast<unsigned>(in.below(65));
      c.b = static_cast<unsigned>(in.below(std::min(c.a, 38u) + 1));
      break;
    case datetime2:
    case time2:
    case timestamp2:
      c.a = static_cast<unsigned>(in.below(7));
      break;
    case varchar:
      c.a = static_cast<unsigned>(in.number(2));
      break;
    case blob:
      c.a = 1 + static_cast<unsigned>(in.below(4));
      break;
    case bit:
      c.a = 1 + static_cast<unsigned>(in.below(64));
      break;
    case enum_or_set:  // a set if unsigned
      c.a = 1 + static_cast<unsigned>(in.below(c.is_unsigned ? 8 : 2));
      break;
    case fixed:
      c.a = static_cast<unsigned>(in.below(256));
      break;
    default:
      break;
  }
  return c;
}

bool is_number(const Column& c) { return c.kind <= real8; }

void put_type(const Column& c, std::string& types, std::string& metadata) {
  const auto type = [&](int number) { types += static_cast<char>(number); };
  switch (c.kind) {
    case decimal:
      type(246), fuzz::put_little(metadata, c.a | c.b << 8, 2);
      break;
    case real4:
      type(4), metadata += '\4';
      break;
    case real8:
      type(5), metadata += '\10';
      break;
    case year:
      type(13);
      break;
    case date:
      type(10);
      break;
    case datetime2:
    case time2:
    case timestamp2:
      type(c.kind == datetime2 ? 18 : c.kind == time2 ? 19 : 17), metadata += static_cast<char>(c.a);
      break;
    case varchar:
      type(15), fuzz::put_little(metadata, c.a, 2);
      break;
    case blob:
      type(252), metadata += static_cast<char>(c.a);
      break;
    case bit:
      type(16), fuzz::put_little(metadata, c.a % 8 | (c.a / 8) << 8, 2);
      break;
    case enum_or_set:
      type(254), metadata += c.is_unsigned ? '\xf8' : '\xf7', metadata += static_cast<char>(c.a);
      break;
    case fixed:
      type(254), metadata += '\xfe', metadata += static_cast<char>(c.a);
      break;
    default:
      type(integer_types[c.kind]);
  }
}

// Digits in groups of nine, four bytes each; a group cut short takes fewer. The group before the point is cut in front.
void put_digits(std::string& out, std::string_view digits, bool is_whole_part) {
  constexpr int bytes_of[10] = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
  const auto group = [&](std::string_view part) {
    std::uint64_t n = 0;
    for (const char c : part) n = n * 10 + static_cast<std::uint64_t>(c - '0');
    fuzz::put_big(out, n, bytes_of[part.size()]);
  };
  if (is_whole_part) {
    group(digits.substr(0, digits.size() % 9));
    digits.remove_prefix(digits.size() % 9);
  }
  for (; digits.size() >= 9; digits.remove_prefix(9)) group(digits.substr(0, 9));
  if (!digits.empty()) group(digits);
}

std::string put_decimal(const Column& c, Input& in, std::string& out) {
  std::string whole, fraction;
  const bool is_small = in.flag();
  for (unsigned i = 0; i < c.a - c.b; ++i)
    whole += is_small && i + 2 < c.a - c.b ? '0' : static_cast<char>('0' + in.byte() % 10);
  for (unsigned i = 0; i < c.b; ++i) fraction += static_cast<char>('0' + in.byte() % 10);
  bool is_negative = in.flag();
  if ((whole + fraction).find_first_not_of('0') == std::string::npos) is_negative = false;
  const std::size_t begin = out.size();
  put_digits(out, whole, true);
  put_digits(out, fraction, false);
  out[begin] = static_cast<char>(out[begin] ^ '\x80');
  if (is_negative)
    for (std::size_t i = begin; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  whole.erase(0, whole.find_first_not_of('0') == std::string::npos ? whole.size() : whole.find_first_not_of('0'));
  return (is_negative ? "-" : "") + (whole.empty() ? "0" : whole) + (fraction.empty() ? "" : "." + fraction);
}

template <typename... Parts>
std::string print(const char* form, Parts... parts) {
  char text[64];
  std::snprintf(text, sizeof text, form, parts...);
  return text;
}

// A fraction of so many digits in units of its last two.
std::uint64_t put_fraction(unsigned digits, std::uint64_t units, std::string& out) {
  fuzz::put_big(out, units, static_cast<int>((digits + 1) / 2));
  constexpr std::uint64_t micros_of[4] = {0, 10000, 100, 1};
  return units * micros_of[(digits + 1) / 2];
}
std::uint64_t units_of(unsigned digits, Input& in) {
  constexpr std::uint64_t count[4] = {1, 100, 10000, 1000000};
  return in.below(count[(digits + 1) / 2]);
}

std::string put_value(const Column& c, Input& in, std::string& out) {
  const auto sized = [&](std::size_t most, int length_bytes) {
    const std::string_view text = in.text(std::min<std::size_t>(most, 300));
    fuzz::put_little(out, text.size(), length_bytes);
    out += text;
    return std::string(text);
  };
  switch (c.kind) {
    case decimal:
      return put_decimal(c, in, out);
    case real4: {
      const float n = static_cast<float>(static_cast<std::int16_t>(in.number(2))) / 4;
      out.append(reinterpret_cast<const char*>(&n), 4);
      return print("%.17g", static_cast<double>(n));
    }
    case real8: {
      const double n = static_cast<double>(static_cast<std::int32_t>(in.number(4))) / 16;
      out.append(reinterpret_cast<const char*>(&n), 8);
      return print("%.17g", n);
    }
    case year: {
      const auto n = in.byte();
      out += static_cast<char>(n);
      return print("%04d", n == 0 ? 0 : 1900 + n);
    }
    case date: {
      const auto y = in.below(10000), m = in.below(13), d = in.below(32);
      fuzz::put_little(out, y << 9 | m << 5 | d, 3);
      return print("%04d-%02d-%02d", int(y), int(m), int(d));
    }
    case datetime2: {
      const auto y = in.below(10000), m = in.below(13), d = in.below(32), h = in.below(24), i = in.below(60),
                 s = in.below(60);
      fuzz::put_big(out, 0x8000000000 + ((y * 13 + m) << 22 | d << 17 | h << 12 | i << 6 | s), 5);
      const auto micros = put_fraction(c.a, units_of(c.a, in), out);
      return print("%04d-%02d-%02d %02d:%02d:%02d.%06u", int(y), int(m), int(d), int(h), int(i), int(s),
                   unsigned(micros));
    }
    case time2: {
      const auto h = in.below(839), m = in.below(60), s = in.below(60), units = units_of(c.a, in);
      const bool is_negative = in.flag() && h + m + s + units != 0;
      const int bytes = 3 + static_cast<int>((c.a + 1) / 2), shift = 8 * (bytes - 3);
      const std::uint64_t magnitude = (h << 12 | m << 6 | s) << shift | units;
      const std::uint64_t zero = std::uint64_t{0x800000} << shift;
      fuzz::put_big(out, is_negative ? zero - magnitude : zero + magnitude, bytes);
      std::string ignored;
      const auto micros = put_fraction(c.a, units, ignored);
      return print("%s%02d:%02d:%02d.%06u", is_negative ? "-" : "", int(h), int(m), int(s), unsigned(micros));
    }
    case timestamp2: {
      const auto seconds = in.number(4);
      fuzz::put_big(out, seconds, 4);
      const auto micros = put_fraction(c.a, units_of(c.a, in), out);
      return print("%lld.%06u", static_cast<long long>(seconds), unsigned(micros));
    }
    case varchar:
      return sized(c.a, c.a > 255 ? 2 : 1);
    case blob:
      return sized(c.a == 1 ? 255 : 300, static_cast<int>(c.a));
    case fixed:
      return sized(c.a, 1);
    case bit: {
      std::uint64_t n = in.number(8);
      if (c.a < 64) n &= (std::uint64_t{1} << c.a) - 1;
      fuzz::put_big(out, n, static_cast<int>((c.a + 7) / 8));
      return std::to_string(n);
    }
    case enum_or_set: {
      const std::uint64_t n = in.number(static_cast<int>(c.a));
      fuzz::put_little(out, n, static_cast<int>(c.a));
      return std::to_string(n);
    }
    default: {
      const int bytes = integer_bytes[c.kind];
      const std::uint64_t n = in.number(bytes);
      fuzz::put_little(out, n, bytes);
      if (c.is_unsigned) return std::to_string(n);
      return std::to_string(static_cast<std::int64_t>(n << (64 - 8 * bytes)) >> (64 - 8 * bytes));
    }
  }
}

std::string map_of(const std::vector<Column>& columns) {
  std::string body, types, metadata, signs;
  fuzz::put_little(body, 7, 6);
  fuzz::put_little(body, 1, 2);
  body += std::string("\1d\0\1t\0", 6);
  std::size_t numbers = 0;
  for (const Column& c : columns) {
    put_type(c, types, metadata);
    if (!is_number(c) && c.kind != year) continue;
    if (numbers % 8 == 0) signs += '\0';
    if (c.is_unsigned || c.kind == year) signs.back() = static_cast<char>(signs.back() | 0x80 >> numbers % 8);
    ++numbers;
  }
  fuzz::put_packed(body, columns.size());
  body += types;
  fuzz::put_packed(body, metadata.size());
  body += metadata;
  body += std::string((columns.size() + 7) / 8, '\xff');
  if (!signs.empty()) {
    body += '\1';
    fuzz::put_packed(body, signs.size());
    body += signs;
  }
  return body;
}

void check_written(Input in) {
  std::vector<Column> columns;
  for (std::uint64_t i = 1 + in.below(20); i > 0; --i) columns.push_back(column_of(in));
  const auto change = static_cast<std::uint8_t>(in.below(3));
  const std::uint64_t version = in.below(3);  // 1, 2, MariaDB's compressed 1
  std::string head, images;
  fuzz::put_little(head, 7, 6);
  fuzz::put_little(head, 1, 2);
  if (version == 1) head += std::string("\2\0", 2);
  fuzz::put_packed(head, columns.size());
  std::vector<std::vector<bool>> present;  // per image of a row
  for (int image = 0; image < (change == 1 ? 2 : 1); ++image) {
    auto& one = present.emplace_back(columns.size(), true);
    std::string bits((columns.size() + 7) / 8, '\0');
    const bool is_full = in.below(4) != 0;
    bool is_any = false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      one[i] = is_full || in.flag() || (i + 1 == columns.size() && !is_any);
      is_any = is_any || one[i];
      if (one[i]) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
    }
    head += bits;
  }
  const std::uint64_t cut = in.number(2);
  std::vector<std::string> expected;
  while (!in.empty() && expected.size() < 64) {
    for (const auto& one : present) {
      std::string values, text;
      std::vector<bool> nulls;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        text += "|";
        if (!one[i]) {
          text += "absent";
          continue;
        }
        nulls.push_back(in.below(8) == 7);
        text += nulls.back() ? "NULL" : put_value(columns[i], in, values);
      }
      std::string bits((nulls.size() + 7) / 8, '\0');
      for (std::size_t i = 0; i < nulls.size(); ++i)
        if (nulls[i]) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
      images += bits + values;
      expected.push_back(text);
    }
  }
  if (expected.empty()) return;
  const std::string map = fuzz::framed(19, map_of(columns), false);
  const auto event = [&](std::string_view rows) {
    if (version == 0) return fuzz::framed(23 + change, head + std::string(rows), false);
    if (version == 1) return fuzz::framed(30 + change, head + std::string(rows), false);
    uLongf size = compressBound(rows.size());
    std::string zipped(size, '\0');
    compress(reinterpret_cast<Bytef*>(zipped.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
    zipped.resize(size);
    std::string body = head + '\x84';  // zlib behind a length of four bytes
    fuzz::put_big(body, rows.size(), 4);
    return fuzz::framed(166 + change, body + zipped, false);
  };
  Rows whole;
  const std::string error = walked(whole, map + event(images));
  require(error.empty(), "written rows are read", error);
  for (std::size_t i = 0; i < std::min(whole.images.size(), expected.size()); ++i)
    require(whole.images[i] == expected[i], "a row is read as written", expected[i] + " / " + whole.images[i]);
  require(whole.images.size() == expected.size(), "every row is read");
  Rows less;
  const std::string_view shorter = std::string_view(images).substr(0, images.size() - 1 - cut % images.size());
  const bool is_refused = !walked(less, map + event(shorter)).empty();
  require(less.images.size() < expected.size(), "cut rows are not read whole");
  require(is_refused ||
              less.images == std::vector<std::string>(
                                 expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(less.images.size())),
          "rows before the cut are read as written");
}

void check_any(Input in) {
  const auto type = in.byte();
  const std::string_view map = in.bytes(in.number(2));
  Rows rows;
  rows.stop_at_error = false;
  walked(rows, fuzz::framed(19, map, false) + fuzz::framed(type, in.rest(), false));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  if (in.flag())
    check_written(in);
  else
    check_any(in);
  return 0;
}
