// One logical table at the source beside its folded topic. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compare/fold.h"
#include "compare/source.h"

namespace tributary::lab {

struct TableReport {
  std::string name;
  std::uint64_t rows_source = 0, rows_folded = 0;
  std::uint64_t inits = 0, inserts = 0, updates = 0, deletes = 0;
  std::uint64_t repeats = 0, ahead_of_snapshot = 0;  // allowed; see fold.h
  std::uint64_t missing = 0, extra = 0, different = 0, out_of_order = 0;
  std::uint64_t columns_wrong = 0;  // at one side only
  bool ddl_missing = false;
  std::vector<std::string> differences;  // the first few of each kind, in words

  std::uint64_t difference_count() const {
    return missing + extra + different + out_of_order + columns_wrong + (ddl_missing ? 1 : 0);
  }
};

// Takes the source's rows one by one, then what is left in the fold.
class TableComparison {
 public:
  // `folded` null: the topic has no record of the table. It is marked up while comparing.
  TableComparison(const SourceTable& source, FoldedTable* folded, std::size_t differences_max);

  void source_row(const std::vector<std::string>& cells);
  TableReport finish();

 private:
  std::string image_of(const std::vector<std::string>& cells) const;
  void compare_columns();
  void tell(std::uint64_t count, std::string text);
  std::string differing_cells(std::string_view at_source, std::string_view in_topic) const;

  const SourceTable& source_;
  FoldedTable empty_;
  FoldedTable& folded_;
  const std::size_t differences_max_;
  std::vector<std::size_t> order_;  // of the fold's columns in the source's list; npos: not there
  TableReport report_;
};

}  // namespace tributary::lab
