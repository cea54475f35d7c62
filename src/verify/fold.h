// The records of a task's topics folded, one by one, into the last state of each row, on disk.
//
// On disk:  m... what is known beside rows   r table hash identity -> RowState   s table server id -> a keyless change
// A row's identity is the canonical values of the table's key; rows of a table without one are known by two hashes of
// their content, and counted. The hash in front spreads rows evenly, so that a share of the hashes is a sample.
//
// Statements: what a consumer that obeys them would do. TRUNCATE, DROP and CREATE OR REPLACE leave a table empty,
// RENAME takes its rows along. Records keep their order within one partition only: there, and between changes of one
// server, it is exact which rows a statement concerns; elsewhere their times decide.
//
// Threads: one at a time. Errors: those of the disk; a message that is no record is counted, not an error.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "source/ddl/tracker.h"
#include "verify/disk.h"
#include "verify/table_fold.h"

namespace tributary::verify {

using TableName = std::pair<std::string, std::string>;  // logical database, table

// A table as the source has it, as far as the fold must know.
struct KnownKey {
  std::vector<std::string> columns;  // empty: no key that the user sees
  // Changes of a row may go from partition to partition: by a record key of the user's. Ids tell their order.
  bool rows_move = false;
};

struct Place {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t next = 0;          // the offset to go on from
  std::int64_t last_offset = -1;  // of the last record folded
  std::uint64_t last_hash = 0;    // of its value
};

class Fold {
 public:
  struct Setup {
    std::function<bool(const TableName&)> is_selected;  // may the task carry this table
    std::map<TableName, KnownKey> known;
    source::ServerTraits traits;                  // of the servers that the statements come from
    std::vector<std::string> additional_columns;  // that the task adds: no part of rows
  };
  // What the disk holds is taken up; see misfit().
  static base::Result<std::unique_ptr<Fold>> load(Disk& disk, Setup setup);

  // Empty, or why what was folded before can't be used.
  std::string misfit() const;
  // For an empty fold: one place per partition of the topics.
  void set_places(std::vector<Place> places);
  const std::vector<Place>& places() const { return places_; }

  base::Status take(std::uint32_t place, std::int64_t offset, std::string_view value);
  // The partition holds nothing more before this offset.
  void passed(std::uint32_t place, std::int64_t next);
  // Puts what was taken on disk; to be called between polls, and before rows are looked at.
  base::Status commit();
  base::Status flush();

  // From now on it is noted whether the row comes to be so, be it for a moment: rows that change all the time are
  // compared by that. image: of the source's row, in its own structure; unset: there is none. Bounded; false: too many.
  bool watch(const std::string& row_key, std::optional<std::string_view> image);
  bool came_to_be(const std::string& row_key) const;
  void watch_nothing() { watched_.clear(); }

  const TableFold* find(const TableName& name) const;
  std::vector<const TableFold*> tables() const;                                   // those that are there, by name
  const std::map<std::string, std::uint64_t>& others() const { return others_; }  // records of other tables, by name
  std::uint64_t records() const { return records_; }                              // folded in all
  std::uint64_t unreadable() const { return unreadable_; }
  const std::string& first_unreadable() const { return first_unreadable_; }

  // The keys under which rows lie.
  static std::string rows_of(std::uint32_t table);
  static void append_row_key(std::string& key, std::string_view identity);  // hash and identity, behind rows_of()
  static void append_content_key(std::string& key, std::string_view content);
  static constexpr std::size_t row_prefix = 5;  // before the hash

  Disk& disk() { return disk_; }

 private:
  struct Table {
    TableFold fold;
    std::vector<std::optional<std::vector<std::size_t>>> positions;  // by structure: where the key's columns are
    std::vector<bool> looked_for;                                    // by structure
    bool is_touched = false;
    bool rows_move = false;
  };
  Fold(Disk& disk, Setup setup) : disk_(disk), setup_(std::move(setup)), reader_(setup_.additional_columns) {}

  base::Status restore();
  Table* table_of_record();
  Table& make_table(const TableName& name, std::string_view keys);
  std::uint32_t structure_of(Table& table);
  const std::vector<std::size_t>* key_positions(Table& table, std::uint32_t structure) const;
  void make_row_key(const Table& table, const std::vector<std::size_t>& positions,
                    const std::vector<std::string_view>& values);
  base::Status take_keyed(Table& table, RowState& record);
  base::Status take_keyless(Table& table, RowState& record);
  base::Status change_row(Table& table, RowState& record);
  base::Status count_row(Table& table, const std::vector<std::string_view>& values, RowState& record, int copies);
  base::Result<bool> look_up(const std::string& key, std::string_view& value);
  base::Status take_statement(std::uint32_t place, std::int64_t offset);
  base::Status empty(const TableName& name, const Emptied& statement);
  base::Status rename(const TableName& from, const TableName& to, const Emptied& statement);
  base::Status remove(std::uint32_t number);
  void restructure(const TableName& name, const Emptied& statement);

  struct Watched {
    std::optional<std::uint64_t> image;  // hash of it
    bool came_to_be = false;
  };

  Disk& disk_;
  const Setup setup_;
  std::vector<Place> places_;
  std::map<std::uint32_t, Table> tables_;  // by number
  std::map<TableName, std::uint32_t> by_name_;
  std::uint32_t next_number_ = 0;
  std::map<std::string, std::uint64_t> others_;
  std::uint64_t records_ = 0, unreadable_ = 0;
  std::string first_unreadable_;
  bool is_other_format_ = false;

  std::unordered_map<std::string, Watched> watched_;  // by the row's key
  RecordReader reader_;
  std::unordered_map<std::string, std::string> pending_;                  // rows that are not on disk yet
  std::vector<const std::pair<const std::string, std::string>*> sorted_;  // pending_, while it is written
  std::unordered_map<std::string, Table*> by_object_;                     // null: not of the task
  Disk::Batch batch_;
  std::string key_, stored_, written_;
  base::Buffer canonical_;
};

// The key that tells rows apart, from a record's tag: the primary key, else the first unique one.
std::vector<std::string> key_of_tag(std::string_view pk_uk_info);

}  // namespace tributary::verify
