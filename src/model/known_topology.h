// Where the rows of a task's tables lie, by names alone: what a task remembers of its source, so that a later look can
// be compared with it. Names are as the source gave them. Threads: values.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tributary::model {

struct KnownShard {
  std::string instance;         // host:port as the source names it
  std::string database, table;  // physical
  std::string group;            // the middleware's name for the physical database; empty elsewhere

  // The group is a way of speaking: under another name the rows lie where they lay.
  bool same_place(const KnownShard& other) const {
    return instance == other.instance && database == other.database && table == other.table;
  }
  std::string text() const { return instance + " " + database + "." + table; }
  bool operator==(const KnownShard&) const = default;
};

struct KnownTable {
  std::string kind;  // sharded, broadcast, single
  std::vector<KnownShard> shards;
  bool operator==(const KnownTable&) const = default;
};

struct KnownTopology {
  using Name = std::pair<std::string, std::string>;  // logical database, table
  std::map<Name, KnownTable> tables;
  bool operator==(const KnownTopology&) const = default;
};

}  // namespace tributary::model
