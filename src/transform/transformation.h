// What a task carries, under which names, and what it does to rows on their way: table by table.
// Errors: task.objects_*, source.*_missing of names that are listed, etl.*. Threads: a value; any number may ask.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
#include "transform/additional_columns.h"
#include "transform/objects/rules.h"
#include "transform/objects/selection.h"
#include "transform/table_plan.h"

namespace tributary::transform {

// Which ETL script a table has: that of its exact name, else of the first pattern that it matches, else the task's.
struct Scripts {
  struct OfTables {
    std::string tables;  // database.table at the source (logical), or a pattern of fnmatch(3)
    std::string text;    // empty: no script
  };
  std::string text;  // of all other tables; empty: none
  std::vector<OfTables> tables;
  etl::ErrorPolicy policy = etl::ErrorPolicy::stop;

  bool empty() const { return text.empty() && tables.empty(); }
  std::string_view of(std::string_view database, std::string_view table) const;
};

struct Transformation {
  std::optional<ObjectRules> rules;  // unset: all that is selected, under its own names
  Scripts scripts;
  std::vector<AdditionalColumn> additional_columns;

  bool carries(std::string_view database, std::string_view table) const;
  // The names under which a table leaves; its own if it is not carried.
  TableNames names(std::string_view database, std::string_view table) const;
  std::string database_name(std::string_view database) const;
  // Of a table that is carried.
  base::Result<TablePlan> plan(const model::TableSchemaPtr& source, const Dialect& server) const;
  // What can be wrong with all of them together: names that are listed and not there (unless they may be missing), two
  // tables under one name. Gives warnings.
  base::Result<std::vector<std::string>> check(const std::vector<model::TableSchemaPtr>& tables, Missing missing) const;
};

}  // namespace tributary::transform
