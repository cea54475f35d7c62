// Binary JSON and changes of it (PARTIAL_JSON). By the first byte: any bytes as a document, as a document and changes,
// or a document and changes written here from the rest, whose text must be the one known.
#include <cmath>
#include <cstring>
#include <vector>

#include "input.h"
#include "source/binlog/json_binary.h"
#include "source/binlog/json_diff.h"

namespace {

using namespace tributary;
using fuzz::Input;
using fuzz::require;

// Whether a text is one JSON value in the servers' spacing. Bytes above 0x7f are taken as they are.
class Reader {
 public:
  explicit Reader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}
  bool is_one_value() { return value(0) && at_ == end_; }

 private:
  bool take(std::string_view wanted) {
    if (static_cast<std::size_t>(end_ - at_) < wanted.size() || std::string_view(at_, wanted.size()) != wanted)
      return false;
    at_ += wanted.size();
    return true;
  }
  bool string() {
    if (!take("\"")) return false;
    for (; at_ != end_; ++at_) {
      const auto c = static_cast<std::uint8_t>(*at_);
      if (c < 0x20) return false;
      if (c == '"') return ++at_, true;
      if (c != '\\') continue;
      if (++at_ == end_ || std::strchr("\"\\bfnrtu", *at_) == nullptr) return false;
      if (*at_ != 'u') continue;
      for (int i = 0; i < 4; ++i)
        if (++at_ == end_ || std::isxdigit(static_cast<unsigned char>(*at_)) == 0) return false;
    }
    return false;
  }
  bool digits() {
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != begin;
  }
  bool number() {
    take("-");
    const bool zero = at_ != end_ && *at_ == '0';
    const char* const begin = at_;
    if (!digits() || (zero && at_ - begin > 1)) return false;
    if (take(".") && !digits()) return false;
    if (!take("e")) return true;
    take("-");
    return digits();
  }
  bool value(int depth) {
    if (depth > 101 || at_ == end_) return false;
    const char close = *at_ == '{' ? '}' : *at_ == '[' ? ']' : '\0';
    if (close == '\0') return *at_ == '"' ? string() : take("null") || take("true") || take("false") || number();
    ++at_;
    if (take({&close, 1})) return true;
    while (true) {
      if (close == '}' && !(string() && take(": "))) return false;
      if (!value(depth + 1)) return false;
      if (take({&close, 1})) return true;
      if (!take(", ")) return false;
    }
  }
  const char* at_;
  const char* end_;
};

void check_text(const base::Status& done, const base::Buffer& out, std::size_t size) {
  if (!done) {
    require(done.error().code == base::ErrorCode::data_value_malformed, "an error of the value");
    return;
  }
  require(Reader(out.view()).is_one_value(), "the text is JSON", out.view());
  // A byte takes six at most (\u0001), a time 28 for its 10, a decimal of all zeros two signs for each.
  require(out.size() <= 64 + size * 12, "the text is bounded by the document");
}

// A document of our own.
struct Member;
struct Node {
  enum Kind : std::uint8_t { object, array, literal, integer, real, string } kind = literal;
  bool is_wide = false;         // the large form of an object or array
  std::vector<Member> members;  // an array's have no keys
  std::int64_t number = 0;      // integer; 0, 1, 2: null, true, false; half of a real
  std::string text;
};
struct Member {
  std::string key;
  Node value;
};

bool key_less(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

std::string text_of(Input& in) {
  static constexpr std::string_view letters[] = {"a",  "b",  "c", "k", "0",  " ",    "é",
                                                 "\"", "\\", ".", "[", "\n", "\x01", "z"};
  std::string text;
  for (std::uint64_t n = in.below(in.below(16) == 15 ? 200 : 6); n > 0; --n)
    text += letters[in.below(std::size(letters))];
  return text;
}

void put_member(Node& node, std::string key, Node value) {
  auto at = node.members.begin();
  if (node.kind == Node::object) {
    while (at != node.members.end() && key_less(at->key, key)) ++at;
    if (at != node.members.end() && at->key == key) return;
  } else {
    at = node.members.end();
  }
  node.members.insert(at, {std::move(key), std::move(value)});
}

Node node_of(Input& in, int depth, int& left) {
  Node node;
  node.kind = static_cast<Node::Kind>(in.below(depth > 12 || left <= 0 ? 4 : 6));
  if (depth > 12 || left <= 0) node.kind = static_cast<Node::Kind>(node.kind + 2);
  switch (node.kind) {
    case Node::object:
    case Node::array:
      node.is_wide = in.flag();
      for (std::uint64_t n = in.below(8); n > 0; --n) {
        --left;
        std::string key = node.kind == Node::object ? text_of(in) : "";
        put_member(node, std::move(key), node_of(in, depth + 1, left));
      }
      break;
    case Node::literal:
      node.number = static_cast<std::int64_t>(in.below(3));
      break;
    case Node::integer:
      node.number = static_cast<std::int64_t>(in.number(static_cast<int>(in.below(9))));
      if (in.flag()) node.number = ~node.number;
      break;
    case Node::real:
      node.number = static_cast<std::int32_t>(in.number(3));
      break;
    case Node::string:
      node.text = text_of(in);
      break;
  }
  return node;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\x01')
      out += "\\u0001";
    else
      out += c;
  }
  return out + "\"";
}

std::string print(const Node& node) {
  switch (node.kind) {
    case Node::literal:
      return node.number == 0 ? "null" : node.number == 1 ? "true" : "false";
    case Node::integer:
      return std::to_string(node.number);
    case Node::real:
      return std::to_string(node.number / 2) + (node.number % 2 == 0 ? ".0" : ".5");
    case Node::string:
      return quoted(node.text);
    default:
      break;
  }
  std::string out = node.kind == Node::object ? "{" : "[";
  for (const auto& [key, value] : node.members)
    out += (out.size() == 1 ? "" : ", ") + (node.kind == Node::object ? quoted(key) + ": " : "") + print(value);
  return out + (node.kind == Node::object ? "}" : "]");
}

// The value's type, and its bytes as they stand where its container puts them.
std::uint8_t write(const Node& node, std::string& out, bool& fits) {
  switch (node.kind) {
    case Node::literal:
      out += static_cast<char>(node.number);
      return 4;
    case Node::integer:
      for (const int bytes : {2, 4, 8}) {
        const int shift = 64 - 8 * bytes;
        if (node.number << shift >> shift != node.number) continue;
        fuzz::put_little(out, static_cast<std::uint64_t>(node.number), bytes);
        return static_cast<std::uint8_t>(bytes == 2 ? 5 : bytes == 4 ? 7 : 9);
      }
      return 0;
    case Node::real: {
      const double n = static_cast<double>(node.number) / 2;
      out.append(reinterpret_cast<const char*>(&n), 8);
      return 11;
    }
    case Node::string: {
      std::size_t size = node.text.size();
      for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
      out += static_cast<char>(size);
      out += node.text;
      return 12;
    }
    default:
      break;
  }
  const bool is_object = node.kind == Node::object;
  const int wide = node.is_wide ? 4 : 2;
  const std::size_t count = node.members.size();
  const std::size_t head =
      static_cast<std::size_t>(2 * wide) + count * static_cast<std::size_t>((is_object ? wide + 2 : 0) + 1 + wide);
  std::string keys, key_entries, values, value_entries;
  if (is_object)
    for (const auto& [key, value] : node.members) {
      fuzz::put_little(key_entries, head + keys.size(), wide);
      fuzz::put_little(key_entries, key.size(), 2);
      keys += key;
    }
  for (const auto& [key, value] : node.members) {
    std::string bytes;
    const std::uint8_t type = write(value, bytes, fits);
    value_entries += static_cast<char>(type);
    if (type == 4 || type == 5 || (node.is_wide && type == 7)) {
      bytes.resize(static_cast<std::size_t>(wide), '\0');
      value_entries += bytes;
      continue;
    }
    fuzz::put_little(value_entries, head + keys.size() + values.size(), wide);
    values += bytes;
  }
  const std::size_t size = head + keys.size() + values.size();
  fits = fits && (node.is_wide || size <= 0xffff);
  fuzz::put_little(out, count, wide);
  fuzz::put_little(out, size, wide);
  out += key_entries + value_entries + keys + values;
  return static_cast<std::uint8_t>((is_object ? 0 : 2) + (node.is_wide ? 1 : 0));
}

std::string document_of(const Node& node, bool& fits) {
  std::string body;
  const std::uint8_t type = write(node, body, fits);
  return std::string(1, static_cast<char>(type)) + body;
}

// One change that the document has a place for, done to it and appended to the changes.
void change(Node& root, Input& in, std::string& diffs, bool& fits) {
  std::string path = "$";
  Node* parent = &root;
  const auto step = [&](Node& node, std::size_t i) {
    const bool is_last = i + 1 == node.members.size() && node.kind == Node::array && in.flag();
    if (node.kind == Node::object)
      path += "." + quoted(node.members[i].key);
    else
      path += is_last ? "[last]" : "[" + std::to_string(i) + "]";
    return &node.members[i].value;
  };
  for (std::uint64_t depth = in.below(4); depth > 0; --depth) {
    std::vector<std::size_t> inner;
    for (std::size_t i = 0; i < parent->members.size(); ++i)
      if (parent->members[i].value.kind <= Node::array) inner.push_back(i);
    if (inner.empty()) break;
    parent = step(*parent, inner[in.below(inner.size())]);
  }
  if (parent->kind > Node::array) return;
  int left = 8;
  const auto put = [&](char operation, const Node* value) {
    diffs += operation;
    fuzz::put_packed(diffs, path.size());
    diffs += path;
    if (value == nullptr) return;
    const std::string bytes = document_of(*value, fits);
    fuzz::put_packed(diffs, bytes.size());
    diffs += bytes;
  };
  const std::uint64_t operation = in.below(3);
  if (operation == 1) {
    Node value = node_of(in, 8, left);
    if (parent->kind == Node::object) {
      const std::string key = text_of(in);
      for (const auto& member : parent->members)
        if (member.key == key) return;
      path += "." + quoted(key);
      put(1, &value);
      put_member(*parent, key, std::move(value));
      return;
    }
    const std::size_t at = in.below(parent->members.size() + 1);
    path += "[" + std::to_string(at) + "]";
    put(1, &value);
    parent->members.insert(parent->members.begin() + static_cast<std::ptrdiff_t>(at), {"", std::move(value)});
    return;
  }
  if (parent->members.empty()) return;
  const std::size_t at = in.below(parent->members.size());
  Node* node = step(*parent, at);
  if (operation == 0) {
    Node value = node_of(in, 8, left);
    put(0, &value);
    *node = std::move(value);
    return;
  }
  put(2, nullptr);
  parent->members.erase(parent->members.begin() + static_cast<std::ptrdiff_t>(at));
}

void check_written(Input in) {
  int left = 60;
  bool fits = true;
  Node node = node_of(in, 0, left);
  const std::string document = document_of(node, fits);
  if (!fits) return;
  base::Buffer out;
  auto done = source::append_json_text(document, out);
  require(done.has_value(), "a written document is read", done ? "" : done.error().message());
  require(out.view() == print(node), "its text is known", out.view());
  std::string diffs;
  for (std::uint64_t n = in.below(6); n > 0; --n) change(node, in, diffs, fits);
  if (!fits) return;
  out.clear();
  done = source::append_patched_json_text(document, diffs, out);
  require(done.has_value(), "written changes are applied", done ? "" : done.error().message());
  require(out.view() == print(node), "the changed text is known", std::string(out.view()) + " / " + print(node));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  base::Buffer out;
  switch (in.byte() % 3) {
    case 0: {
      const std::string_view document = in.rest();
      const base::Status done = source::append_json_text(document, out);
      check_text(done, out, document.size());
      if (!done) return 0;
      base::Buffer same;
      require(source::append_patched_json_text(document, "", same).has_value() && same.view() == out.view(),
              "no changes change nothing");
      return 0;
    }
    case 1: {
      const std::string_view document = in.bytes(in.number(2)), diffs = in.rest();
      check_text(source::append_patched_json_text(document, diffs, out), out, document.size() + diffs.size() * 8);
      return 0;
    }
    default:
      check_written(in);
      return 0;
  }
}
