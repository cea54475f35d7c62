#include "transform/objects/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "model/text.h"

namespace tributary::transform {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view digits = "0123456789";

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Json> document() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = counted_ = 3;
    Json root;
    TRY(value(root, 0));
    skip_blanks();
    if (at_ != text_.size()) return refuse("something stands behind the end");
    return root;
  }

 private:
  // Places are asked for from front to back, so that each byte is counted once.
  Place here() {
    for (; counted_ < at_; ++counted_) {
      const auto byte = static_cast<unsigned char>(text_[counted_]);
      if (byte == '\n')
        place_ = {place_.line + 1, 1};
      else if ((byte & 0xC0) != 0x80)
        ++place_.column;
    }
    return place_;
  }
  std::unexpected<base::Error> refuse(std::string what) {
    return base::fail(ErrorCode::objects_syntax, std::move(what), here().text());
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view wanted) {
    if (!text_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(blanks, at_), text_.size()); }
  bool skip_digits() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_not_of(digits, at_), text_.size());
    return at_ != begin;
  }

  Status value(Json& to, std::size_t depth) {
    skip_blanks();
    to.place = here();
    if (depth > json_depth_max) return refuse(fmt::format("nested deeper than {} levels", json_depth_max));
    switch (peek()) {
      case '{':
        to.kind = Json::Kind::object;
        return object(to, depth);
      case '[':
        to.kind = Json::Kind::array;
        return array(to, depth);
      case '"':
        to.kind = Json::Kind::string;
        return string(to.text);
      default:
        return word(to);
    }
  }

  Status word(Json& to) {
    if (take("null")) return {};
    for (const std::string_view word : {"true", "false"})
      if (take(word)) {
        to.kind = Json::Kind::boolean;
        to.text = word;
        return {};
      }
    const std::size_t begin = at_;
    take("-");
    const bool begins_with_zero = peek() == '0';
    const std::size_t first_digit = at_;
    if (!skip_digits()) {
      at_ = begin;
      return refuse(at_ == text_.size() ? "the text ends where a value should stand" : "a value should stand here");
    }
    if (begins_with_zero && at_ - first_digit > 1) return refuse("a number begins with 0");
    if (take(".") && !skip_digits()) return refuse("a digit should stand behind the point");
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      if (!skip_digits()) return refuse("a digit should stand in the exponent");
    }
    to.kind = Json::Kind::number;
    to.text = text_.substr(begin, at_ - begin);
    return {};
  }

  Status array(Json& to, std::size_t depth) {
    ++at_;
    skip_blanks();
    if (take("]")) return {};
    while (true) {
      TRY(value(to.items.emplace_back(), depth + 1));
      skip_blanks();
      if (take("]")) return {};
      if (!take(",")) return refuse("a comma or ] should stand here");
    }
  }

  Status object(Json& to, std::size_t depth) {
    ++at_;
    skip_blanks();
    if (take("}")) return {};
    while (true) {
      skip_blanks();
      JsonMember& member = to.members.emplace_back();
      member.place = here();
      if (peek() != '"') return refuse("a name in double quotes should stand here");
      TRY(string(member.name));
      skip_blanks();
      if (!take(":")) return refuse("a colon should stand here");
      TRY(value(member.value, depth + 1));
      skip_blanks();
      if (take("}")) return refuse_twins(to);
      if (!take(",")) return refuse("a comma or } should stand here");
    }
  }

  static Status refuse_twins(const Json& object) {
    std::unordered_set<std::string_view> names;
    names.reserve(object.members.size());
    for (const JsonMember& member : object.members)
      if (!names.insert(member.name).second)
        return base::fail(ErrorCode::objects_syntax, fmt::format("`{}` stands here a second time", member.name),
                          member.place.text());
    return {};
  }

  Status string(std::string& to) {
    ++at_;
    while (true) {
      const std::size_t end = text_.find_first_of("\"\\", at_);
      if (end == std::string_view::npos) return refuse("a quote is not closed");
      const std::string_view plain = text_.substr(at_, end - at_);
      const auto control = std::ranges::find_if(plain, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
      if (control != plain.end()) {
        at_ += static_cast<std::size_t>(control - plain.begin());
        return refuse("a control character stands in a string");
      }
      to += plain;
      at_ = end + 1;
      if (text_[end] == '"') break;
      TRY(escape(to));
    }
    if (!model::is_utf8(to)) return refuse("a string is not UTF-8");
    return {};
  }

  Status escape(std::string& to) {
    constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    const char letter = peek();
    if (const std::size_t found = letters.find(letter); letter != '\0' && found != std::string_view::npos) {
      ++at_;
      to += meant[found];
      return {};
    }
    std::uint32_t point = 0;
    if (!unit(point)) return refuse("no such escape");
    if (point >= 0xD800 && point < 0xDC00) {
      std::uint32_t low = 0;
      if (!unit_behind_backslash(low) || low < 0xDC00 || low > 0xDFFF) return refuse("half of a surrogate pair");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    } else if (point >= 0xDC00 && point < 0xE000) {
      return refuse("half of a surrogate pair");
    }
    append_utf8(to, point);
    return {};
  }
  bool unit_behind_backslash(std::uint32_t& to) { return take("\\") && unit(to); }
  bool unit(std::uint32_t& to) {
    if (!take("u") || text_.size() - at_ < 4) return false;
    for (int i = 0; i < 4; ++i) {
      constexpr std::string_view hex = "0123456789abcdef";
      const std::size_t digit = hex.find(static_cast<char>(text_[at_] | (text_[at_] >= 'A' ? 0x20 : 0)));
      if (digit == std::string_view::npos) return false;
      to = to << 4 | static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return true;
  }
  static void append_utf8(std::string& to, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
      put(0xC0 | point >> 6);
    } else if (point < 0x10000) {
      put(0xE0 | point >> 12);
      put(0x80 | (point >> 6 & 0x3F));
    } else {
      put(0xF0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3F));
      put(0x80 | (point >> 6 & 0x3F));
    }
    put(0x80 | (point & 0x3F));
  }

  std::string_view text_;
  std::size_t at_ = 0, counted_ = 0;
  Place place_ = {1, 1};
};

void append_line(std::string& out, int depth) {
  if (depth < 0) return;
  out += '\n';
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

template <typename Items, typename Append>
void append_list(std::string& out, const Items& items, std::string_view ends, int depth, Append append) {
  out += ends[0];
  const int inner = depth < 0 ? depth : depth + 1;
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) out += ',';
    is_first = false;
    append_line(out, inner);
    append(item, inner);
  }
  if (!is_first) append_line(out, depth);
  out += ends[1];
}

}  // namespace

std::string Place::text() const { return line == 0 ? std::string() : fmt::format("{}:{}", line, column); }

Json Json::of(std::string_view text) {
  Json json;
  json.kind = Kind::string;
  json.text = text;
  return json;
}

Json Json::flag(bool value) {
  Json json;
  json.kind = Kind::boolean;
  json.text = value ? "true" : "false";
  return json;
}

Result<Json> parse_json(std::string_view text) {
  if (text.size() > json_bytes_max)
    return base::fail(ErrorCode::objects_syntax, fmt::format("larger than {} MiB", json_bytes_max >> 20), "1:1");
  return Reader(text).document();
}

void append_json_string(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.resize(before + text.size() * 6 + 2);
  char* const end = model::write_json_string(out.data() + before, text);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

void append_json(std::string& out, const Json& value, int depth) {
  switch (value.kind) {
    case Json::Kind::null:
      out += "null";
      return;
    case Json::Kind::boolean:
    case Json::Kind::number:
      out += value.text;
      return;
    case Json::Kind::string:
      return append_json_string(out, value.text);
    case Json::Kind::array:
      return append_list(out, value.items, "[]", depth,
                         [&](const Json& item, int inner) { append_json(out, item, inner); });
    case Json::Kind::object:
      return append_list(out, value.members, "{}", depth, [&](const JsonMember& member, int inner) {
        append_json_string(out, member.name);
        out += inner < 0 ? ":" : ": ";
        append_json(out, member.value, inner);
      });
  }
}

}  // namespace tributary::transform
