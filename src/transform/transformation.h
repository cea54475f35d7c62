// What a task does to rows on their way, table by table. Threads: a value; plan() by any number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/schema.h"
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
  Scripts scripts;

  base::Result<TablePlan> plan(const model::TableSchemaPtr& source) const {
    return TablePlan::make(source, scripts.of(source->database, source->table), scripts.policy);
  }
};

}  // namespace tributary::transform
