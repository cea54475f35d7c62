#include "front/load_wide.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace tributary::lab {

namespace {

std::string hex(Random& random, std::uint64_t bytes) {
  std::string out = "x'";
  for (std::uint64_t i = 0; i < bytes; ++i) out += fmt::format("{:02x}", random.below(256));
  return out + "'";
}

std::string text(Random& random, std::uint64_t length) {
  static constexpr std::array<std::string_view, 8> pieces = {"a", "Z", "é", "漢", "🎈", " ", "\\'", "\\\\"};
  std::string out = "'";
  for (std::uint64_t i = 0; i < length; ++i) out += pieces[random.below(pieces.size())];
  return out + "'";
}

std::string ascii(Random& random, std::uint64_t length) {
  std::string out = "'";
  for (std::uint64_t i = 0; i < length; ++i) out += static_cast<char>('a' + random.below(26));
  return out + "'";
}

std::string date(Random& random) {
  return fmt::format("{:04}-{:02}-{:02}", random.between(1000, 9999), random.between(1, 12), random.between(1, 28));
}
std::string clock_time(Random& random) {
  return fmt::format("{:02}:{:02}:{:02}", random.between(0, 23), random.between(0, 59), random.between(0, 59));
}
std::string timestamp(Random& random) {
  return fmt::format("{:04}-{:02}-{:02} {}", random.between(1971, 2037), random.between(1, 12), random.between(1, 28),
                     clock_time(random));
}
std::string micros(Random& random) { return fmt::format("{:06}", random.below(1000000)); }

// A column with its edge values by row: smallest, largest, zero or empty, hard. Row 5 is all NULL, row 6 all defaults'
// opposites.
struct Wide {
  std::string_view name, type;
  std::array<std::string_view, 4> edges;
  std::string (*value)(Random&);
  bool json = false;
};

template <std::int64_t low, std::int64_t high>
std::string integer(Random& random) {
  // Small values are the usual ones.
  const std::int64_t bound = random.chance(50) ? 100 : high;
  return std::to_string(random.between(low < 0 ? -std::min(bound, -low) : 0, std::min(bound, high)));
}

constexpr std::int64_t max64 = INT64_MAX / 2;

const Wide columns[] = {
    {"c_tinyint", "TINYINT", {"-128", "127", "0", "-1"}, integer<-128, 127>},
    {"c_tinyint_u", "TINYINT UNSIGNED", {"0", "255", "0", "128"}, integer<0, 255>},
    {"c_bool", "TINYINT(1)", {"0", "1", "0", "-1"}, integer<0, 1>},
    {"c_smallint", "SMALLINT", {"-32768", "32767", "0", "-1"}, integer<-32768, 32767>},
    {"c_smallint_u", "SMALLINT UNSIGNED", {"0", "65535", "0", "32768"}, integer<0, 65535>},
    {"c_mediumint", "MEDIUMINT", {"-8388608", "8388607", "0", "-1"}, integer<-8388608, 8388607>},
    {"c_mediumint_u", "MEDIUMINT UNSIGNED", {"0", "16777215", "0", "8388608"}, integer<0, 16777215>},
    {"c_int", "INT", {"-2147483648", "2147483647", "0", "-1"}, integer<-2147483648LL, 2147483647>},
    {"c_int_u", "INT UNSIGNED", {"0", "4294967295", "0", "2147483648"}, integer<0, 4294967295LL>},
    {"c_bigint", "BIGINT", {"-9223372036854775808", "9223372036854775807", "0", "-1"}, integer<-max64, max64>},
    {"c_bigint_u", "BIGINT UNSIGNED", {"0", "18446744073709551615", "0", "9223372036854775808"}, integer<0, max64>},
    {"c_bit1", "BIT(1)", {"b'0'", "b'1'", "b'0'", "b'1'"}, [](Random& r) { return fmt::format("b'{}'", r.below(2)); }},
    {"c_bit10",
     "BIT(10)",
     {"b'0'", "b'1111111111'", "b'0'", "b'1000000001'"},
     [](Random& r) { return fmt::format("{}", r.below(1024)); }},
    {"c_bit64",
     "BIT(64)",
     {"b'0'", "18446744073709551615", "b'0'", "9223372036854775808"},
     [](Random& r) { return fmt::format("{}", r.next()); }},
    {"c_decimal",
     "DECIMAL(10,2)",
     {"-99999999.99", "99999999.99", "0.00", "-0.01"},
     [](Random& r) { return fmt::format("{}.{:02}", r.between(-9999999, 9999999), r.below(100)); }},
    {"c_decimal_big",
     "DECIMAL(65,30)",
     {"-99999999999999999999999999999999999.999999999999999999999999999999",
      "99999999999999999999999999999999999.999999999999999999999999999999", "0", "0.000000000000000000000000000001"},
     [](Random& r) { return fmt::format("{}{}.{:030}", r.chance(50) ? "-" : "", r.next(), r.next()); }},
    {"c_decimal_u",
     "DECIMAL(20,0) UNSIGNED",
     {"0", "99999999999999999999", "0", "1"},
     [](Random& r) { return fmt::format("{}", r.next()); }},
    {"c_float",
     "FLOAT",
     {"-3.40282e38", "3.40282e38", "0", "1.17549e-38"},
     [](Random& r) { return fmt::format("{}.{:02}", r.between(-999, 999), r.below(100)); }},
    {"c_double",
     "DOUBLE",
     {"-1.7976931348623157e308", "1.7976931348623157e308", "0", "2.2250738585072014e-308"},
     [](Random& r) { return fmt::format("{}.{}e{}", r.between(-9, 9), r.below(1000000000000), r.between(-30, 30)); }},
    {"c_year",
     "YEAR",
     {"1901", "2155", "0", "2000"},
     [](Random& r) { return fmt::format("{}", r.between(1901, 2155)); }},
    {"c_date",
     "DATE",
     {"'1000-01-01'", "'9999-12-31'", "'0000-00-00'", "'2024-02-29'"},
     [](Random& r) { return "'" + date(r) + "'"; }},
    {"c_time",
     "TIME",
     {"'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'"},
     [](Random& r) { return "'" + clock_time(r) + "'"; }},
    {"c_time6",
     "TIME(6)",
     {"'-838:59:58.999999'", "'838:59:58.999999'", "'00:00:00'", "'-00:00:00.000001'"},
     [](Random& r) { return fmt::format("'{}{}.{}'", r.chance(20) ? "-" : "", clock_time(r), micros(r)); }},
    {"c_datetime",
     "DATETIME",
     {"'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'", "'0000-00-00 00:00:00'", "'2024-02-29 23:59:59'"},
     [](Random& r) { return fmt::format("'{} {}'", date(r), clock_time(r)); }},
    {"c_datetime3",
     "DATETIME(3)",
     {"'1000-01-01 00:00:00.001'", "'9999-12-31 23:59:59.999'", "'0000-00-00 00:00:00'", "'2024-02-29 00:00:00.100'"},
     [](Random& r) { return fmt::format("'{} {}.{:03}'", date(r), clock_time(r), r.below(1000)); }},
    {"c_datetime6",
     "DATETIME(6)",
     {"'1000-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'", "'0000-00-00 00:00:00'",
      "'2024-02-29 00:00:00.000010'"},
     [](Random& r) { return fmt::format("'{} {}.{}'", date(r), clock_time(r), micros(r)); }},
    {"c_timestamp",
     "TIMESTAMP NULL",
     {"'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'0000-00-00 00:00:00'", "'2000-01-01 00:00:00'"},
     [](Random& r) { return "'" + timestamp(r) + "'"; }},
    {"c_timestamp6",
     "TIMESTAMP(6) NULL",
     {"'1970-01-01 00:00:01.000001'", "'2038-01-19 03:14:07.999999'", "'0000-00-00 00:00:00'",
      "'2000-01-01 00:00:00.5'"},
     [](Random& r) { return fmt::format("'{}.{}'", timestamp(r), micros(r)); }},
    {"c_char",
     "CHAR(20)",
     {"''", "'zzzzzzzzzzzzzzzzzzzz'", "''", "'é漢🎈'"},
     [](Random& r) { return ascii(r, r.below(21)); }},
    {"c_varchar",
     "VARCHAR(200)",
     {"''", "'long enough: 0123456789012345678901234567890123456789'", "' '",
      "'quote \\' back \\\\ tab \\t line \\n nul \\0 end'"},
     [](Random& r) { return text(r, r.below(60)); }},
    {"c_varchar_bin",
     "VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
     {"''", "'Ä'", "'ä'", "'🎈🎈'"},
     [](Random& r) { return text(r, r.below(20)); }},
    {"c_varchar_latin1",
     "VARCHAR(60) CHARACTER SET latin1",
     {"''", "'ÿ'", "'é'", "'Straße'"},
     [](Random& r) { return ascii(r, r.below(30)); }},
    {"c_varchar_gbk",
     "VARCHAR(60) CHARACTER SET gbk",
     {"''", "'漢字'", "'a'", "'北京'"},
     [](Random& r) { return ascii(r, r.below(30)); }},
    {"c_binary",
     "BINARY(8)",
     {"x'0000000000000000'", "x'ffffffffffffffff'", "''", "x'00ff'"},
     [](Random& r) { return hex(r, r.below(9)); }},
    {"c_varbinary",
     "VARBINARY(300)",
     {"''", "x'ff00ff'", "x'00'", "x'c328'"},
     [](Random& r) { return hex(r, r.below(40)); }},
    {"c_tinytext", "TINYTEXT", {"''", "'t'", "' '", "'é'"}, [](Random& r) { return text(r, r.below(30)); }},
    {"c_text", "TEXT", {"''", "'t'", "' '", "'漢'"}, [](Random& r) { return text(r, r.below(100)); }},
    {"c_mediumtext", "MEDIUMTEXT", {"''", "'t'", "' '", "'🎈'"}, [](Random& r) { return text(r, r.below(100)); }},
    {"c_longtext",
     "LONGTEXT",
     {"''", "'t'", "' '", "REPEAT('long 漢 ', 20000)"},
     [](Random& r) { return text(r, r.below(200)); }},
    {"c_tinyblob", "TINYBLOB", {"''", "x'ff'", "x'00'", "x'0d0a1a'"}, [](Random& r) { return hex(r, r.below(30)); }},
    {"c_blob", "BLOB", {"''", "x'ff'", "x'00'", "x'275c00'"}, [](Random& r) { return hex(r, r.below(100)); }},
    {"c_mediumblob", "MEDIUMBLOB", {"''", "x'ff'", "x'00'", "x'80'"}, [](Random& r) { return hex(r, r.below(100)); }},
    {"c_longblob",
     "LONGBLOB",
     {"''", "x'ff'", "x'00'", "REPEAT(x'00ff', 100000)"},
     [](Random& r) { return hex(r, r.below(200)); }},
    {"c_enum",
     "ENUM('small','medium','große','it''s, large')",
     {"'small'", "'it\\'s, large'", "'medium'", "'große'"},
     [](Random& r) { return std::to_string(r.between(1, 4)); }},
    {"c_set",
     "SET('a','b','c d''e','f')",
     {"''", "15", "'a,f'", "4"},
     [](Random& r) { return std::to_string(r.below(16)); }},
    {"c_geometry",
     "GEOMETRY",
     {"ST_GeomFromText('POINT(0 0)')", "ST_GeomFromText('POLYGON((0 0,0 3,3 3,3 0,0 0))')",
      "ST_GeomFromText('LINESTRING(0 0,1 1,2 4)')",
      "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))')"},
     [](Random& r) {
       return fmt::format("ST_GeomFromText('POINT({} {}.5)')", r.between(-90, 90), r.between(-90, 90));
     }},
    {"c_point",
     "POINT",
     {"ST_GeomFromText('POINT(0 0)')", "ST_GeomFromText('POINT(180 90)')", "ST_GeomFromText('POINT(-1.5 -2.5)')",
      "ST_GeomFromText('POINT(1e-9 1e9)')"},
     [](Random& r) { return fmt::format("ST_GeomFromText('POINT({} {})')", r.between(-90, 90), r.between(-90, 90)); }},
    {"c_json",
     "JSON",
     {"'{}'", "'[1, 2.5, \"x\", null, true, {\"k\": [false]}]'", "'null'",
      "'{\"quote\": \"\\\\\"\", \"é\": \"漢🎈\", \"n\": -1}'"},
     [](Random& r) {
       return fmt::format("'{{\"id\": {}, \"tags\": [\"a\", {}], \"ok\": {}}}'", r.below(1000000), r.below(100),
                          r.chance(50));
     },
     true},
};

}  // namespace

std::string wide_schema(bool with_json) {
  std::string out = "CREATE TABLE wide_types (id BIGINT NOT NULL PRIMARY KEY";
  for (const auto& column : columns)
    if (with_json || !column.json)
      out += fmt::format(", {} {}{}", column.name, column.type, column.type.ends_with("NULL") ? "" : " NULL");
  return out + ")";
}

std::string wide_columns(bool with_json) {
  std::string out = "(id";
  for (const auto& column : columns)
    if (with_json || !column.json) out += fmt::format(", {}", column.name);
  return out + ")";
}

std::string wide_values(std::uint64_t id, Random& random, bool with_json) {
  std::string out = fmt::format("({}", id);
  for (const auto& column : columns) {
    if (column.json && !with_json) continue;
    out += ", ";
    if (id <= 4)
      out += column.edges[id - 1];
    else if (id == 5 || (id > wide_edge_rows && random.chance(8)))
      out += "NULL";
    else
      out += column.value(random);
  }
  return out + ")";
}

}  // namespace tributary::lab
