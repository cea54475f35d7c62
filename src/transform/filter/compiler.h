// From a condition's syntax to nodes with types. One file for operators and columns, one for comparisons, one for
// functions. Threads: one at a time.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "transform/filter/program.h"
#include "transform/filter/syntax.h"

namespace tributary::transform::filter {

class Compiler {
 public:
  Compiler(std::string_view condition, const model::TableSchema& schema, const Dialect& dialect)
      : condition_(condition), schema_(schema), dialect_(dialect) {}

  base::Result<NodePtr> compile(Syntax& syntax);  // writes the table's own names into column parts
  base::Status has_number(const Node& node) const;
  base::Status truth_value(const Node& node) const;  // can it be asked whether it is true
  const std::set<std::uint32_t>& columns() const { return columns_; }

 private:
  using Made = base::Result<NodePtr>;

  base::Error unsupported(std::string what, std::uint32_t offset) const;
  bool is_old() const { return !dialect_.is_mariadb && dialect_.version < 80000; }  // MySQL up to 5.7
  bool is_mysql8() const { return !dialect_.is_mariadb && dialect_.version >= 80000; }
  // Quotients keep digits beyond their scale (MySQL before 8.0.x, MariaDB).
  bool has_loose_quotients() const { return !is_mysql8(); }

  // compile.cc
  Made column(Syntax& syntax);
  Made literal(const Syntax& syntax);
  Made unary(Syntax& syntax);
  Made arithmetic(Syntax& syntax);
  Made logic(Syntax& syntax);
  Made case_of(Syntax& syntax);
  base::Result<std::vector<NodePtr>> all(Syntax& syntax, std::size_t from = 0);
  NodePtr make(Operation operation, Kind kind, std::uint32_t offset) const;
  NodePtr boolean(Operation operation, std::uint32_t offset) const;
  // What numbers an operand of an operator gives: its type as a number.
  base::Result<Type> as_number(const Node& node) const;
  base::Status fits(const Type& decimal, std::uint32_t offset) const;

  // compile_compare.cc
  Made comparison(Syntax& syntax);
  Made in_list(Syntax& syntax);
  Made between(Syntax& syntax);
  Made like(Syntax& syntax);
  Made regexp(Syntax& syntax);
  // Decides how two values are compared; literals are turned into what the other side is.
  base::Result<Comparison> compare_by(NodePtr& a, NodePtr& b, const Collation** collation);
  bool is_beyond_timestamps(const Node& column, std::int64_t literal) const;
  base::Result<Comparison> compare_temporal(NodePtr& temporal, NodePtr& other);
  base::Status check_year(const Node& a, const Node& b) const;
  base::Status check_real(const Node& a, const Node& b) const;
  static unsigned fixed_digits(const Node& a, const Node& b);
  base::Status check_signs(const Node& a, const Node& b, std::string_view what, bool is_mixed = false) const;
  // The collation of texts together; turns literals into its character set.
  base::Result<Type> text_type(std::span<NodePtr* const> texts, std::uint32_t offset, std::string_view what);
  base::Result<Type> text_type(std::vector<NodePtr>& texts, std::uint32_t offset, std::string_view what);
  // Numbers and dates as text.
  base::Status textual(NodePtr& node, std::string_view what);
  // The one type of several results.
  base::Result<Type> common_type(std::vector<NodePtr*> results, std::uint32_t offset, std::string_view what);

  // compile_call.cc
  Made call(Syntax& syntax);
  Made json_text(Syntax& syntax);
  Made call_text(Syntax& syntax, std::vector<NodePtr> args);
  Made call_number(Syntax& syntax, std::vector<NodePtr> args);
  Made call_time(Syntax& syntax, std::vector<NodePtr> args);
  Made call_choice(Syntax& syntax, std::vector<NodePtr> args);
  Made cast(Syntax& syntax, NodePtr arg);
  Made date_add(Syntax& syntax, std::vector<NodePtr> args);
  base::Status count_is(const Syntax& syntax, std::size_t least, std::size_t most) const;
  base::Status integral(const Node& node, std::string_view what) const;
  base::Status dated(NodePtr& node, std::string_view what, bool takes_time = false);

  std::string_view condition_;
  const model::TableSchema& schema_;
  const Dialect& dialect_;
  std::set<std::uint32_t> columns_;
};

}  // namespace tributary::transform::filter
