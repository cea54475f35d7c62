// What a verification tells: how far it is, each difference, and the sums. Values are text as `tributary tail` shows
// them; unset for NULL. Threads: values; handlers are called from the verifying thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tributary::verify {

enum class DifferenceKind : std::uint8_t {
  changed,       // both have the row, values differ
  missing,       // the topic's last word is that there is no such row, or there is no word
  extra,         // the topic has a row that the source has not
  out_of_order,  // the topic leaves the row in a state that is older than another one in it
  structure,     // columns differ
};
std::string_view to_string(DifferenceKind kind);

struct ValuePair {
  std::string column;
  std::optional<std::string> source, topic;
};
struct NamedValue {
  std::string column;
  std::optional<std::string> value;
};

struct Difference {
  DifferenceKind kind = DifferenceKind::changed;
  std::string database, table;
  std::vector<NamedValue> key;     // of a table without a key: the row
  std::vector<ValuePair> columns;  // that differ; of a structure: names and types
  bool has_record = false;         // the topic has a record of the row
  std::string topic, operation, position;
  std::int32_t partition = 0;
  std::int64_t offset = 0, id = 0;
  std::int64_t source_copies = 1, topic_copies = 1;  // of a table without a key
  bool is_old_structure = false;                     // the record is from before the table's present structure
};

struct TableResult {
  std::string database, table;
  std::uint64_t source_rows = 0, topic_rows = 0;  // compared
  std::uint64_t equal = 0, changed = 0, missing = 0, extra = 0, out_of_order = 0;
  std::uint64_t still_changing = 0;  // could not be told while the task ran
  std::uint64_t old_structure = 0;   // of `equal`: compared on the columns both sides have
  std::uint64_t left_out = 0;        // rows of the source that the task does not send as they are now; not compared
  std::uint64_t repeats = 0, records = 0, late = 0;
  bool structure_differs = false;
  bool is_keyless = false;
  std::vector<std::string> notes;  // what could not be compared, and why

  std::uint64_t differ() const { return changed + missing + extra + out_of_order; }
};

// An instance whose log goes on behind what the task has delivered.
struct Behind {
  std::string instance, delivered_to, log_end;
};

struct Summary {
  std::vector<TableResult> tables;
  std::vector<Behind> behind;
  std::vector<std::pair<std::string, std::uint64_t>> others;  // records of tables that are not the task's
  std::vector<std::string> warnings;
  bool went_on = false;  // from what was folded before
  bool task_runs = false;
  std::uint32_t sample = 100;        // percent
  std::uint64_t records_folded = 0;  // this time
  std::uint64_t rows_compared = 0;
  std::uint64_t repaired = 0;  // records sent
  std::int64_t folding_ms = 0, comparing_ms = 0, elapsed_ms = 0;

  std::uint64_t differences() const;
};

struct Progress {
  enum class Phase : std::uint8_t { starting, folding, comparing, rechecking, repairing } phase = Phase::starting;
  std::string table;  // being compared
  std::uint64_t done = 0,
                total = 0;  // records, rows (an estimate) or rows left to be looked at again; total 0: unknown
  std::int64_t elapsed_ms = 0;
};
std::string_view to_string(Progress::Phase phase);

struct Handlers {
  std::function<void(const Progress&)> on_progress;      // about twice a second
  std::function<void(const Difference&)> on_difference;  // after a repair: what is left
};

}  // namespace tributary::verify
