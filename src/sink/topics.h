// The topics of a task, by the numbers that records carry: four that have fixed numbers, and one for each table that
// the rules give a topic of its own.
//
// A topic of a table is looked at (and perhaps made) when the table is first asked for, by a function that the caller
// gives: before anything is read for those known by then, else when the table turns up. Errors: those of that function;
// destination_config for a name that no topic can have. Threads: a rule is a value; Topics may be asked by any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tributary::sink {

// 1 to 249 letters, digits, '.', '_' or '-', and not "." or "..".
bool is_topic_name(std::string_view name);

// Which topic of its own a table has, by the names under which it leaves; the first rule that takes it decides.
class TopicRules {
 public:
  struct Rule {
    std::string tables;  // "database.table", or a pattern of fnmatch(3)
    std::string topic;   // with {database} and {table}
  };
  TopicRules() = default;
  explicit TopicRules(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  const std::vector<Rule>& rules() const { return rules_; }
  bool empty() const { return rules_.empty(); }
  // Empty: the task's topic. What a topic's name can't have becomes '_'.
  std::string topic_of(std::string_view database, std::string_view table) const;
  // Whether a topic of this name can be a table's.
  bool may_name(std::string_view topic) const;

 private:
  std::vector<Rule> rules_;
};

struct Topic {
  std::string name;
  std::int32_t partitions = 1;
  std::size_t record_bytes_max = std::numeric_limits<std::size_t>::max();  // key and value
};

class Topics {
 public:
  // A DDL topic is there only if it is not the data topic, dead letters only if they are wanted. Checkpoints have their
  // place here so that no table's topic takes it.
  static constexpr std::uint16_t data = 0, ddl = 1, dead_letters = 2, checkpoints = 3;
  using Look = std::function<base::Result<std::vector<Topic>>(const std::vector<std::string>& names)>;
  using Keep = std::function<base::Status(const Topic&)>;
  using Tables = std::set<std::pair<std::string, std::string>>;

  explicit Topics(Topic data_topic, TopicRules rules = {}, Look look = {});
  void put(std::uint16_t fixed, Topic topic);

  // The number of a table's topic, which is the data topic if no rule takes it.
  base::Result<std::uint16_t> of_table(std::string_view database, std::string_view table);
  // The same for many, with one look.
  base::Status prepare(const Tables& tables);
  // Told of the data topic and all topics of tables, now and whenever there is another one; its error is then that of
  // who asked.
  base::Status keep_with(Keep keep);

  bool has(std::uint16_t number) const;
  Topic at(std::uint16_t number) const;

 private:
  base::Status add(std::vector<std::string> names);

  const TopicRules rules_;
  const Look look_;
  std::mutex looking_;  // one at a time; never taken with the other held
  Keep keep_;
  mutable std::mutex mutex_;
  std::deque<Topic> topics_;  // by number; without a name: there is none
  std::map<std::string, std::uint16_t, std::less<>> numbers_;
};

}  // namespace tributary::sink
