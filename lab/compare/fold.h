// The present content of logical tables as the records of a topic leave it. INIT and INSERT put a row, UPDATE takes the
// before image away and puts the after image, DELETE takes away. Rows are known by the key of the tag pk_uk_info; rows
// without a key (no tag, or a NULL in a unique key) are counted as whole rows.
//
// Order is checked on the way. A record that was seen before (same position, id, operation and images) is a repeat, as
// at-least-once delivery may send it, and changes nothing; so is an INIT of a row as the fold holds it. An UPDATE or
// DELETE of a key that was never seen is ahead of the snapshot, which may come later. Everything else that does not fit
// what the fold holds is out of order: counted, told in words, and applied all the same.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "encode/record.h"

namespace tributary::lab {

struct FoldedRow {
  std::string image;        // see image.h, in the order of FoldedTable::columns
  std::uint32_t count = 0;  // 0: was deleted; above 1: equal rows of a table without a key
};

struct FoldedTable {
  std::vector<std::string> columns;
  std::vector<std::size_t> key;                     // indexes into columns; empty: rows are known by all their columns
  std::unordered_map<std::string, FoldedRow> rows;  // by the key's cells

  std::uint64_t rows_present = 0;
  std::uint64_t inits = 0, inserts = 0, updates = 0, deletes = 0;
  std::uint64_t repeats = 0, ahead_of_snapshot = 0, out_of_order = 0;
  std::vector<std::string> complaints;  // the first few, in words

  std::string key_tag;  // pk_uk_info of the first record

  // Where a row of these columns is kept: its key, or all of it.
  std::string place_of(std::string_view image) const;
  // "id=5", "order_id=5, line_no=2"; for a whole row its first columns.
  std::string name_of(std::string_view image) const;
};

class Fold {
 public:
  explicit Fold(std::size_t complaints_max = 5) : complaints_max_(complaints_max) {}

  // `place` names the message: "shop, partition 0, offset 12". Empty, or why the record can't be folded.
  std::string apply(const encode::dts::Record& record, std::string_view place);

  // By "db.table"; a dot in a name is as it is.
  std::map<std::string, FoldedTable>& tables() { return tables_; }
  std::uint64_t records() const { return records_; }
  std::uint64_t ddl_records() const { return ddl_.size(); }
  const std::vector<std::string>& ddl() const { return ddl_; }

 private:
  struct Change;
  FoldedTable& table_of(const encode::dts::Record& record, const std::vector<encode::dts::Field>& fields);
  void put(FoldedTable& table, const Change& change, std::string image);
  void take(FoldedTable& table, const Change& change, const std::string& image);
  void complain(FoldedTable& table, const Change& change, std::string_view image, std::string_view what);

  const std::size_t complaints_max_;
  std::map<std::string, FoldedTable> tables_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<std::string> ddl_;
  std::uint64_t records_ = 0;
};

}  // namespace tributary::lab
