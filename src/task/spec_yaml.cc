#include "task/spec_yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "task/utf8.h"

namespace tributary::task {
namespace {

using base::Error;
using base::ErrorCode;
using base::fail;

// yaml-cpp takes a line end at the end of the file for the end of an open quote. Behind a comment it notices.
constexpr std::string_view end_comment = "\n#";

// Thrown through the parser to stop it, caught in parse_yaml.
struct Refused {
  ErrorCode code;
  std::string what;
  Mark mark;
};

Mark to_mark(const YAML::Mark& mark) { return {std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1}; }

class TreeBuilder final : public YAML::EventHandler {
 public:
  std::optional<YamlNode> root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(YamlNode{.mark = to_mark(mark)});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{ErrorCode::task_syntax, "anchors and aliases are not used in task files", to_mark(mark)};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    add(YamlNode{.kind = YamlNode::Kind::scalar, .quoted = tag == "!", .mark = to_mark(mark), .text = value});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override {
    refuse_duplicates(open_.back().node);
    close();
  }

 private:
  struct Open {
    YamlNode node;
    bool has_key = false;  // map: the key is read, its value comes next
    std::string key;
    Mark key_mark;
  };

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) {
      throw Refused{ErrorCode::task_syntax, "anchors and aliases are not used in task files", to_mark(mark)};
    }
  }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Refused{ErrorCode::task_syntax, "tags are not used in task files", to_mark(mark)};
    }
  }
  static void refuse_duplicates(const YamlNode& map) {
    std::vector<const YamlNode*> sorted;
    for (const YamlNode& child : map.children) sorted.push_back(&child);
    std::ranges::stable_sort(sorted, {}, &YamlNode::key);
    const auto twin = std::ranges::adjacent_find(sorted, {}, &YamlNode::key);
    if (twin == sorted.end()) return;
    const YamlNode& second = **(twin + 1);
    throw Refused{ErrorCode::task_bad_value,
                  fmt::format("the key {} stands here a second time, first on line {}", quote(second.key),
                              (*twin)->key_mark.line),
                  second.key_mark};
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() >= yaml_depth_max) {
      throw Refused{ErrorCode::task_syntax, fmt::format("nested deeper than {} levels", yaml_depth_max), to_mark(mark)};
    }
    if (!open_.empty()) refuse_key_that_is_no_text(open_.back(), mark);
    open_.push_back({.node = YamlNode{.kind = kind, .mark = to_mark(mark)}});
  }
  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }
  static void refuse_key_that_is_no_text(const Open& parent, const YAML::Mark& mark) {
    if (parent.node.kind == YamlNode::Kind::map && !parent.has_key) {
      throw Refused{ErrorCode::task_syntax, "a key must be text", to_mark(mark)};
    }
  }
  void add(YamlNode node) {
    if (++nodes_ > yaml_nodes_max) {
      throw Refused{ErrorCode::task_syntax, fmt::format("more than {} values", yaml_nodes_max), node.mark};
    }
    if (open_.empty()) {
      root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.children.push_back(std::move(node));
    } else if (!parent.has_key) {
      if (node.kind != YamlNode::Kind::scalar) throw Refused{ErrorCode::task_syntax, "a key must be text", node.mark};
      parent.has_key = true;
      parent.key = std::move(node.text);
      parent.key_mark = node.mark;
    } else {
      node.key = std::move(parent.key);
      node.key_mark = parent.key_mark;
      if (node.kind == YamlNode::Kind::null) node.mark = node.key_mark;  // its own is on the next line
      parent.has_key = false;
      parent.node.children.push_back(std::move(node));
    }
  }

  std::vector<Open> open_;
  std::size_t nodes_ = 0;
};

// The parser takes 0x04 for the end of input and guesses encodings; so only printable UTF-8 reaches it.
std::optional<Refused> unreadable_byte(std::string_view text) {
  Mark mark;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return Refused{ErrorCode::task_syntax, fmt::format("byte 0x{:02x} is not UTF-8", byte), mark};
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) {
      return Refused{ErrorCode::task_syntax, fmt::format("control character 0x{:02x}", byte), mark};
    }
    at += length;
    ++mark.column;
    if (byte == '\n') mark = {mark.line + 1, 1};
  }
  return std::nullopt;
}

// Behind the last character that is no line end.
Mark end_of(std::string_view text) {
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);
  Mark mark;
  for (std::size_t at = 0; at < text.size(); at += utf8_length(text, at)) {
    ++mark.column;
    if (text[at] == '\n') mark = {mark.line + 1, 1};
  }
  return mark;
}

}  // namespace

const YamlNode* YamlNode::child(std::string_view name) const {
  const auto found = std::ranges::find(children, name, &YamlNode::key);
  return found == children.end() ? nullptr : &*found;
}

std::string place(std::string_view file_name, Mark mark) {
  return fmt::format("{}:{}:{}", file_name, mark.line, mark.column);
}

std::string quote(std::string_view text) {
  std::string out = "`";
  std::size_t at = 0;
  while (at < text.size() && at < 80) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_length(text, at);
    if (length == 0 || byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
      ++at;
    } else {
      out += text.substr(at, length);
      at += length;
    }
  }
  return out + (at < text.size() ? "...`" : "`");
}

base::Result<YamlNode> parse_yaml(std::string_view text, std::string_view file_name) {
  if (text.size() > yaml_bytes_max) {
    return fail(ErrorCode::task_syntax, fmt::format("the file is larger than {} MiB", yaml_bytes_max >> 20),
                place(file_name, {}));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const auto refused = unreadable_byte(text)) {
    return fail(refused->code, refused->what, place(file_name, refused->mark));
  }
  TreeBuilder builder;
  try {
    std::istringstream stream{std::string(text).append(end_comment)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder) || !builder.root) {
      return fail(ErrorCode::task_syntax, "the file is empty", place(file_name, {}));
    }
    YamlNode root = std::move(*builder.root);
    if (parser.HandleNextDocument(builder)) {
      return fail(ErrorCode::task_syntax, "a second document begins: a task file holds one task",
                  place(file_name, builder.root->mark));
    }
    if (root.kind != YamlNode::Kind::map) {
      return fail(ErrorCode::task_syntax, "the file must be a list of `key: value` lines", place(file_name, root.mark));
    }
    return root;
  } catch (const Refused& refused) {
    return fail(refused.code, refused.what, place(file_name, refused.mark));
  } catch (const YAML::Exception& e) {
    const bool is_open_quote = e.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
    return fail(ErrorCode::task_syntax, is_open_quote ? "a quote is not closed before the end of the file" : e.msg,
                place(file_name, std::min(to_mark(e.mark), end_of(text))));
  } catch (const std::exception& e) {
    return fail(ErrorCode::task_syntax, e.what(), place(file_name, {}));
  }
}

}  // namespace tributary::task
