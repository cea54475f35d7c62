// An ETL script compiled for one table: runs on changes between source and encoder.
// The language and what it does to a row: docs/etl.md. Source of names: DTS, "Configure ETL in a data migration task".
//
// A script runs once per image, each with its own values, so that an UPDATE is changed on both sides. Whether the
// change is sent is decided by the image that holds: the after image, or the before image of a DELETE; e_drop and
// e_keep in the other image of an UPDATE do nothing.
//
// Errors: compile gives etl.syntax, etl.unknown_function, etl.unknown_column, etl.type, etl.unsupported, with
// line:column in `where`; run gives etl.value under ErrorPolicy::stop, data.schema_mismatch for a row of another table.
// Threads: a program is immutable and shared by any number; a scratch serves one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "model/record.h"
#include "model/schema.h"
#include "model/value.h"
#include "transform/etl/arena.h"

namespace tributary::transform::etl {

// What becomes of a row on which the script fails (a text that is no number, an overflow).
enum class ErrorPolicy : std::uint8_t {
  stop,  // an error
  skip,  // the record is not sent
  null,  // the expression that failed is NULL
};

struct Change {
  model::Operation operation = model::Operation::insert;  // insert, update, delete_, init
  std::int64_t commit_s = 0;                              // since the epoch
  std::uint32_t commit_micros = 0;
  // In the order of the source's columns, hidden ones too. Empty: there is no such image.
  std::span<const model::Value> before, after;
};

struct Outcome {
  enum class Verdict : std::uint8_t { kept, dropped, skipped };  // skipped: by ErrorPolicy::skip
  Verdict verdict = Verdict::kept;
  std::uint32_t nulls = 0;  // expressions set to NULL by ErrorPolicy::null
};

struct Failure {
  std::uint32_t node = 0;
  std::string text;
};

// What a run needs besides the program; keep it for the next one.
struct Scratch {
  Arena arena;
  Failure failure;
};

struct Plan;

class EtlProgram {
 public:
  struct Options {
    ErrorPolicy policy = ErrorPolicy::stop;
    const base::Clock* clock = &base::SystemClock::instance();  // of dt_now; has to outlive the program
  };
  static base::Result<EtlProgram> compile(std::string_view script, const model::TableSchema& schema, Options options);

  // The table's structure as the records have it: the source's columns and behind them those that the script adds.
  const model::TableSchemaPtr& output() const;
  // The columns of the source whose values it may change.
  std::vector<std::uint32_t> changed_columns() const;
  // The script in its one form; compiles to the same program.
  const std::string& text() const;

  // before_out and after_out get the images as they leave, empty where there is none and when the change is not kept.
  // Their values borrow from the change and from the scratch, until its next use.
  base::Result<Outcome> run(const Change& change, Scratch& scratch, std::vector<model::Value>& before_out,
                            std::vector<model::Value>& after_out) const;

 private:
  explicit EtlProgram(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}
  std::shared_ptr<const Plan> plan_;
};

// A column that a script names, in the order of the text.
struct NamedColumn {
  std::string name;
  bool is_set = false;  // by e_set; else read
  std::string place;    // line:column
};

// Reads a script without a table: its grammar, the names of functions and the numbers of their arguments.
base::Result<std::vector<NamedColumn>> check_syntax(std::string_view script);

struct FunctionText {
  std::string_view name, group, signature, text;
};
// All functions, for documentation.
std::vector<FunctionText> describe_functions();

}  // namespace tributary::transform::etl
