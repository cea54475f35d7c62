// The rules applied to what a source has: which tables are carried, under which names, with which columns, and what is
// not carried and why. Done before anything is read, so that a task does not start with names that clash, columns that
// are not there, or tables whose rows could not be told apart.
//
// A key column (TableSchema::identity) that is not selected is refused: order, keys of records and verification rest on
// it. Hidden key columns are kept under their own name, whatever is selected; they are never columns of the user.
// Errors: source.database_missing, source.table_missing, source.column_missing for names that stand in the list without
// a pattern; task.objects_conflict names both objects; task.objects_key_left_out. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "transform/objects/rules.h"

namespace tributary::transform {

struct Catalogue {
  struct Other {
    std::string name, kind;  // "view", "trigger", "procedure", "function", "event"; "table": there, but not looked at
  };
  struct Database {
    std::string name;
    std::vector<model::TableSchemaPtr> tables;  // columns may be missing: then columns are not looked at
    std::vector<Other> others;
  };
  std::vector<Database> databases;
};

struct TableRule {
  std::string database, table;  // at the source
  TableNames target;
  std::vector<std::optional<std::string>> columns;  // for each column of the source: its target name, or dropped
  TableOptions options;
};

struct LeftOut {
  std::string database, name, kind, reason;
};

struct Selection {
  std::vector<TableRule> tables;      // in the catalogue's order
  std::vector<LeftOut> left_out;      // what is no table; tables nobody selected are not in it
  std::vector<std::string> warnings;  // tables without a key, rules that select nothing
};

// Names of the list that may be missing at the source all the same: a task that goes on, whose tables may be gone.
enum class Missing : std::uint8_t { is_error, is_warning };

base::Result<Selection> resolve(const ObjectRules& rules, const Catalogue& catalogue,
                                Missing missing = Missing::is_error);

// The rule for one table as it is; nothing if it is not carried. For tables and structures that come later.
base::Result<std::optional<TableRule>> rule_for(const ObjectRules& rules, const model::TableSchema& source);

// A table as its records show it.
struct MappedSchema {
  model::TableSchemaPtr target;  // names mapped; unique keys with a dropped column are gone; without row image's tail
  std::vector<std::uint32_t> from;  // column i of target is column from[i] of the source
  bool is_same = false;             // target is the source's own: nothing has to be done to rows
};

// The rule has to be made for this structure. `source` is kept if nothing is different.
base::Result<MappedSchema> map_schema(const TableRule& rule, const model::TableSchemaPtr& source);

}  // namespace tributary::transform
