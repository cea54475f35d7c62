#include "model/record.h"
#include "model/schema.h"

namespace tributary::model {

std::string_view to_string(Operation operation) {
  switch (operation) {
    case Operation::insert:
      return "INSERT";
    case Operation::update:
      return "UPDATE";
    case Operation::delete_:
      return "DELETE";
    case Operation::ddl:
      return "DDL";
    case Operation::begin:
      return "BEGIN";
    case Operation::commit:
      return "COMMIT";
    case Operation::heartbeat:
      return "HEARTBEAT";
    case Operation::init:
      return "INIT";
  }
  return "?";
}

std::string_view to_string(ColumnType type) {
  switch (type) {
    case ColumnType::tinyint:
      return "tinyint";
    case ColumnType::smallint:
      return "smallint";
    case ColumnType::mediumint:
      return "mediumint";
    case ColumnType::int_:
      return "int";
    case ColumnType::bigint:
      return "bigint";
    case ColumnType::decimal:
      return "decimal";
    case ColumnType::float_:
      return "float";
    case ColumnType::double_:
      return "double";
    case ColumnType::bit:
      return "bit";
    case ColumnType::year:
      return "year";
    case ColumnType::date:
      return "date";
    case ColumnType::time:
      return "time";
    case ColumnType::datetime:
      return "datetime";
    case ColumnType::timestamp:
      return "timestamp";
    case ColumnType::char_:
      return "char";
    case ColumnType::varchar:
      return "varchar";
    case ColumnType::tinytext:
      return "tinytext";
    case ColumnType::text:
      return "text";
    case ColumnType::mediumtext:
      return "mediumtext";
    case ColumnType::longtext:
      return "longtext";
    case ColumnType::binary:
      return "binary";
    case ColumnType::varbinary:
      return "varbinary";
    case ColumnType::tinyblob:
      return "tinyblob";
    case ColumnType::blob:
      return "blob";
    case ColumnType::mediumblob:
      return "mediumblob";
    case ColumnType::longblob:
      return "longblob";
    case ColumnType::enum_:
      return "enum";
    case ColumnType::set:
      return "set";
    case ColumnType::json:
      return "json";
    case ColumnType::geometry:
      return "geometry";
    case ColumnType::vector:
      return "vector";
    case ColumnType::uuid:
      return "uuid";
    case ColumnType::inet4:
      return "inet4";
    case ColumnType::inet6:
      return "inet6";
  }
  return "?";
}

}  // namespace tributary::model
