#include "transform/etl/json_text.h"

#include <cstring>

#include "model/text.h"
#include "transform/etl/decimal.h"
#include "transform/etl/scalars.h"

namespace tributary::transform::etl {
namespace {

constexpr int depth_max = 100;

class Reader {
 public:
  Reader(std::string_view text, Arena* arena) : text_(text), arena_(arena) {}

  bool whole_value() {
    Datum ignored;
    return value(ignored, 0) && at_end();
  }

  // Returns why it can't be read, or nothing.
  const char* array(DatumList& list) {
    skip_space();
    if (!take('[')) return "it is no JSON array";
    // Items lie in a row, which is doubled when it is full.
    std::size_t room = 0;
    Datum* items = nullptr;
    list = {nullptr, 0};
    skip_space();
    if (!take(']')) {
      do {
        skip_space();
        if (now() == '[' || now() == '{') return "an item is neither string, number, boolean nor null";
        if (list.count == room) {
          room = room == 0 ? 16 : 2 * room;
          char* bytes = arena_->take(room * sizeof(Datum));
          if (bytes == nullptr) return "it is too large";
          if (items != nullptr) std::memcpy(bytes, static_cast<const void*>(items), list.count * sizeof(Datum));
          items = reinterpret_cast<Datum*>(bytes);
        }
        Datum item;
        if (!value(item, 0)) return "it is no JSON array";
        items[list.count++] = item;
        skip_space();
      } while (take(','));
      if (!take(']')) return "it is no JSON array";
    }
    list.items = items;
    return at_end() ? nullptr : "something follows the JSON array";
  }

 private:
  char now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (now() == ' ' || now() == '\t' || now() == '\n' || now() == '\r') ++at_;
  }
  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  bool word(std::string_view name) {
    if (!text_.substr(at_).starts_with(name)) return false;
    at_ += name.size();
    return true;
  }

  bool value(Datum& out, int depth) {
    if (depth > depth_max) return false;
    skip_space();
    switch (now()) {
      case '"':
        return string(out);
      case '{':
        return members('}', true, depth);
      case '[':
        return members(']', false, depth);
      case 't':
        out = Datum::boolean(true);
        return word("true");
      case 'f':
        out = Datum::boolean(false);
        return word("false");
      case 'n':
        out = {};
        return word("null");
      default:
        return number(out);
    }
  }

  bool members(char close, bool has_names, int depth) {
    ++at_;
    skip_space();
    if (take(close)) return true;
    do {
      Datum ignored;
      skip_space();
      if (has_names) {
        if (now() != '"' || !string(ignored)) return false;
        skip_space();
        if (!take(':')) return false;
      }
      if (!value(ignored, depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(close);
  }

  bool digits() {
    const std::size_t begin = at_;
    while (now() >= '0' && now() <= '9') ++at_;
    return at_ != begin;
  }

  bool number(Datum& out) {
    const std::size_t begin = at_;
    take('-');
    if (now() == '0') {
      ++at_;
    } else if (!digits()) {
      return false;
    }
    bool has_point = false, has_exponent = false;
    if (take('.')) {
      has_point = true;
      if (!digits()) return false;
    }
    if (now() == 'e' || now() == 'E') {
      has_exponent = true;
      ++at_;
      if (now() == '+' || now() == '-') ++at_;
      if (!digits()) return false;
    }
    const std::string_view text = text_.substr(begin, at_ - begin);
    out.kind = Kind::integer;
    if (!has_point && !has_exponent && read_integer(text, out.i)) return true;
    Decimal decimal;
    if (!has_exponent && decimal.read(text)) {
      out = Datum::of_text(Kind::decimal, text);
      return true;
    }
    out.kind = Kind::real;
    return read_real(text, out.d);
  }

  static bool hex4(std::string_view text, std::uint32_t& out) {
    if (text.size() < 4) return false;
    out = 0;
    for (const char c : text.substr(0, 4)) {
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        out = out * 16 + static_cast<std::uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        out = out * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
      } else {
        return false;
      }
    }
    return true;
  }

  static char* put_utf8(char* to, std::uint32_t c) {
    if (c < 0x80) {
      *to++ = static_cast<char>(c);
      return to;
    }
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr unsigned leads[] = {0, 0xC0, 0xE0, 0xF0};
    *to++ = static_cast<char>(leads[more] | (c >> (6 * more)));
    for (int i = more - 1; i >= 0; --i) *to++ = static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F));
    return to;
  }

  // Without an arena the text is only looked through.
  bool string(Datum& out) {
    const std::size_t begin = ++at_;
    std::size_t end = begin;
    bool has_escapes = false;
    for (; end < text_.size() && text_[end] != '"'; ++end) {
      if (static_cast<unsigned char>(text_[end]) < 0x20) return false;
      if (text_[end] == '\\') {
        has_escapes = true;
        ++end;
      }
    }
    if (end >= text_.size()) return false;
    at_ = end + 1;
    const std::string_view raw = text_.substr(begin, end - begin);
    out = Datum::string(raw);
    if (!has_escapes) return true;
    char* to = arena_ != nullptr ? arena_->take(raw.size()) : nullptr;
    if (arena_ != nullptr && to == nullptr) return false;
    const char* first = to;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      std::uint32_t c = static_cast<unsigned char>(raw[i]);
      if (raw[i] != '\\') {
        if (to != nullptr) *to++ = raw[i];
        continue;
      }
      switch (raw[++i]) {
        case 'b':
          c = '\b';
          break;
        case 'f':
          c = '\f';
          break;
        case 'n':
          c = '\n';
          break;
        case 'r':
          c = '\r';
          break;
        case 't':
          c = '\t';
          break;
        case '"':
        case '\\':
        case '/':
          c = static_cast<unsigned char>(raw[i]);
          break;
        case 'u': {
          if (!hex4(raw.substr(i + 1), c)) return false;
          i += 4;
          std::uint32_t low;
          if (c >= 0xDC00 && c <= 0xDFFF) return false;
          if (c >= 0xD800 && c <= 0xDBFF) {
            if (raw.substr(i + 1, 2) != "\\u" || !hex4(raw.substr(i + 3), low) || low < 0xDC00 || low > 0xDFFF)
              return false;
            i += 6;
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
          }
          break;
        }
        default:
          return false;
      }
      if (to != nullptr) to = put_utf8(to, c);
    }
    if (first != nullptr) out = Datum::string({first, static_cast<std::size_t>(to - first)});
    return true;
  }

  std::string_view text_;
  Arena* arena_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_json(std::string_view text) { return model::is_utf8(text) && Reader(text, nullptr).whole_value(); }

bool read_json_array(std::string_view text, Arena& arena, DatumList& items, std::string& problem) {
  if (const char* why = Reader(text, &arena).array(items)) {
    problem = show_text(text) + ": " + why;
    return false;
  }
  return true;
}

}  // namespace tributary::transform::etl
