// Writes random rows of every column type through the DTS Avro encoder, and beside them what a reader has to find.
//
//   encode_samples SEED ROWS VALUES EXPECTED [FORMAT [TOPIC REGISTRY_URL]]
//
// FORMAT: dts_avro (as without it), canal_json, debezium_json, debezium_json_schema, plain_avro, dts_registry. With
// one, VALUES has each record's key in front of its value (length 0xFFFFFFFF: none), some rows in turn are of one
// table, and EXPECTED says what their columns are and what was put into them instead of a record. Without a registry
// schemas get the ids 1, 2, ...; EXPECTED has them.
//
// VALUES: each record's value behind its length (four big-endian bytes). EXPECTED: one JSON object a line, made from
// the random numbers and texts themselves and never from the encoder's output: {"record": {...}, "key": text or null}.
// Every row goes through the encoder as both readers would give it; a difference ends the program.
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "encode/formats.h"
#include "encode/sample_schema.h"
#include "registry/client.h"

namespace {

using namespace tributary;
using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;
using nlohmann::ordered_json;

std::mt19937_64 generator;  // NOLINT: one program, one thread, one seed
std::uint64_t random_below(std::uint64_t limit) { return generator() % limit; }

// A value as the binlog and as the snapshot give it, what an Avro reader has to find, and its form in the key.
struct Sample {
  Value binlog, snapshot;
  ordered_json expected;
  std::string text;                          // owns what the values point to
  std::optional<std::uint64_t> number = {};  // of an ENUM's label, a SET's bits
};

std::string random_bytes(std::size_t most, unsigned from, unsigned to) {
  std::string bytes(random_below(10) == 0 ? random_below(5000) : random_below(most), '\0');
  for (char& c : bytes) c = static_cast<char>(from + random_below(to - from));
  return bytes;
}

std::string random_utf8() {
  static const char* characters[] = {"a", "Z", "0", " ", "\"", "\\", "\n", "é", "ß", "中", "文", "😀", "𝄞", "\x01"};
  std::string text;
  for (std::size_t n = random_below(40); n != 0; --n) text += characters[random_below(std::size(characters))];
  return text;
}

template <typename Number>
std::string random_numbers(std::size_t count) {
  std::string bytes;
  for (; count != 0; --count) {
    const auto number = static_cast<Number>((static_cast<double>(generator()) - 9e18) / 1e15);
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  return bytes;
}
std::string random_floats(std::size_t count) { return random_numbers<float>(count); }
std::string random_doubles(std::size_t count) { return random_numbers<double>(count); }

ordered_json hex(const std::string& bytes) {
  std::string digits;
  char room[3];
  for (const char c : bytes) {
    std::snprintf(room, sizeof room, "%02x", static_cast<unsigned char>(c));
    digits += room;
  }
  return {{"hex", digits}};
}

ordered_json date_time(ordered_json y, ordered_json mo, ordered_json d, ordered_json h, ordered_json mi, ordered_json s,
                       ordered_json us) {
  return {{"DateTime",
           {{"year", y}, {"month", mo}, {"day", d}, {"hour", h}, {"minute", mi}, {"second", s}, {"millis", us}}}};
}

struct SampleColumn {
  std::string name;
  ColumnType type;
  encode::ColumnDetails details;
  int number;  // dataTypeNumber
};

const std::vector<std::string> labels = {"red", "", "green", "x y", "蓝"};
const std::vector<std::string> many_labels = [] {
  std::vector<std::string> made;
  for (int i = 0; i < 64; ++i) made.push_back("label" + std::to_string(i));
  return made;
}();

std::vector<SampleColumn> sample_columns() {
  return {{"c_tiny", ColumnType::tinyint, {}, 1},
          {"c_small", ColumnType::smallint, {}, 2},
          {"c_medium", ColumnType::mediumint, {}, 9},
          {"c_int", ColumnType::int_, {}, 3},
          {"c_big", ColumnType::bigint, {}, 8},
          {"c_tiny_u", ColumnType::tinyint, {.is_unsigned = true}, 1},
          {"c_int_u", ColumnType::int_, {.is_unsigned = true}, 3},
          {"c_big_u", ColumnType::bigint, {.is_unsigned = true}, 8},
          {"c_dec", ColumnType::decimal, {.precision = 30, .scale = 10}, 246},
          {"c_dec0", ColumnType::decimal, {.precision = 18, .scale = 0}, 246},
          {"c_float", ColumnType::float_, {}, 4},
          {"c_double", ColumnType::double_, {}, 5},
          {"c_bit", ColumnType::bit, {.length = 13}, 16},
          {"c_bit1", ColumnType::bit, {.length = 1}, 16},
          {"c_year", ColumnType::year, {}, 13},
          {"c_date", ColumnType::date, {}, 10},
          {"c_time", ColumnType::time, {.fraction_digits = 6}, 11},
          {"c_time0", ColumnType::time, {}, 11},
          {"c_datetime", ColumnType::datetime, {.fraction_digits = 6}, 12},
          {"c_datetime3", ColumnType::datetime, {.fraction_digits = 3}, 12},
          {"c_timestamp", ColumnType::timestamp, {.fraction_digits = 6}, 7},
          {"c_timestamp1", ColumnType::timestamp, {.fraction_digits = 1}, 7},
          {"c_char", ColumnType::char_, {}, 254},
          {"c_varchar", ColumnType::varchar, {.charset = "utf8mb3"}, 253},
          {"c_latin", ColumnType::varchar, {.charset = "latin1"}, 253},
          {"c_tinytext", ColumnType::tinytext, {}, 15},
          {"c_text", ColumnType::text, {.charset = "gbk"}, 15},
          {"c_mediumtext", ColumnType::mediumtext, {}, 15},
          {"c_longtext", ColumnType::longtext, {}, 15},
          {"c_binary", ColumnType::binary, {}, 252},
          {"c_varbinary", ColumnType::varbinary, {}, 252},
          {"c_tinyblob", ColumnType::tinyblob, {}, 252},
          {"c_blob", ColumnType::blob, {}, 252},
          {"c_mediumblob", ColumnType::mediumblob, {}, 252},
          {"c_longblob", ColumnType::longblob, {}, 252},
          {"c_enum", ColumnType::enum_, {.labels = labels}, 247},
          {"c_set", ColumnType::set, {.labels = labels}, 248},
          {"c_set64", ColumnType::set, {.labels = many_labels}, 248},
          {"c_json", ColumnType::json, {}, 245},
          {"c_geometry", ColumnType::geometry, {}, 255},
          {"c_point", ColumnType::geometry, {.declared = "point"}, 255},
          {"c_vector", ColumnType::vector, {}, 252},
          {"c_uuid", ColumnType::uuid, {}, 254},
          {"c_inet4", ColumnType::inet4, {}, 254},
          {"c_inet6", ColumnType::inet6, {}, 254}};
}

int storage_bytes(const SampleColumn& column) {
  switch (column.type) {
    case ColumnType::tinyint:
      return 1;
    case ColumnType::smallint:
      return 2;
    case ColumnType::mediumint:
      return 3;
    case ColumnType::int_:
      return 4;
    case ColumnType::bit:
      return static_cast<int>((column.details.length + 7) / 8);
    default:
      return 8;
  }
}

void make_integer(const SampleColumn& column, Sample& s) {
  const int bits = 8 * storage_bytes(column);
  std::uint64_t raw = generator() >> random_below(64);  // of all magnitudes
  if (bits < 64) raw &= (std::uint64_t{1} << bits) - 1;
  if (column.details.is_unsigned) {
    s.text = std::to_string(raw);
    s.binlog = Value::integer_unsigned(raw);
  } else {
    const auto number = static_cast<std::int64_t>(raw << (64 - bits)) >> (64 - bits);
    s.text = std::to_string(number);
    s.binlog = Value::integer(number);
  }
  s.snapshot = Value::of_text(ValueKind::integer_text, s.text);
  s.expected = {{"Integer", {{"precision", storage_bytes(column)}, {"value", s.text}}}};
}

void make_decimal(const SampleColumn& column, Sample& s) {
  std::string whole = std::to_string(random_below(3) == 0 ? 0 : generator() >> (10 + random_below(50)));
  std::string fraction;
  for (int i = 0; i < column.details.scale; ++i) fraction += static_cast<char>('0' + random_below(10));
  const std::size_t digits = (whole == "0" && !fraction.empty() ? 0 : whole.size()) + fraction.size();
  s.text = (random_below(2) == 0 && whole != "0" ? "-" : "") + whole + (fraction.empty() ? "" : ".") + fraction;
  s.binlog = s.snapshot = Value::of_text(ValueKind::decimal_text, s.text);
  s.expected = {
      {"Decimal", {{"value", s.text}, {"precision", digits}, {"scale", static_cast<int>(column.details.scale)}}}};
}

void make_time(const SampleColumn& column, Sample& s) {
  Value& v = s.binlog;
  const auto y = static_cast<int>(random_below(10000)), mo = static_cast<int>(random_below(13)),
             d = static_cast<int>(random_below(32)), mi = static_cast<int>(random_below(60)),
             sec = static_cast<int>(random_below(60));
  const int h = static_cast<int>(random_below(column.type == ColumnType::time ? 839 : 24));
  int unit = 1;
  for (int digits = column.details.fraction_digits; digits < 6; ++digits) unit *= 10;
  const int us = random_below(2) == 0 ? 0 : static_cast<int>(random_below(1000000)) / unit * unit;
  const ordered_json none;
  v.t.year = static_cast<std::uint16_t>(y);
  v.t.month = static_cast<std::uint8_t>(mo);
  v.t.day = static_cast<std::uint8_t>(d);
  v.t.hour = static_cast<std::uint16_t>(h);
  v.t.minute = static_cast<std::uint8_t>(mi);
  v.t.second = static_cast<std::uint8_t>(sec);
  v.t.micros = static_cast<std::uint32_t>(us);
  switch (column.type) {
    case ColumnType::year:
      v.kind = ValueKind::year;
      s.expected = date_time(y, none, none, none, none, none, none);
      break;
    case ColumnType::date:
      v.kind = ValueKind::date;
      s.expected = date_time(y, mo, d, none, none, none, none);
      break;
    case ColumnType::time: {
      v.kind = ValueKind::time;
      v.negative = random_below(2) == 0;
      const int sign = v.negative ? -1 : 1;
      s.expected = date_time(none, none, none, sign * h, sign * mi, sign * sec, sign * us);
      break;
    }
    case ColumnType::datetime:
      v.kind = ValueKind::datetime;
      s.expected = date_time(y, mo, d, h, mi, sec, us);
      break;
    default:
      v.kind = ValueKind::timestamp;
      v.i = static_cast<std::int64_t>(random_below(1ULL << 32));
      s.expected = {{"Timestamp", {{"timestamp", v.i}, {"millis", us}}}};
  }
  s.snapshot = v;
}

void make_choice(const SampleColumn& column, Sample& s) {
  const std::vector<std::string>& names = column.details.labels;
  std::string label;
  if (column.type == ColumnType::enum_) {
    const std::uint64_t index = random_below(names.size() + 1);
    if (index != 0) label = names[index - 1];
    s.binlog = Value::integer_unsigned(index);
  } else {
    const std::uint64_t bits = names.size() == 64 ? generator() : random_below(1ULL << names.size());
    for (std::size_t bit = 0; bit < names.size(); ++bit) {
      if ((bits >> bit & 1) == 0) continue;
      if (!label.empty()) label += ',';  // the server's way: an empty first label leaves no comma
      label += names[bit];
    }
    s.binlog = Value::integer_unsigned(bits);
  }
  s.snapshot = s.binlog;
  s.number = s.binlog.u;
  s.expected = {{"TextObject", {{"type", column.type == ColumnType::enum_ ? "enum" : "set"}, {"value", label}}}};
}

void make_bytes(const SampleColumn& column, Sample& s) {
  const auto character = [&](const char* charset, std::string bytes) {
    s.text = std::move(bytes);
    s.expected = {{"Character", {{"charset", charset}, {"value", hex(s.text)}}}};
  };
  const auto object = [&](const char* branch, const char* type) {
    s.text = random_bytes(80, 0, 256);
    if (column.type == ColumnType::vector) s.text = random_floats(random_below(20));
    if (column.details.declared == "point") s.text = std::string("\x01\x01\0\0\0", 5) + random_doubles(2);
    s.expected = {{branch, {{"type", type}, {"value", hex(s.text)}}}};
  };
  switch (column.type) {
    case ColumnType::uuid:
      character("utf8mb4", "6ccd780c-baba-1026-9564-5b8c656024db");
      break;
    case ColumnType::inet4:
      character("utf8mb4", "192.0.2.146");
      break;
    case ColumnType::inet6:
      character("utf8mb4", "2001:db8::ff00:42:8329");
      break;
    case ColumnType::json:
      s.text = ordered_json{{"k", random_utf8()}, {"n", random_below(1000)}}.dump();
      s.expected = {{"TextObject", {{"type", "json"}, {"value", s.text}}}};
      break;
    case ColumnType::geometry:
      object("BinaryGeometry", "geometry");
      break;
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::vector:
      object("BinaryObject", "binary");
      break;
    case ColumnType::tinyblob:
    case ColumnType::blob:
    case ColumnType::mediumblob:
    case ColumnType::longblob:
      object("BinaryObject", "blob");
      break;
    default:
      if (column.details.charset == "latin1") {
        character("latin1", random_bytes(60, 1, 256));
      } else if (column.details.charset == "gbk") {
        character("gbk", random_bytes(60, 32, 127) + "\xd6\xd0");
      } else {
        character(column.details.charset == "utf8mb3" ? "utf8" : "utf8mb4", random_utf8());
      }
  }
  s.binlog = s.snapshot = Value::of_text(ValueKind::bytes, s.text);
}

void make(const SampleColumn& column, Sample& s) {
  switch (column.type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::int_:
    case ColumnType::bigint:
      make_integer(column, s);
      break;
    case ColumnType::bit: {
      const std::uint64_t bits = random_below(1ULL << column.details.length);
      s.binlog = s.snapshot = Value::integer_unsigned(bits);
      s.expected = {{"Integer", {{"precision", storage_bytes(column)}, {"value", std::to_string(bits)}}}};
      break;
    }
    case ColumnType::decimal:
      make_decimal(column, s);
      break;
    case ColumnType::float_:
    case ColumnType::double_: {
      double number = (static_cast<double>(generator()) - 9e18) / static_cast<double>(1 + random_below(1U << 30));
      if (random_below(4) == 0) number /= 1e15;
      if (column.type == ColumnType::float_) {  // as the readers give it: the double with the float's shortest digits
        char digits[40];
        const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<float>(number));
        std::from_chars(digits, end.ptr, number);
      }
      s.binlog = s.snapshot = Value::real(number);
      s.expected = {{"Float", {{"value", number}, {"precision", 0}, {"scale", 0}}}};
      break;
    }
    case ColumnType::year:
    case ColumnType::date:
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
      make_time(column, s);
      break;
    case ColumnType::enum_:
    case ColumnType::set:
      make_choice(column, s);
      break;
    default:
      make_bytes(column, s);
  }
}

using Row = std::vector<Sample>;

Row random_row(const std::vector<SampleColumn>& columns, std::uint64_t null_percent) {
  Row row(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    // The first column is the key.
    if (i == 0 || !columns[i].details.is_nullable || random_below(100) >= null_percent) make(columns[i], row[i]);
  }
  return row;
}

std::vector<Value> values_of(const Row& row, Value Sample::*side) {
  std::vector<Value> values;
  for (const Sample& sample : row) values.push_back(sample.*side);
  return values;
}

ordered_json image_of(const Row& row) {
  ordered_json image = ordered_json::array();
  for (const Sample& sample : row) image.push_back(sample.expected);
  return image;
}

void write_value(std::ostream& to, std::string_view value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.put(static_cast<char>(value.size() >> shift));
  to.write(value.data(), static_cast<std::streamsize>(value.size()));
}

int run(std::uint64_t seed, std::uint64_t rows, const char* values_path, const char* expected_path) {
  generator.seed(seed);
  std::ofstream values(values_path, std::ios::binary), expected(expected_path);
  for (std::uint64_t n = 0; n < rows; ++n) {
    // Each row has a table of its own: some of the columns, a random one of them first, as the key.
    std::vector<SampleColumn> columns = sample_columns();
    std::shuffle(columns.begin(), columns.end(), generator);
    columns.resize(1 + random_below(columns.size()));
    encode::SchemaBuilder builder("db." + std::to_string(n), "t");
    ordered_json fields = ordered_json::array();
    for (const SampleColumn& column : columns) {
      builder.add(column.name, column.type, column.details);
      fields.push_back({{"name", column.name}, {"dataTypeNumber", column.number}});
    }
    const auto version = static_cast<std::uint32_t>(generator());
    builder.primary({0}).version(version);
    const auto encoder = encode::make_dts_avro_encoder(builder.build(), {.source_version = "8.0.34"});

    constexpr Operation operations[] = {Operation::insert, Operation::update, Operation::delete_, Operation::init};
    const Operation operation = operations[random_below(4)];
    const bool has_before = operation == Operation::update || operation == Operation::delete_;
    const bool has_after = operation != Operation::delete_;
    const std::uint64_t null_percent = random_below(3) * 40;
    const Row before = random_row(columns, null_percent), after = random_row(columns, null_percent);
    const encode::ChangeHeader header{.id = generator() >> 1,
                                      .timestamp_s = static_cast<std::int64_t>(random_below(1ULL << 33)),
                                      .position = "2924526@143",
                                      .safe_position = "4@143",
                                      .read_ms = static_cast<std::int64_t>(random_below(1ULL << 43)),
                                      .server_id = static_cast<std::uint32_t>(1 + random_below(UINT32_MAX)),
                                      .thread_id = random_below(2) == 0 ? 0 : 1 + random_below(UINT64_MAX)};
    base::Buffer out, other;
    for (auto [side, to] : {std::pair{&Sample::binlog, &out}, {&Sample::snapshot, &other}}) {
      const auto status = encoder->encode(operation, header, values_of(before, side), values_of(after, side), *to);
      if (!status) {
        std::cerr << "row " << n << ": " << status.error().message() << "\n";
        return 1;
      }
      encoder->key(values_of(has_after ? after : before, side), *to);
      encoder->identity(values_of(has_after ? after : before, side), *to);
    }
    if (out.view() != other.view()) {
      std::cerr << "row " << n << ": the two readers' values give different bytes\n";
      return 1;
    }
    base::Buffer value, key;
    if (!encoder->encode(operation, header, values_of(before, &Sample::binlog), values_of(after, &Sample::binlog),
                         value)) {
      return 1;
    }
    encoder->key(values_of(has_after ? after : before, &Sample::binlog), key);
    write_value(values, value.view());

    const std::string database = "db." + std::to_string(n);
    ordered_json tags = {{"pk_uk_info", "{\"PRIMARY\":[\"" + columns[0].name + "\"]}"},
                         {"metaVersion", std::to_string(version)},
                         {"l_db_name", database},
                         {"l_tb_name", "t"},
                         {"server_id", std::to_string(header.server_id)},
                         {"readerThroughoutTime", std::to_string(header.read_ms)}};
    if (header.thread_id != 0) tags["thread_id"] = std::to_string(header.thread_id);
    const ordered_json record = {{"version", 0},
                                 {"id", header.id},
                                 {"sourceTimestamp", header.timestamp_s},
                                 {"sourcePosition", header.position},
                                 {"safeSourcePosition", header.safe_position},
                                 {"sourceTxid", "0"},
                                 {"source", {{"sourceType", "MySQL"}, {"version", "8.0.34"}}},
                                 {"operation", model::to_string(operation)},
                                 {"objectName", "db\\u002E" + std::to_string(n) + ".t"},
                                 {"processTimestamps", nullptr},
                                 {"tags", tags},
                                 {"fields", fields},
                                 {"beforeImages", has_before ? image_of(before) : ordered_json()},
                                 {"afterImages", has_after ? image_of(after) : ordered_json()},
                                 {"bornTimestamp", header.timestamp_s}};
    const ordered_json line = {{"record", record}, {"database", database}, {"key", std::string(key.view())}};
    expected << line.dump() << "\n";
  }
  values.close();
  expected.close();
  return values && expected ? 0 : 1;
}

// Formats: several rows of a table in turn.

constexpr std::uint64_t rows_of_a_table = 20;

const char* type_name(ColumnType type) { return model::to_string(type).data(); }

ordered_json described(const std::vector<SampleColumn>& columns) {
  ordered_json list = ordered_json::array();
  for (const SampleColumn& column : columns) {
    const encode::ColumnDetails& of = column.details;
    list.push_back({{"name", column.name},
                    {"type", type_name(column.type)},
                    {"unsigned", of.is_unsigned},
                    {"nullable", of.is_nullable},
                    {"length", of.length},
                    {"precision", of.precision},
                    {"scale", of.scale},
                    {"digits", of.fraction_digits},
                    {"labels", of.labels},
                    {"declared", of.declared}});
  }
  return list;
}

ordered_json put_into(const Row& row) {
  ordered_json image = ordered_json::array();
  for (const Sample& sample : row) {
    image.push_back(sample.expected);
    if (sample.number) image.back()["number"] = *sample.number;
  }
  return image;
}

void write_or_none(std::ostream& to, bool is_there, std::string_view value) {
  if (is_there) {
    write_value(to, value);
  } else {
    to.write("\xff\xff\xff\xff", 4);
  }
}

struct FormatRun {
  encode::FormatOptions options;
  std::string topic = "samples";
  std::unique_ptr<registry::Client> registry;
  ordered_json schemas;  // id -> schema

  base::Result<std::uint32_t> register_schema(const std::string& subject, std::string_view schema) {
    std::uint32_t id = static_cast<std::uint32_t>(schemas.size() + 1);
    if (registry) {
      TRY(registry->check_compatible(subject, schema));
      TRY_VALUE(id, registry->register_schema(subject, schema));
    }
    schemas[std::to_string(id)] = schema;
    return id;
  }
};

bool choose_format(const std::string& name, FormatRun& run) {
  run.options.debezium_json.topic_prefix = "samples";
  run.options.debezium_json.version = "1";
  run.options.debezium_json.binlog_base_name = "mysql-bin";
  run.options.subject_naming = encode::SubjectNaming::topic_record;
  run.options.debezium_json.with_schema = name == "debezium_json_schema";
  run.options.use_registry = name == "dts_registry";
  const std::map<std::string, encode::Format> formats = {{"canal_json", encode::Format::canal_json},
                                                         {"debezium_json", encode::Format::debezium_json},
                                                         {"debezium_json_schema", encode::Format::debezium_json},
                                                         {"plain_avro", encode::Format::plain_avro},
                                                         {"dts_registry", encode::Format::dts_avro}};
  const auto found = formats.find(name);
  if (found != formats.end()) run.options.format = found->second;
  return found != formats.end();
}

base::Status write_format(FormatRun& run, std::uint64_t rows, std::ostream& values, std::ostream& expected) {
  std::vector<SampleColumn> columns;
  std::unique_ptr<encode::RowEncoder> encoder;
  std::string table;
  for (std::uint64_t n = 0; n < rows; ++n) {
    if (n % rows_of_a_table == 0) {
      columns = sample_columns();
      std::shuffle(columns.begin(), columns.end(), generator);
      columns.resize(1 + random_below(columns.size()));
      table = "t" + std::to_string(n / rows_of_a_table);
      encode::SchemaBuilder builder("db", table);
      for (SampleColumn& column : columns) {
        column.details.is_nullable = &column != &columns.front() && random_below(3) != 0;
        builder.add(column.name, column.type, column.details);
      }
      builder.primary({0});
      run.options.canal_json.labels_as_text = random_below(2) == 0;
      TRY_VALUE(encoder, encode::make_encoder(run.options, builder.build(), {.server_version = "8.0.34"}, run.topic,
                                              [&](const std::string& subject, std::string_view schema) {
                                                return run.register_schema(subject, schema);
                                              }));
    }
    constexpr Operation operations[] = {Operation::insert, Operation::update, Operation::delete_, Operation::init};
    const Operation operation = operations[random_below(4)];
    const bool has_before = operation == Operation::update || operation == Operation::delete_;
    const bool has_after = operation != Operation::delete_;
    const std::uint64_t null_percent = random_below(3) * 40;
    Row before = random_row(columns, null_percent), after = random_row(columns, null_percent);
    for (std::size_t i = 0; i < columns.size(); ++i) {  // an UPDATE leaves most columns as they are
      if (random_below(2) == 0) {
        after[i] = before[i];
        if (after[i].binlog.text.data() != nullptr) after[i].binlog.text = after[i].text;
        if (after[i].snapshot.text.data() != nullptr) after[i].snapshot.text = after[i].text;
      }
    }
    const encode::ChangeHeader header{.id = generator() >> 1,
                                      .timestamp_s = static_cast<std::int64_t>(random_below(1ULL << 33)),
                                      .position = "2924526@143",
                                      .safe_position = "4@143",
                                      .read_ms = static_cast<std::int64_t>(random_below(1ULL << 43)),
                                      .server_id = static_cast<std::uint32_t>(1 + random_below(UINT32_MAX)),
                                      .thread_id = random_below(2) == 0 ? 0 : 1 + random_below(INT32_MAX),
                                      .gtid = random_below(2) == 0 ? "" : "3E11FA47-71CA-11E1-9E33-C80AA9429562:23"};
    base::Buffer value, other, key;
    TRY(encoder->encode(operation, header, values_of(before, &Sample::binlog), values_of(after, &Sample::binlog),
                        value));
    TRY(encoder->encode(operation, header, values_of(before, &Sample::snapshot), values_of(after, &Sample::snapshot),
                        other));
    if (value.view() != other.view()) {
      return base::fail(base::ErrorCode::internal, "the two readers' values give different bytes", table);
    }
    const bool has_key = encoder->key(values_of(has_after ? after : before, &Sample::binlog), key);
    write_or_none(values, has_key, key.view());
    write_value(values, value.view());
    const ordered_json line = {{"operation", model::to_string(operation)},
                               {"table", table},
                               {"id", header.id},
                               {"timestamp_s", header.timestamp_s},
                               {"read_ms", header.read_ms},
                               {"server_id", header.server_id},
                               {"thread_id", header.thread_id},
                               {"gtid", header.gtid},
                               {"labels_as_text", run.options.canal_json.labels_as_text},
                               {"columns", described(columns)},
                               {"before", has_before ? put_into(before) : ordered_json()},
                               {"after", has_after ? put_into(after) : ordered_json()},
                               {"schemas", run.schemas}};
    run.schemas = run.registry ? ordered_json::object() : run.schemas;
    expected << line.dump() << "\n";
  }
  return {};
}

int run_format(int argc, char** argv) {
  generator.seed(std::strtoull(argv[1], nullptr, 10));
  FormatRun run;
  run.schemas = ordered_json::object();
  if (!choose_format(argv[5], run)) {
    std::cerr << "no format " << argv[5] << "\n";
    return 2;
  }
  if (argc == 8) {
    run.topic = argv[6];
    auto client = registry::Client::make({.urls = {argv[7]}});
    if (!client) {
      std::cerr << client.error().message() << "\n";
      return 1;
    }
    run.registry = std::move(*client);
  }
  std::ofstream values(argv[3], std::ios::binary), expected(argv[4]);
  if (const base::Status status = write_format(run, std::strtoull(argv[2], nullptr, 10), values, expected); !status) {
    std::cerr << status.error().message() << "\n";
    return 1;
  }
  values.close();
  expected.close();
  return values && expected ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6 || argc == 8) return run_format(argc, argv);
  if (argc != 5) {
    std::cerr << "encode_samples SEED ROWS VALUES EXPECTED [FORMAT [TOPIC REGISTRY_URL]]\n";
    return 2;
  }
  return run(std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10), argv[3], argv[4]);
}
