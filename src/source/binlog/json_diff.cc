#include "source/binlog/json_diff.h"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "source/binlog/json_binary.h"
#include "source/binlog/json_document.h"

namespace tributary::source {
namespace {

using json::Document;
using json::Ref;

enum class DiffOperation : std::uint8_t { replace = 0, insert = 1, remove = 2 };

struct Member;

// A value as it stands in its document, or, once a path leads through it, its members.
struct Node {
  Ref ref;
  bool is_open = false;
  std::vector<Member> members;
};

struct Member {
  std::string_view key;
  Node node;
};

struct Leg {
  bool is_index = false;
  bool from_end = false;  // [last], [last-1], ...
  std::size_t index = 0;
  std::string key;

  // In an array of that many elements; false if it lies outside, then `at` is where an element goes in.
  bool place(std::size_t size, std::size_t& at) const {
    const bool is_inside = index < size;
    at = from_end ? (is_inside ? size - index - 1 : 0) : std::min(index, size);
    return is_inside;
  }
};

bool append_utf8(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
  return true;
}

// path ::= '$' ( '[' (index | 'last' ('-' index)?) ']' | '.' name | '.' '"' escaped '"' )*
class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  bool parse(std::vector<Leg>& legs) {
    if (!take('$')) return false;
    while (at_ < text_.size()) {
      if (legs.size() == json::depth_max) return false;
      Leg& leg = legs.emplace_back();
      const bool is_good = take('[') ? index(leg) : take('.') && (take('"') ? quoted(leg.key) : name(leg.key));
      if (!is_good) return false;
    }
    return true;
  }

 private:
  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool index(Leg& leg) {
    leg.is_index = true;
    if (text_.substr(at_).starts_with("last")) {
      at_ += 4;
      leg.from_end = true;
      if (take(']')) return true;
      if (!take('-')) return false;
    }
    const std::size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (leg.index > UINT32_MAX) return false;
      leg.index = leg.index * 10 + static_cast<std::size_t>(text_[at_] - '0');
    }
    return at_ != begin && take(']');
  }
  bool name(std::string& key) {
    while (at_ < text_.size() && text_[at_] != '.' && text_[at_] != '[') key += text_[at_++];
    return !key.empty();
  }
  bool hex4(std::uint32_t& code) {
    code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == text_.size()) return false;
      const char c = text_[at_];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      code = code << 4 | static_cast<std::uint32_t>(digit);
    }
    return true;
  }
  bool quoted(std::string& key) {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c != '\\') {
        key += c;
        continue;
      }
      if (at_ == text_.size()) return false;
      switch (const char escaped = text_[at_++]) {
        case 'b':
          key += '\b';
          break;
        case 'f':
          key += '\f';
          break;
        case 'n':
          key += '\n';
          break;
        case 'r':
          key += '\r';
          break;
        case 't':
          key += '\t';
          break;
        case 'u': {
          std::uint32_t code = 0;
          std::uint32_t low = 0;
          if (!hex4(code)) return false;
          if (code >= 0xd800 && code < 0xdc00) {
            if (!take('\\') || !take('u') || !hex4(low) || low < 0xdc00 || low > 0xdfff) return false;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          }
          append_utf8(code, key);
          break;
        }
        default:
          key += escaped;
          break;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Keys of an object are ordered by length, then bytes.
bool key_less(std::string_view a, std::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

class Patcher {
 public:
  explicit Patcher(std::string_view document) : root_{add(document), false, {}} {}

  bool apply(DiffOperation operation, std::string_view path, std::string_view value) {
    std::vector<Leg> legs;
    if (!PathParser(path).parse(legs)) return false;
    Node replacement{operation == DiffOperation::remove ? Ref{} : add(value), false, {}};
    if (legs.empty()) {
      if (operation != DiffOperation::replace) return false;
      root_ = std::move(replacement);
      return true;
    }
    Node* parent = &root_;
    for (std::size_t i = 0; i + 1 < legs.size() && parent != nullptr; ++i) parent = child(*parent, legs[i]);
    if (parent == nullptr) return false;
    const Leg& leg = legs.back();
    if (operation == DiffOperation::insert) return insert(*parent, leg, std::move(replacement));
    Node* node = child(*parent, leg);
    if (node == nullptr) return false;
    if (operation == DiffOperation::replace) {
      *node = std::move(replacement);
      return true;
    }
    if (node == parent) return false;
    const auto is_it = [node](const Member& member) { return &member.node == node; };
    parent->members.erase(std::find_if(parent->members.begin(), parent->members.end(), is_it));
    return true;
  }

  bool print(base::Buffer& out) { return print(root_, 0, out); }

  // What is wrong with a document, if that was the reason.
  const Document* damaged() const {
    for (const Document& document : documents_) {
      if (*document.what != '\0') return &document;
    }
    return nullptr;
  }

 private:
  Ref add(std::string_view bytes) {
    static constexpr char null_document[] = {json::literal, 0};
    if (bytes.empty()) bytes = {null_document, sizeof null_document};
    return json::root(documents_.emplace_back(bytes));
  }

  bool open(Node& node) {
    if (node.is_open) return true;
    json::Container container;
    if (!container.open(node.ref)) return false;
    node.members.resize(container.size());
    for (std::size_t i = 0; i < container.size(); ++i) {
      Member& member = node.members[i];
      if (container.is_object() && !container.key(i, member.key)) return false;
      if (!container.value(i, member.node.ref)) return false;
    }
    node.is_open = true;
    return true;
  }

  Node* child(Node& node, const Leg& leg) {
    if (leg.is_index) {
      if (!node.ref.is_array()) return leg.index == 0 ? &node : nullptr;  // a scalar is an array of itself
      std::size_t at = 0;
      if (!open(node) || !leg.place(node.members.size(), at)) return nullptr;
      return &node.members[at].node;
    }
    if (!node.ref.is_object() || !open(node)) return nullptr;
    const auto found = std::find_if(node.members.begin(), node.members.end(),
                                    [&](const Member& member) { return member.key == leg.key; });
    return found == node.members.end() ? nullptr : &found->node;
  }

  bool insert(Node& parent, const Leg& leg, Node&& value) {
    if (leg.is_index ? !parent.ref.is_array() : !parent.ref.is_object()) return false;
    if (!open(parent)) return false;
    auto& members = parent.members;
    if (leg.is_index) {
      std::size_t at = 0;
      leg.place(members.size(), at);
      members.insert(members.begin() + static_cast<std::ptrdiff_t>(at), Member{{}, std::move(value)});
      return true;
    }
    const auto at = std::find_if(members.begin(), members.end(),
                                 [&](const Member& member) { return !key_less(member.key, leg.key); });
    if (at != members.end() && at->key == leg.key) return false;
    members.insert(at, Member{keys_.emplace_back(leg.key), std::move(value)});
    return true;
  }

  bool print(const Node& node, int depth, base::Buffer& out) {
    if (!node.is_open) return json::append_text(node.ref, depth, out);
    const bool is_object = node.ref.is_object();
    out.push_back(is_object ? '{' : '[');
    bool is_first = true;
    for (const Member& member : node.members) {
      if (!is_first) out.append(", ");
      is_first = false;
      if (is_object) {
        append_json_string(member.key, out);
        out.append(": ");
      }
      if (!print(member.node, depth + 1, out)) return false;
    }
    out.push_back(is_object ? '}' : ']');
    return true;
  }

  std::deque<Document> documents_;  // a deque: nodes point into it
  std::deque<std::string> keys_;
  Node root_;
};

std::unexpected<base::Error> bad(std::string what, std::size_t at) {
  return base::fail(base::ErrorCode::data_value_malformed, "JSON change: " + std::move(what),
                    "byte " + std::to_string(at) + " of the changes");
}

}  // namespace

base::Status append_json_changes_text(std::string_view diffs, base::Buffer& out) {
  constexpr std::string_view names[] = {"JSON_REPLACE", "JSON_INSERT", "JSON_REMOVE"};
  Cursor cursor(diffs);
  while (cursor.left() != 0) {
    const std::size_t at = cursor.offset();
    const std::uint8_t operation = cursor.u8();
    if (operation > static_cast<std::uint8_t>(DiffOperation::remove)) return bad("an unknown operation", at);
    const bool has_value = operation != static_cast<std::uint8_t>(DiffOperation::remove);
    const std::string_view path = cursor.packed_bytes();
    const std::string_view value = has_value ? cursor.packed_bytes() : std::string_view();
    if (!cursor.ok()) return bad("ends too early", at);
    if (at != 0) out.append("; ");
    out.append(names[operation]);
    out.append("(@, '");
    out.append(path);
    out.push_back('\'');
    if (has_value) {
      out.append(", ");
      TRY(append_json_text(value, out));
    }
    out.push_back(')');
  }
  return {};
}

base::Status append_patched_json_text(std::string_view document, std::string_view diffs, base::Buffer& out) {
  if (diffs.empty()) return append_json_text(document, out);
  Patcher patcher(document);
  Cursor cursor(diffs);
  while (cursor.left() != 0) {
    const std::size_t at = cursor.offset();
    const auto operation = static_cast<DiffOperation>(cursor.u8());
    if (operation > DiffOperation::remove) return bad("an unknown operation", at);
    const std::string_view path = cursor.packed_bytes();
    const std::string_view value = operation == DiffOperation::remove ? std::string_view() : cursor.packed_bytes();
    if (!cursor.ok()) return bad("ends too early", at);
    if (!patcher.apply(operation, path, value)) {
      if (const Document* damaged = patcher.damaged()) return base::fail(json::error_of(*damaged));
      return bad("the document has no place " + std::string(path.substr(0, 200)), at);
    }
  }
  if (!patcher.print(out)) return base::fail(json::error_of(*patcher.damaged()));
  return {};
}

}  // namespace tributary::source
