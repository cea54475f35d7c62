// Row filters. The first byte chooses the server and how the text is made: as it is, or put together of words here;
// then come values of a row, the rest is the condition. What compiles is printed, and what is printed compiles to the
// same text; both give the same verdict, or an error of the value.
#include "input.h"
#include "transform/filter/filter.h"

namespace {

using namespace tributary;
using fuzz::Input;
using fuzz::require;
using model::ColumnType;
using model::Value;
using model::ValueKind;
using transform::Dialect;
using transform::Filter;

model::TableSchema make_schema() {
  model::TableSchema schema;
  const auto add = [&](const char* name, ColumnType type, const char* collation = "") {
    model::Column& column = schema.columns.emplace_back();
    column.name = name;
    column.type = type;
    column.collation = collation;
    if (type == ColumnType::enum_ || type == ColumnType::set) column.labels = {"a", "b", "c"};
    if (type == ColumnType::decimal) {
      column.precision = 20;
      column.scale = 4;
    }
  };
  add("i", ColumnType::bigint);
  add("u", ColumnType::bigint);
  schema.columns.back().is_unsigned = true;
  add("n", ColumnType::decimal);
  add("r", ColumnType::double_);
  add("s", ColumnType::varchar, "utf8mb4_general_ci");
  add("w", ColumnType::varchar, "utf8mb4_unicode_ci");
  add("l", ColumnType::text, "latin1_swedish_ci");
  add("e", ColumnType::enum_, "utf8mb4_general_ci");
  add("k", ColumnType::set, "utf8mb4_general_ci");
  add("j", ColumnType::json);
  add("b", ColumnType::blob);
  add("d", ColumnType::date);
  add("t", ColumnType::datetime);
  add("m", ColumnType::timestamp);
  add("c", ColumnType::time);
  add("y", ColumnType::year);
  return schema;
}

// Any values that a decoder may give: texts that are not of their character set, dates that do not exist.
std::vector<Value> make_row(Input& in, const model::TableSchema& schema) {
  std::vector<Value> row;
  static const std::string_view decimals[] = {"0.0000", "-1.5000", "9999999999999999.9999", "12.3400"};
  for (const model::Column& column : schema.columns) {
    Value v;
    if (in.byte() % 8 != 0) {
      switch (column.type) {
        case ColumnType::bigint:
          v = column.is_unsigned ? Value::integer_unsigned(in.number(8))
                                 : Value::integer(static_cast<std::int64_t>(in.number(8)));
          break;
        case ColumnType::decimal:
          v = Value::of_text(ValueKind::decimal_text, decimals[in.below(4)]);
          break;
        case ColumnType::double_:
          v = Value::real(static_cast<double>(static_cast<std::int64_t>(in.number(8))) / 256);
          break;
        case ColumnType::enum_:
        case ColumnType::set:
          v = Value::integer_unsigned(in.below(9));
          break;
        case ColumnType::date:
        case ColumnType::datetime:
        case ColumnType::time:
          v.kind = column.type == ColumnType::date   ? ValueKind::date
                   : column.type == ColumnType::time ? ValueKind::time
                                                     : ValueKind::datetime;
          v.t = {.year = static_cast<std::uint16_t>(in.below(10000)),
                 .month = static_cast<std::uint8_t>(in.below(13)),
                 .day = static_cast<std::uint8_t>(in.below(32)),
                 .hour = static_cast<std::uint16_t>(in.below(column.type == ColumnType::time ? 839 : 24)),
                 .minute = static_cast<std::uint8_t>(in.below(60)),
                 .second = static_cast<std::uint8_t>(in.below(60)),
                 .micros = static_cast<std::uint32_t>(in.below(1'000'000))};
          break;
        case ColumnType::timestamp:
          v.kind = ValueKind::timestamp;
          v.i = static_cast<std::int64_t>(in.number(4));
          break;
        case ColumnType::year:
          v.kind = ValueKind::year;
          v.t.year = static_cast<std::uint16_t>(in.below(2156));
          break;
        default:
          v = Value::of_text(ValueKind::bytes, in.text(24));
      }
    }
    row.push_back(v);
  }
  return row;
}

std::string made_of_words(Input& in) {
  static const std::string_view words[] = {"(",
                                           ")",
                                           ", ",
                                           "i",
                                           "u",
                                           "n",
                                           "r",
                                           "s",
                                           "w",
                                           "l",
                                           "e",
                                           "k",
                                           "j",
                                           "b",
                                           "d",
                                           "t",
                                           "m",
                                           "c",
                                           "y",
                                           "'a'",
                                           "''",
                                           "'10'",
                                           "'2020-01-31'",
                                           "'12:30:00'",
                                           "DATE'2020-01-31'",
                                           "'%a_'",
                                           "'^a[b-d]+$'",
                                           "'$.a[0].b'",
                                           "'%Y-%m'",
                                           "0",
                                           "3",
                                           "-1",
                                           "1.5",
                                           "1e3",
                                           "0x41",
                                           "x'41'",
                                           "b'101'",
                                           "TRUE",
                                           "NULL",
                                           " = ",
                                           " <=> ",
                                           " <> ",
                                           " < ",
                                           " >= ",
                                           " + ",
                                           " - ",
                                           " * ",
                                           " / ",
                                           " DIV ",
                                           " % ",
                                           " AND ",
                                           " OR ",
                                           " XOR ",
                                           " NOT ",
                                           "!",
                                           " IN (",
                                           " BETWEEN ",
                                           " LIKE ",
                                           " ESCAPE '|'",
                                           " REGEXP ",
                                           " IS NULL",
                                           " IS NOT TRUE",
                                           " IS UNKNOWN",
                                           "CASE ",
                                           " WHEN ",
                                           " THEN ",
                                           " ELSE ",
                                           " END",
                                           "IF(",
                                           "IFNULL(",
                                           "COALESCE(",
                                           "NULLIF(",
                                           "LENGTH(",
                                           "CHAR_LENGTH(",
                                           "LOWER(",
                                           "UPPER(",
                                           "LEFT(",
                                           "RIGHT(",
                                           "SUBSTRING(",
                                           "CONCAT(",
                                           "CONCAT_WS(",
                                           "TRIM(",
                                           "TRIM(BOTH 'a' FROM ",
                                           "REPLACE(",
                                           "INSTR(",
                                           "LOCATE(",
                                           "LPAD(",
                                           "RPAD(",
                                           "REVERSE(",
                                           "HEX(",
                                           "MD5(",
                                           "CRC32(",
                                           "ABS(",
                                           "CEIL(",
                                           "FLOOR(",
                                           "ROUND(",
                                           "TRUNCATE(",
                                           "SIGN(",
                                           "GREATEST(",
                                           "LEAST(",
                                           "YEAR(",
                                           "HOUR(",
                                           "DATE(",
                                           "DATE_FORMAT(",
                                           "DAYOFWEEK(",
                                           "TO_DAYS(",
                                           "DATEDIFF(",
                                           "LAST_DAY(",
                                           "UNIX_TIMESTAMP(",
                                           "FROM_UNIXTIME(",
                                           " + INTERVAL ",
                                           " DAY",
                                           " MONTH",
                                           " SECOND",
                                           "CAST(",
                                           " AS SIGNED)",
                                           " AS CHAR(3))",
                                           " AS DECIMAL(10,2))",
                                           " AS DATE)",
                                           "JSON_UNQUOTE(JSON_EXTRACT(",
                                           " COLLATE utf8mb4_bin",
                                           "BINARY ",
                                           "FIND_IN_SET("};
  std::string condition;
  while (!in.empty() && condition.size() < 2048) condition += words[in.byte() % std::size(words)];
  return condition;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const model::TableSchema schema = make_schema();
  static constexpr Dialect servers[] = {{true, 101119}, {false, 50651}, {false, 90700}};
  static Filter::Scratch scratch, other_scratch;
  Input in(data, size);
  const std::uint8_t how = in.byte();
  const Dialect& server = servers[how % 3];
  const std::string values(in.text(200));
  const std::string condition = (how & 4) != 0 ? made_of_words(in) : std::string(in.rest());
  const auto filter = Filter::compile(condition, schema, server);
  if (!filter) {
    const std::string_view name = filter.error().info().name;
    require(name.starts_with("filter.") && name != "filter.value", "compiling gives errors of the condition", name);
    require(filter.error().where.find(':') != std::string::npos, "which name a place", filter.error().message());
    return 0;
  }
  const auto again = Filter::compile(filter->canonical(), schema, server);
  require(again.has_value() && again->canonical() == filter->canonical(), "what is printed is the same condition",
          filter->canonical());
  require(again->columns() == filter->columns(), "of the same columns", filter->canonical());
  Input row_bytes(values);
  for (int i = 0; i < 3; ++i) {
    const std::vector<Value> row = make_row(row_bytes, schema);
    const auto verdict = filter->test(row, scratch);
    const auto other = again->test(row, other_scratch);
    require(verdict.has_value() == other.has_value(), "both end alike", filter->canonical());
    if (verdict)
      require(*verdict == *other, "with the same verdict", filter->canonical());
    else
      require(verdict.error().code == base::ErrorCode::filter_value, "testing gives errors of the value",
              verdict.error().message());
  }
  return 0;
}
