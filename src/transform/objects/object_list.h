// What a task carries, as the user said it: databases with tables with columns, each with its attributes. It is read
// from DTS's DbList JSON or its older array of migration objects and written as DbList with everything that was read,
// also attributes this program does not use.
//
//   {"shop": {"name": "store", "all": false, "dml_op": "i,u,d", "Table": {
//      "orders": {"name": "orders_v2", "all": false, "filter": "amount > 10", "column": {"id": {"name": "id"}}},
//      "log_(\\d+)": {"name": "logs_{1}", "patternType": "REGEX"}}}}
//
// Source of the format: RecursiveWhiteList of DTS's published deliver SDK. `all` is true where it is not said. This is
// the text only; what it means for a name is in rules.h.
// Errors: task.objects_syntax and task.objects_bad_value, where is line:column of the JSON. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "transform/objects/json.h"
#include "transform/objects/pattern.h"

namespace tributary::transform {

// Keys of a DbList that hold objects, in any case.
enum class ItemType : std::uint8_t {
  schema,
  database,
  table,
  column,
  view,
  synonym,
  procedure,
  function,
  type,
  rule,
  plan,
  package,
  sequence,
  domain,
  aggregate,
  operator_,
  extension,
  default_,
  job,
  scripts,
};
std::string_view to_string(ItemType type);  // Table
std::optional<ItemType> parse_item_type(std::string_view key);

enum class FilterType : std::uint8_t { white, black, gray };

inline constexpr std::uint8_t dml_insert = 1, dml_update = 2, dml_delete = 4, dml_all = 7;
// "i,u,d", "insert, delete", "none"; nothing for an empty text. Errors: task.objects_bad_value without a place.
base::Result<std::optional<std::uint8_t>> parse_dml(std::string_view text);
std::string dml_text(std::uint8_t dml);  // "i,u,d", "none"

struct ObjectGroup;

struct ObjectItem {
  std::string source;                  // the name, or the pattern
  std::vector<JsonMember> attributes;  // as written, in their order, known or not
  std::vector<ObjectGroup> groups;     // what is inside: of a database "Table", of a table "column"
  Place place;

  // What the attributes say; made of them by interpret().
  std::string target;  // empty: the source name, capitalised by the task's rule
  bool all = true;     // also what is inside without being listed
  PatternType pattern = PatternType::bare_name;
  FilterType filter_type = FilterType::white;
  std::optional<std::uint8_t> dml;  // bits; nothing: as the object around it
  std::string ddl;                  // ddl_op as written
  std::string row_filter;
  std::string message_key;
  std::string gray_name;
  bool gray_matches_prefix = false;

  const Json* attribute(std::string_view key) const;
  // Sets an attribute and what it says.
  base::Status set(std::string_view key, Json value);
  base::Status interpret();
  std::vector<ObjectItem>* items(ItemType type);  // of the first group of the type
  const std::vector<ObjectItem>* items(ItemType type) const;
  std::vector<ObjectItem>& make_items(ItemType type);  // made if there is none

  bool operator==(const ObjectItem& other) const;  // by what was written
};

struct ObjectGroup {
  std::string key;  // as written
  ItemType type = ItemType::table;
  std::vector<ObjectItem> items;

  bool operator==(const ObjectGroup&) const = default;
};

class ObjectList {
 public:
  std::vector<ObjectItem> databases;

  // Of an array: from_migration_objects.
  static base::Result<ObjectList> from_db_list(std::string_view json);
  // [{"DBName": ..., "NewDBName": ..., "AllTable": true, "TableIncludes": [...], "TableExcludes": [...]}, ...]
  static base::Result<ObjectList> from_migration_objects(std::string_view json);

  // On one line, or indented.
  std::string to_db_list(bool is_indented = false) const;

  // The same list with all that has no order in one: attributes and exact names by name, patterns behind them as given.
  ObjectList in_order() const;

  // Adds the other's objects as DTS does: what stands in both is one, `all` if either is; different target names are an
  // error (task.objects_conflict).
  base::Status merge(const ObjectList& other);

  bool operator==(const ObjectList&) const = default;
};

}  // namespace tributary::transform
