#include "task/spec_reader.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace tributary::task {
namespace {

using base::ErrorCode;

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return "text";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
  }
  return "?";
}

// Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = std::exchange(last, row);
  }
  return last[b.size()];
}

}  // namespace

void Problems::add(ErrorCode code, Mark mark, std::string what) {
  const std::pair rank{code == ErrorCode::task_missing_key, mark};
  if (error_ && rank_ <= rank) return;
  rank_ = rank;
  error_ = base::Error{code, std::move(what), place(file_name_, mark)};
}

base::Status Problems::status() const {
  if (error_) return base::fail(*error_);
  return {};
}

std::string_view closest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view best = closest(word, candidates);
  return best.empty() ? std::string{} : fmt::format(", did you mean `{}`?", best);
}

Section::Section(Problems& problems, const YamlNode* node, std::string path,
                 std::initializer_list<std::string_view> keys)
    : problems_(&problems), node_(node), path_(std::move(path)) {
  if (!node_) return;
  if (node_->kind != YamlNode::Kind::map) {
    problems_->add(ErrorCode::task_bad_value, node_->mark,
                   fmt::format("{} must be a map of keys, not {}", quote(path_), kind_name(*node_)));
    node_ = nullptr;
    return;
  }
  for (const YamlNode& child : node_->children) {
    if (std::ranges::find(keys, std::string_view(child.key)) != keys.end()) continue;
    const std::string_view owner = path_.empty() ? "a task" : std::string_view(path_);
    const std::string hint = did_you_mean(child.key, {keys.begin(), keys.size()});
    std::string what = fmt::format("{} is not a key of {}{}", quote(child.key), owner, hint);
    if (hint.empty()) what += fmt::format("; its keys are {}", fmt::join(keys, ", "));
    problems_->add(ErrorCode::task_unknown_key, child.key_mark, std::move(what));
  }
}

const YamlNode* Section::find(std::string_view key) const { return node_ ? node_->child(key) : nullptr; }

Mark Section::mark(std::string_view key) const {
  const YamlNode* node = find(key);
  return node ? node->mark : mark();
}

std::string Section::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

Section Section::section(std::string_view key, std::initializer_list<std::string_view> keys) const {
  return Section(*problems_, find(key), path_of(key), keys);
}

void Section::require(std::string_view key) const {
  if (!node_ || has(key)) return;
  problems_->add(ErrorCode::task_missing_key, mark(), quote(path_of(key)));
}

std::string Section::required_text(std::string_view key) const {
  require(key);
  return text(key);
}

std::string Section::text(std::string_view key, std::string_view otherwise) const {
  const YamlNode* node = find(key);
  return node ? scalar_text(*problems_, *node, path_of(key)) : std::string(otherwise);
}

std::uint64_t Section::number(std::string_view key, Range range, std::uint64_t otherwise) const {
  const YamlNode* node = find(key);
  if (!node) return otherwise;
  std::uint64_t value = 0;
  const char* const end = node->text.data() + node->text.size();
  const auto parsed = std::from_chars(node->text.data(), end, value);
  if (node->kind != YamlNode::Kind::scalar || node->quoted || node->text.empty() || parsed.ptr != end) {
    bad(key, fmt::format("must be a whole number from {} to {}", range.least, range.most));
    return otherwise;
  }
  if (parsed.ec != std::errc{} || value < range.least || value > range.most) {
    bad(key, fmt::format("is {}, allowed are {} to {}", quote(node->text), range.least, range.most));
    return otherwise;
  }
  return value;
}

bool Section::boolean(std::string_view key, bool otherwise) const {
  const YamlNode* node = find(key);
  if (!node) return otherwise;
  if (node->kind == YamlNode::Kind::scalar && !node->quoted) {
    if (node->text == "true") return true;
    if (node->text == "false") return false;
  }
  bad(key, "must be true or false");
  return otherwise;
}

std::vector<std::string> Section::texts(std::string_view key) const {
  const YamlNode* node = find(key);
  return node ? scalar_texts(*problems_, *node, path_of(key)) : std::vector<std::string>{};
}

void Section::bad(Mark mark, std::string_view key, std::string_view what) const {
  problems_->add(ErrorCode::task_bad_value, mark, fmt::format("{} {}", quote(path_of(key)), what));
}

void Section::bad_choice(std::string_view key, std::string_view word, std::span<const std::string_view> words) const {
  bad(key, fmt::format("is {}, allowed are {}{}", quote(word), fmt::join(words, ", "), did_you_mean(word, words)));
}

std::string scalar_text(Problems& problems, const YamlNode& node, std::string_view path) {
  if (node.kind != YamlNode::Kind::scalar) {
    problems.add(ErrorCode::task_bad_value, node.mark,
                 fmt::format("{} must be one text, not {}", quote(path), kind_name(node)));
    return {};
  }
  const bool has_control = std::ranges::any_of(node.text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (node.text.empty() || has_control) {
    problems.add(ErrorCode::task_bad_value, node.mark,
                 fmt::format("{} {}", quote(path), has_control ? "holds a control character" : "is empty"));
    return {};
  }
  return node.text;
}

std::vector<std::string> scalar_texts(Problems& problems, const YamlNode& node, std::string_view path) {
  if (node.kind != YamlNode::Kind::list) {
    std::string one = scalar_text(problems, node, path);
    return one.empty() ? std::vector<std::string>{} : std::vector{std::move(one)};
  }
  std::vector<std::string> all;
  std::set<std::string_view> seen;
  for (const YamlNode& item : node.children) {
    std::string one = scalar_text(problems, item, path);
    if (!seen.insert(item.text).second && !one.empty()) {
      problems.add(ErrorCode::task_bad_value, item.mark, fmt::format("{} names {} twice", quote(path), quote(one)));
    }
    if (!one.empty()) all.push_back(std::move(one));
  }
  if (node.children.empty()) {
    problems.add(ErrorCode::task_bad_value, node.mark, fmt::format("{} is an empty list", quote(path)));
  }
  return all;
}

}  // namespace tributary::task
