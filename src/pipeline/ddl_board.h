// Where the shards of all instances tell which statements they have passed, so that one on a logical table reaches the
// topic once, when the last shard has passed it. Whoever passes it last sends it; the record is the first shard's, so
// that a repeat after a crash is the same, whoever sends it then. What a checkpoint says was told is not told again.
//
// Shards pass the same statements in the same order, or this is a pause: nothing is told until the structures of all
// shards agree again; then the statements of the first shard are.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "checkpoint/schema_history.h"
#include "source/topology/topology.h"
#include "store/store.h"

namespace tributary::pipeline {

class DdlBoard {
 public:
  // task: subtasks are called <task>/<instance>. What shards had passed by their checkpoints is taken from the store.
  static base::Result<std::unique_ptr<DdlBoard>> load(const source::Topology& topology, store::Store& store,
                                                      std::string task);
  explicit DdlBoard(const source::Topology& topology);

  // The statement's shard has passed it: what is to be sent now, in order. The same for the same statement again.
  std::vector<checkpoint::KeptStatement> passed(std::string_view instance, const checkpoint::KeptStatement& statement);

 private:
  using Names = std::pair<std::string, std::string>;
  struct Shard {
    std::string instance, database, table;
    std::uint64_t number = 0;  // of the statement passed last
    std::deque<checkpoint::KeptStatement> waiting;
  };
  struct Logical {
    std::vector<Shard> shards;
    bool has_warned = false;
  };
  using Place = std::tuple<std::string, std::uint64_t, std::string, std::string>;

  std::vector<checkpoint::KeptStatement> pass(std::string_view instance, const checkpoint::KeptStatement& statement);
  static std::vector<checkpoint::KeptStatement> settle(const Names& names, Logical& logical);

  std::mutex mutex_;
  std::set<std::string> delivered_;  // told_name()
  std::map<Names, Logical> tables_;
  std::map<Place, std::vector<checkpoint::KeptStatement>> sent_;  // by whom
  std::deque<Place> sent_order_;
};

}  // namespace tributary::pipeline
