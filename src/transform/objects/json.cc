#include "transform/objects/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "model/text.h"

namespace tributary::transform {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;

constexpr std::string_view separators = " \t\r\n,:";
constexpr std::string_view number_characters = "+-.eE0123456789";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The library's reader tells where it is only when it fails: what it has taken is counted here.
class CountedBytes {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountedBytes(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountedBytes& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  bool operator==(const CountedBytes& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

// Makes the tree of the events of the library's reader, which calls back as soon as it has taken a token.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text), furthest_(text.data()) {
    if (text.starts_with(byte_order_mark)) end_ = counted_ = byte_order_mark.size();
  }

  Result<Json> read() {
    const CountedBytes begin(text_.data(), &furthest_), end(text_.data() + text_.size(), &furthest_);
    nlohmann::json::sax_parse(begin, end, this);
    TRY(std::move(status_));
    return std::move(root_);
  }

  bool null() override { return add(Json::Kind::null) != nullptr; }
  bool boolean(bool value) override {
    Json* const json = add(Json::Kind::boolean);
    if (json) json->text = value ? "true" : "false";
    return json != nullptr;
  }
  bool number_integer(number_integer_t) override { return number(); }
  bool number_unsigned(number_unsigned_t) override { return number(); }
  bool number_float(number_float_t, const string_t&) override { return number(); }
  bool string(string_t& value) override {
    Json* const json = add(Json::Kind::string);
    if (json) json->text = std::move(value);
    return json != nullptr;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::Kind::object); }
  bool start_array(std::size_t) override { return open(Json::Kind::array); }
  bool end_array() override { return close(); }
  bool end_object() override {
    std::unordered_set<std::string_view> names;
    names.reserve(open_.back()->members.size());
    for (const JsonMember& member : open_.back()->members)
      if (!names.insert(member.name).second)
        return fail(fmt::format("`{}` stands here a second time", member.name), member.place);
    return close();
  }
  bool key(string_t& name) override {
    const Place place = next_place();
    open_.back()->members.push_back({std::move(name), {}, place});
    take_token();
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    return fail(reason_of(error.what()), place_of(std::max<std::size_t>(position, 1) - 1));
  }

 private:
  // Without the library's own name and place, and without the token, which may be long.
  static std::string reason_of(std::string_view text) {
    for (const std::string_view mark : {"] ", "column "})
      if (const std::size_t found = text.find(mark); found != std::string_view::npos)
        text.remove_prefix(found + mark.size());
    if (const std::size_t found = text.find_first_not_of("0123456789:"); found != std::string_view::npos)
      text.remove_prefix(found + (text[found] == ' ' ? 1 : 0));
    std::string reason(text);
    const std::size_t token = reason.find("; last read: '"), token_end = reason.rfind('\'');
    if (token != std::string::npos) reason.erase(token, token_end + 1 - token);
    return reason;
  }
  bool fail(std::string what, Place place) {
    status_ = base::fail(ErrorCode::objects_syntax, std::move(what), place.text());
    return false;
  }

  // Asked for from front to back, so that each byte is counted once.
  Place place_of(std::size_t offset) {
    for (; counted_ < std::min(offset, text_.size()); ++counted_) {
      const auto byte = static_cast<unsigned char>(text_[counted_]);
      if (byte == '\n')
        counted_place_ = {counted_place_.line + 1, 1};
      else if ((byte & 0xC0) != 0x80)
        ++counted_place_.column;
    }
    return counted_place_;
  }
  // Of the token that was taken last: only separators stand between it and the one before.
  Place next_place() {
    begin_ = std::min(text_.find_first_not_of(separators, end_), text_.size());
    return place_of(begin_);
  }
  void take_token() { end_ = static_cast<std::size_t>(furthest_ - text_.data()); }

  Json* add(Json::Kind kind) {
    const Place place = next_place();
    take_token();
    if (open_.size() > json_depth_max) {
      fail(fmt::format("nested deeper than {} levels", json_depth_max), place);
      return nullptr;
    }
    Json* json = &root_;
    if (!open_.empty())
      json = open_.back()->kind == Json::Kind::array ? &open_.back()->items.emplace_back()
                                                     : &open_.back()->members.back().value;
    json->kind = kind;
    json->place = place;
    return json;
  }
  // In its own spelling; the reader has looked at one character behind it.
  bool number() {
    Json* const json = add(Json::Kind::number);
    if (!json) return false;
    end_ = std::min(text_.find_first_not_of(number_characters, begin_), text_.size());
    json->text = text_.substr(begin_, end_ - begin_);
    return true;
  }
  bool open(Json::Kind kind) {
    Json* const json = add(kind);
    if (json) open_.push_back(json);
    return json != nullptr;
  }
  bool close() {
    take_token();
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const char* furthest_;
  std::size_t begin_ = 0, end_ = 0;  // of the last token
  std::size_t counted_ = 0;
  Place counted_place_ = {1, 1};
  Json root_;
  std::vector<Json*> open_;  // what is around the next value; nothing is added around them
  Status status_;
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
  return TreeBuilder(text).read();
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
