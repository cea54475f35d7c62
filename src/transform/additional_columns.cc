#include "transform/additional_columns.h"

#include <fmt/format.h>
#include <strings.h>

#include <memory>
#include <utility>

namespace tributary::transform {

using model::ColumnType;
using model::Operation;
using model::Value;

namespace {

struct Kind {
  Fact fact;
  std::string_view name;
  std::string_view dts_name;  // empty: DTS has none
  ColumnType type;
  std::uint32_t length;  // of texts
};

constexpr std::uint32_t name_length_max = 64;
constexpr std::uint32_t address_length_max = 320;

constexpr Kind kinds[] = {
    {Fact::record_id, "record_id", "dts_record_id", ColumnType::bigint, 0},
    {Fact::instance, "instance", "dts_instance_id", ColumnType::varchar, address_length_max},
    {Fact::database, "database", "dts_db_name", ColumnType::varchar, name_length_max},
    {Fact::table, "table", "dts_table_name", ColumnType::varchar, name_length_max},
    {Fact::operation, "operation", "dts_operation_flag", ColumnType::char_, 1},
    {Fact::time, "time", "dts_utc_timestamp", ColumnType::timestamp, 0},
    {Fact::before_flag, "before_flag", "dts_before_flag", ColumnType::char_, 1},
    {Fact::after_flag, "after_flag", "dts_after_flag", ColumnType::char_, 1},
    {Fact::position, "position", "", ColumnType::varchar, 64},
};

const Kind& kind_of(Fact fact) {
  for (const Kind& kind : kinds)
    if (kind.fact == fact) return kind;
  std::unreachable();
}

model::Column column_of(const AdditionalColumn& added) {
  const Kind& kind = kind_of(added.holds);
  model::Column column;
  column.name = added.name;
  column.type = kind.type;
  column.length = kind.length;
  column.declared_type = model::to_string(kind.type);
  if (kind.length == 0) return column;
  column.charset = "utf8mb4";
  column.collation = "utf8mb4_bin";
  column.declared_type += fmt::format("({})", kind.length);
  return column;
}

Value text(std::string_view of) { return Value::of_text(model::ValueKind::bytes, of); }
Value flag(bool is) { return text(is ? "Y" : "N"); }

std::string_view letter(Operation operation) {
  switch (operation) {
    case Operation::update:
      return "U";
    case Operation::delete_:
      return "D";
    default:
      return "I";
  }
}

}  // namespace

std::string_view to_string(Fact fact) { return kind_of(fact).name; }

std::optional<Fact> fact_of(std::string_view name) {
  for (const Kind& kind : kinds)
    if (kind.name == name) return kind.fact;
  return std::nullopt;
}

std::vector<std::string_view> fact_names() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kinds) names.push_back(kind.name);
  return names;
}

std::vector<AdditionalColumn> dts_additional_columns() {
  std::vector<AdditionalColumn> columns;
  for (const Kind& kind : kinds)
    if (!kind.dts_name.empty()) columns.push_back({std::string(kind.dts_name), kind.fact});
  return columns;
}

base::Result<AdditionalValues> AdditionalValues::add_to(model::TableSchemaPtr& target,
                                                        const std::vector<AdditionalColumn>& columns,
                                                        const model::TableSchemaPtr& source) {
  AdditionalValues values;
  if (columns.empty()) return values;
  auto wide = std::make_shared<model::TableSchema>(*target);
  wide->tail.clear();
  wide->row_end.reset();
  for (const AdditionalColumn& added : columns) {
    // Column names of MySQL differ in more than case.
    for (const model::Column& column : target->columns)
      if (strcasecmp(column.name.c_str(), added.name.c_str()) == 0)
        return base::fail(base::ErrorCode::objects_conflict,
                          fmt::format("the additional column `{}` has the name of a column of the table", added.name),
                          source->database + "." + source->table);
    wide->columns.push_back(column_of(added));
    values.facts_.push_back(added.holds);
  }
  wide->version = model::schema_version(*wide);
  target = std::move(wide);
  values.source_ = source;
  return values;
}

void AdditionalValues::append(const ChangeFacts& change, bool is_after, std::vector<Value>& image) const {
  for (const Fact fact : facts_) {
    switch (fact) {
      case Fact::operation:
        image.push_back(text(letter(change.operation)));
        break;
      case Fact::time: {
        Value time = Value::integer(change.time_s);
        time.kind = model::ValueKind::timestamp;
        image.push_back(time);
        break;
      }
      case Fact::position:
        image.push_back(text(change.position));
        break;
      case Fact::instance:
        image.push_back(text(change.instance));
        break;
      case Fact::database:
        image.push_back(text(source_->database));
        break;
      case Fact::table:
        image.push_back(text(source_->table));
        break;
      case Fact::record_id:
        image.push_back(Value::integer(static_cast<std::int64_t>(change.record_id)));
        break;
      case Fact::before_flag:
        image.push_back(flag(!is_after));
        break;
      case Fact::after_flag:
        image.push_back(flag(is_after));
        break;
    }
  }
}

}  // namespace tributary::transform
