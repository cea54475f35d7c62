// Compares the source's rows with the folded topic, table by table, with everything that grows with them on disk:
//
//   g table hash identity -> mark       a row that the source has: digests of it
//   c table hash identity -> candidate  a row that may differ, to be looked at again
//   d table hash identity -> (nothing)  a row that does, to be repaired
//
// scan() marks the source's rows; join() goes through marks and folded rows side by side, both in the order of their
// hashes, and notes what does not agree as candidates. fetch() reads the candidates' rows from the source anew, and
// judge() decides. Between the two, whoever calls sees to it that the topic is read on. So a row is a difference only
// if two looks at the source agree about it, or (task_runs) the topic has passed what the source's log held behind the
// look, and told nothing of the row meanwhile: then all there was to tell had been folded before.
//
// A digest is made for each structure that the topic has for the table, of the columns both sides have.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "source/topology/topology.h"
#include "verify/fold.h"
#include "verify/report.h"
#include "verify/source_rows.h"

namespace tributary::verify {

// A logical table to be compared.
struct Target {
  std::uint32_t number = 0;  // in keys
  TableName name;
  std::optional<std::uint32_t> logical;  // of the topology; unset: the source has no such table
  bool is_keyless = false;
  bool has_many_shards = false;
  std::vector<std::string> identity;  // names of the key's columns
  std::string fields;                 // the source's structure, as RecordReader::fields
  Structure structure;
  TableResult result;
};

// How rows of one structure of the topic are compared with the source's.
struct Projection {
  struct Pair {
    std::size_t topic, source;
  };
  std::vector<Pair> columns;
  bool is_same = false;  // the structure is the source's
  static Projection make(const Structure& topic, const Structure& source);
};

class Comparison {
 public:
  using OnDifference = std::function<void(const Difference&)>;
  Comparison(Fold& fold, SourceRows& rows, std::uint32_t sample, base::CancelToken& cancel, OnDifference on_difference);

  Target make_target(std::uint32_t number, const TableName& name, const source::Topology& topology,
                     std::optional<std::uint32_t> logical) const;
  // The structures, as far as the topic tells: a difference, a note or nothing.
  void compare_structure(Target& target);

  // on_rows: rows so far.
  base::Status scan(Target& target, const std::function<void(std::uint64_t)>& on_rows);
  base::Status join(Target& target);

  base::Result<std::uint64_t> candidates(const Target& target) const;
  base::Status fetch(Target& target, const std::function<void(std::uint64_t)>& on_rows);
  struct Judging {
    bool task_runs = false;
    bool has_passed = false;  // task_runs: the topic is behind the log ends noted after fetch()
    bool keep_for_repair = false;
  };
  base::Status judge(Target& target, const Judging& judging);
  // What is left can't be told.
  base::Status give_up(Target& target);

  // Of a table without a key: how many rows differ in number and may be changing, since the topic told of them behind
  // `before`, where it was when the scan began. all_change: whatever differs may. is_last: what differs is told.
  base::Result<std::uint64_t> join_keyless(Target& target, const std::vector<Place>& before, bool task_runs,
                                           bool all_change, bool is_last);

  // The rows to be repaired become candidates again, and are counted no longer.
  base::Status reopen_repaired(Target& target);
  base::Status clear();  // of marks and candidates

  static std::string key_of(char kind, std::uint32_t number);

 private:
  struct Candidate;
  bool is_sampled(std::string_view row_key) const;  // hash first
  std::uint64_t digest(const std::vector<std::string_view>& values, const Projection& projection, bool of_topic);
  std::vector<Projection> projections(const Target& target) const;
  base::Status scan_row(const Target& target, const std::vector<Projection>& known, const SourceRows::Row& row);
  bool is_there(const Target& target, const TableFold* table, const RowState& state, bool equal) const;
  base::Status fetch_batch(Target& target, const TableFold* table, std::vector<std::string>& keys,
                           std::vector<Candidate>& known);
  void tell(Target& target, const Candidate& candidate, const TableFold* table, const RowState* state,
            std::string_view identity, bool is_row_there);

  Fold& fold_;
  Disk& disk_;
  SourceRows& rows_;
  const std::uint64_t sample_end_;  // hashes from here on are out of the sample; 0: none is
  base::CancelToken& cancel_;
  const OnDifference on_difference_;
  Disk::Batch batch_;
  base::Buffer canonical_;
  std::string key_, value_, stored_;
};

// Of a row with the target's structure, in `canonical`.
std::string_view identity_of(const Target& target, const std::vector<std::string_view>& values,
                             base::Buffer& canonical);
// What DTS calls a column's type by its number.
std::string type_name(std::int32_t data_type_number);
std::optional<std::string> value_text(std::string_view value);
// The columns that differ between an image of the topic and one of the source.
std::vector<ValuePair> differing_columns(const Structure& topic, const std::vector<std::string_view>& topic_values,
                                         const Structure& source, const std::vector<std::string_view>& source_values);
void describe_record(const RowState& state, const std::vector<Place>& places, Difference& to);

}  // namespace tributary::verify
