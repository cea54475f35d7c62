// What a list of objects means for a name: is it carried, and under which name.
//
// As DTS does it (RecursiveWhiteList of its deliver SDK): at each level the exact name comes first, then the patterns
// in their order, BLACK ones before all others. Each way from database to table to column is followed until one
// decides:
//   WHITE at the end of the way        carried
//   BLACK                              with all: not carried, nor anything in it; else the next way is tried
//   GRAY anywhere on the way           as the gray name (grayName with {n} filled) decides in its place
//   nothing listed there               carried if what is around it has all, else the next way is tried
// Nothing decides: not carried. The target name comes from the first way (BLACK patterns left out): the name given
// there, of a pattern with {n} filled, else the source name in the task's capitalisation. A bare name's target is taken
// as it is. The keyword {grayNameMapped} stands for the gray name's own target, any other keyword for itself.
//
// Exact names are found by hash. Names are case-sensitive. Errors of compile(): task.objects_bad_value with
// line:column. Threads: immutable.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "transform/objects/names.h"
#include "transform/objects/object_list.h"

namespace tributary::transform {

// The first that are empty end it: {shop}, {shop, orders}, {shop, orders, id}.
struct ObjectName {
  std::string_view database, table, column;
};

struct TableNames {
  std::string database, table;

  bool operator==(const TableNames&) const = default;
};

// What the row path and the statements need to know of a table beside names.
struct TableOptions {
  std::uint8_t dml = dml_all;
  std::string ddl, row_filter, message_key;
  bool message_key_is_its_own = false;  // else it is the database's
};

class ObjectRules {
 public:
  static base::Result<ObjectRules> compile(ObjectList list, Capitalization capitalization = Capitalization::default_);

  const ObjectList& list() const;
  Capitalization capitalization() const;

  // Errors: task.objects_bad_value for gray names that lead round in a circle.
  base::Result<bool> carries(const ObjectName& name) const;
  // The last part's name at the destination, whether it is carried or not.
  base::Result<std::string> target(const ObjectName& name) const;
  // Of a table that is carried, there already or created later.
  base::Result<std::optional<TableNames>> covers(std::string_view database, std::string_view table) const;
  // dml_op: the table's, else its database's.
  TableOptions options(std::string_view database, std::string_view table) const;
  // Of a table that is carried: true says that all its columns are, under their own names (in the task's
  // capitalisation), without asking for each; false that they have to be asked for.
  bool takes_all_columns(std::string_view database, std::string_view table) const;

  // The items the target name comes from; null where none matches.
  struct Items {
    const ObjectItem* database = nullptr;
    const ObjectItem* table = nullptr;
    const ObjectItem* column = nullptr;
  };
  Items items(const ObjectName& name) const;

 private:
  struct Compiled;
  struct Node;
  class Walk;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace tributary::transform
