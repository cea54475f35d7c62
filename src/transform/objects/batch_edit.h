// Batch edit: one change of the target names of many objects. A preview first, which changes nothing and says for each
// object the name before and after and what speaks against it; then the same list is written into the list of objects,
// as explicit names of exact entries. What was selected stays selected, and nothing else becomes so.
//
// The edit starts from the target names as they are. Errors: task.objects_bad_value for a pattern or placeholder that
// can't be taken; task.objects_conflict when a preview with conflicts is applied. Threads: functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "transform/objects/selection.h"

namespace tributary::transform {

struct BatchEdit {
  enum class How : std::uint8_t {
    prefix,   // put is set in front
    suffix,   // put is set behind
    replace,  // every `find` becomes `put`
    pattern,  // names that `find`, a regular expression, matches whole become `put`, in which {0} is the name, {n}
              // group n
  };
  enum class Of : std::uint8_t { databases, tables, columns };

  Of of = Of::tables;
  How how = How::prefix;
  std::string find, put;
};

// Which selected objects an edit is for. Names of the source; an empty list is all.
struct EditScope {
  std::vector<std::string> databases;
  std::vector<TableNames> tables;
  std::vector<std::string> columns;
};

struct Renaming {
  std::string database, table, column;  // of the source; the last ones are empty for databases and tables
  std::string before, after;
  std::string conflict;  // empty: none

  bool operator==(const Renaming&) const = default;
};

// Only names that change. The selection has to be the rules' own, of this catalogue.
base::Result<std::vector<Renaming>> preview(const ObjectRules& rules, const Catalogue& catalogue,
                                            const Selection& selection, const BatchEdit& edit,
                                            const EditScope& scope = {});

// The rules' list with the new names.
base::Result<ObjectList> apply_renamings(const ObjectRules& rules, const std::vector<Renaming>& renamings);

}  // namespace tributary::transform
