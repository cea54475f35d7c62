// The WHERE condition of a table, as its user wrote it: the text goes into the snapshot's SELECT, and the same
// condition is tested here on rows of the binlog. Both give the same verdict for every row; what can't be evaluated
// exactly as the server does it is refused when compiled, by its name (docs/filters.md says what and why).
//
// The sessions that read have sql_mode '', time_zone '+00:00' and what filter_session says.
// Errors: filter_syntax, filter_unknown_column, filter_unsupported from compile(), each with line:column of the
// condition; filter_value from test(), for a row at which the server gives an error, too (numbers out of range).
// Threads: a Filter is immutable and may be shared; a Scratch is for one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "model/value.h"

namespace tributary::transform {

// What a session must have SET before a condition is part of its SELECT: texts made of numbers, names of months and
// quotients depend on it, and `id IS NULL` can mean something else.
inline constexpr std::string_view filter_session =
    "SET SESSION collation_connection = 'utf8mb4_general_ci', div_precision_increment = 4, lc_time_names = 'en_US', "
    "sql_auto_is_null = 0";

// Of the server that answers the SELECT.
struct Dialect {
  bool is_mariadb = false;
  std::uint32_t version = 80000;  // 50651, 80034, 101119
};

namespace filter {
class Arena;
struct Program;
}  // namespace filter

class Filter {
 public:
  enum class Verdict : std::uint8_t { no, yes, unknown };  // only yes keeps the row

  // Room for the texts of one row, kept from row to row.
  class Scratch {
   public:
    Scratch();
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(Scratch&&) noexcept;
    ~Scratch();

   private:
    friend class Filter;
    std::unique_ptr<filter::Arena> arena_;
  };

  static base::Result<Filter> compile(std::string_view condition, const model::TableSchema& schema,
                                      const Dialect& server);

  // One value per column of the schema. No allocation once the scratch has grown to what the condition needs.
  base::Result<Verdict> test(std::span<const model::Value> row, Scratch& scratch) const;

  // In parentheses, to be put behind WHERE or AND: parsed whole, without comments.
  const std::string& sql() const;
  // The same condition with all its parentheses, names as the table has them; compiles to the same program.
  const std::string& canonical() const;
  // Indexes into the schema's columns, rising.
  const std::vector<std::uint32_t>& columns() const;

 private:
  explicit Filter(std::shared_ptr<const filter::Program> program);
  std::shared_ptr<const filter::Program> program_;
};

}  // namespace tributary::transform
