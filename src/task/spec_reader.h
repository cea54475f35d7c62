// Reads one map of a task file: each getter checks presence, type and range, and notes what is wrong instead of
// returning it, so that the reading code stays a list of keys. The problem kept is the one a person would mend first:
// earliest in the file, missing keys last (a misspelt key is the usual reason why another is missing).
// Threads: one at a time.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "task/spec_yaml.h"

namespace tributary::task {

class Problems {
 public:
  explicit Problems(std::string_view file_name) : file_name_(file_name) {}

  void add(base::ErrorCode code, Mark mark, std::string what);
  bool empty() const { return !error_.has_value(); }
  base::Status status() const;

 private:
  std::string file_name_;
  std::optional<base::Error> error_;
  std::pair<bool, Mark> rank_;
};

struct Range {
  std::uint64_t least, most;
};

template <typename E>
using Choices = std::initializer_list<std::pair<std::string_view, E>>;

// The nearest of the candidates if it is near enough to be meant, else empty.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);
// ", did you mean `x`?" or the empty string.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

class Section {
 public:
  // path: "source.storage", empty for the file's root. node may be null (the section is absent: all getters give their
  // default and required ones say nothing). Keys not in `keys` are noted here.
  Section(Problems& problems, const YamlNode* node, std::string path, std::initializer_list<std::string_view> keys);

  bool present() const { return node_ != nullptr; }
  bool has(std::string_view key) const { return find(key) != nullptr; }
  const YamlNode* find(std::string_view key) const;
  Mark mark() const { return node_ ? node_->mark : Mark{}; }
  // Of the key's value, or of the section if the key is absent.
  Mark mark(std::string_view key) const;
  Problems& problems() const { return *problems_; }
  std::string path_of(std::string_view key) const;

  Section section(std::string_view key, std::initializer_list<std::string_view> keys) const;
  std::string required_text(std::string_view key) const;
  std::string text(std::string_view key, std::string_view otherwise = {}) const;
  std::uint64_t number(std::string_view key, Range range, std::uint64_t otherwise) const;
  bool boolean(std::string_view key, bool otherwise) const;
  // One text, or a list of texts without duplicates. Empty if absent.
  std::vector<std::string> texts(std::string_view key) const;

  template <typename E>
  E choice(std::string_view key, Choices<E> choices, std::optional<E> otherwise) const {
    if (!has(key) && otherwise) return *otherwise;
    const std::string word = required_text(key);
    std::vector<std::string_view> words;
    for (const auto& [name, value] : choices) {
      if (name == word) return value;
      words.push_back(name);
    }
    if (!word.empty()) bad_choice(key, word, words);
    return choices.begin()->second;
  }

  void require(std::string_view key) const;  // notes it if it is missing
  void bad(std::string_view key, std::string_view what) const { bad(mark(key), key, what); }
  void bad(Mark mark, std::string_view key, std::string_view what) const;

 private:
  void bad_choice(std::string_view key, std::string_view word, std::span<const std::string_view> words) const;

  Problems* problems_;
  const YamlNode* node_;
  std::string path_;
};

// The scalar's text; notes a list, map, null or empty text under the name `path`.
std::string scalar_text(Problems& problems, const YamlNode& node, std::string_view path);
// A list of texts (or one text) without duplicates.
std::vector<std::string> scalar_texts(Problems& problems, const YamlNode& node, std::string_view path);

}  // namespace tributary::task
