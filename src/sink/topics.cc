#include "sink/topics.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

namespace tributary::sink {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t name_bytes_max = 249;
constexpr std::string_view database_word = "{database}", table_word = "{table}";

bool is_of_topics(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

// The text with each word replaced by what `give` says for it.
template <typename Give>
std::string filled(std::string_view text, Give give) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with(database_word) || text.starts_with(table_word)) {
      const bool is_database = text.starts_with(database_word);
      out += give(is_database);
      text.remove_prefix(is_database ? database_word.size() : table_word.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

std::string as_topic_part(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(
      out, [](char c) { return !is_of_topics(static_cast<unsigned char>(c)); }, '_');
  return out;
}

}  // namespace

bool is_topic_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max && name != "." && name != ".." &&
         std::ranges::all_of(name, [](char c) { return is_of_topics(static_cast<unsigned char>(c)); });
}

std::string TopicRules::topic_of(std::string_view database, std::string_view table) const {
  if (rules_.empty()) return {};
  const std::string name = fmt::format("{}.{}", database, table);
  const auto rule =
      std::ranges::find_if(rules_, [&](const Rule& r) { return fnmatch(r.tables.c_str(), name.c_str(), 0) == 0; });
  if (rule == rules_.end()) return {};
  return filled(rule->topic, [&](bool is_database) { return as_topic_part(is_database ? database : table); });
}

bool TopicRules::may_name(std::string_view topic) const {
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    const std::string pattern = filled(rule.topic, [](bool) { return "*"; });
    return fnmatch(pattern.c_str(), std::string(topic).c_str(), 0) == 0;
  });
}

Topics::Topics(Topic data_topic, TopicRules rules, Look look) : rules_(std::move(rules)), look_(std::move(look)) {
  topics_.resize(checkpoints + 1);
  numbers_.emplace(data_topic.name, data);
  topics_[data] = std::move(data_topic);
}

void Topics::put(std::uint16_t fixed, Topic topic) {
  std::lock_guard lock(mutex_);
  // A table may have the DDL topic for its own, too.
  if (fixed == ddl) numbers_.emplace(topic.name, ddl);
  topics_[fixed] = std::move(topic);
}

Status Topics::add(std::vector<std::string> names) {
  std::lock_guard looking(looking_);
  {
    std::lock_guard lock(mutex_);
    std::erase_if(names, [&](const std::string& name) { return numbers_.contains(name); });
  }
  if (names.empty()) return {};
  for (const std::string& name : names)
    if (!is_topic_name(name))
      return fail(ErrorCode::destination_config, "no topic of a table can have this name", name);
  for (const std::uint16_t other : {dead_letters, checkpoints}) {
    const std::string taken = at(other).name;
    if (std::ranges::find(names, taken) != names.end())
      return fail(ErrorCode::destination_config, "a table's rows would go to the topic of dead letters or checkpoints",
                  taken);
  }
  TRY_VALUE(const std::vector<Topic> found, look_(names));
  for (const Topic& topic : found) {
    if (keep_) TRY(keep_(topic));
    std::lock_guard lock(mutex_);
    if (topics_.size() > std::numeric_limits<std::uint16_t>::max())
      return fail(ErrorCode::destination_config, "more than 65,532 topics", topic.name);
    numbers_.emplace(topic.name, static_cast<std::uint16_t>(topics_.size()));
    topics_.push_back(topic);
  }
  return {};
}

Result<std::uint16_t> Topics::of_table(std::string_view database, std::string_view table) {
  const std::string name = rules_.topic_of(database, table);
  if (name.empty()) return data;
  for (bool is_known = false;; is_known = true) {
    {
      std::lock_guard lock(mutex_);
      if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
    }
    if (is_known) return fail(ErrorCode::internal, "a topic looked at is not there", name);
    TRY(add({name}));
  }
}

Status Topics::prepare(const Tables& tables) {
  std::set<std::string> names;
  for (const auto& [database, table] : tables)
    if (std::string name = rules_.topic_of(database, table); !name.empty()) names.insert(std::move(name));
  return add({names.begin(), names.end()});
}

Status Topics::keep_with(Keep keep) {
  std::lock_guard looking(looking_);
  std::vector<Topic> known;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, number] : numbers_)
      if (number != ddl) known.push_back(topics_[number]);
  }
  for (const Topic& topic : known) TRY(keep(topic));
  keep_ = std::move(keep);
  return {};
}

bool Topics::has(std::uint16_t number) const {
  std::lock_guard lock(mutex_);
  return number < topics_.size() && !topics_[number].name.empty();
}

Topic Topics::at(std::uint16_t number) const {
  std::lock_guard lock(mutex_);
  return number < topics_.size() ? topics_[number] : Topic{};
}

}  // namespace tributary::sink
