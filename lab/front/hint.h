// Routing hints in front of a statement: which groups, and for the old JSON form which tables.
// Threads: pure function.
#pragma once

#include <string>
#include <vector>

#include "front/answer.h"
#include "front/catalogue.h"

namespace tributary::lab {

struct Hint {
  bool direct = false;  // go to `shards` with the statement as it stands
  bool scan = false;    // go to every shard with the logical statement
  std::vector<int> shards;
  std::string logical_table;  // JSON form: to be replaced by each of
  std::vector<std::string> real_tables;
};

// `text` with its comment signs. Hints that only tune (slave(), cmd_extra()) say nothing.
Answer<Hint> read_hint(const Catalogue& catalogue, std::string_view text);

}  // namespace tributary::lab
