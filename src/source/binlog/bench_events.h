// Events for benchmarks, made as servers make them: a table of some columns, and rows events of 8 KiB of its rows.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/schema.h"
#include "source/binlog/event.h"

namespace tributary::source::bench {

inline void put(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}
inline void put_big(std::string& out, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}
inline void put_text(std::string& out, std::uint64_t seed, std::size_t size, int length_bytes) {
  put(out, size, length_bytes);
  for (std::size_t n = 0; n < size; ++n) out += static_cast<char>('a' + (seed + n) % 26);
}

inline std::string event_of(EventType type, const std::string& body, bool with_checksum = true) {
  std::string event;
  put(event, 1700000000, 4);
  put(event, static_cast<std::uint64_t>(type), 1);
  put(event, 1, 4);
  put(event, event_header_size + body.size() + (with_checksum ? 4 : 0), 4);
  put(event, 0, 4);
  put(event, 0, 2);
  event += body;
  if (with_checksum)
    put(event, crc32(0, reinterpret_cast<const Bytef*>(event.data()), static_cast<uInt>(event.size())), 4);
  return event;
}

struct BenchColumn {
  model::ColumnType type;
  char wire = 0;
  std::string metadata;  // as in a table map
  std::function<void(std::string&, std::uint64_t)> value;
  int precision = 0, scale = 0, fraction = 0;
};

inline BenchColumn integer(model::ColumnType type, char wire, int bytes) {
  return {type, wire, "", [bytes](std::string& out, std::uint64_t i) { put(out, 1000003 * i + 7, bytes); }};
}
inline BenchColumn bigint() { return integer(model::ColumnType::bigint, 8, 8); }
inline BenchColumn decimal_18_4() {
  return {model::ColumnType::decimal,
          '\xf6',
          std::string("\x12\4", 2),
          [](std::string& out, std::uint64_t i) {
            put_big(out, 0x80000000000000ULL | (i * 77777 % 99999) << 32 | (i * 999983 % 1000000000), 7);
            put_big(out, i * 31 % 10000, 2);
          },
          18,
          4};
}
inline BenchColumn varchar(std::size_t least, std::size_t spread) {
  return {model::ColumnType::varchar, 15, std::string("\xfc\3", 2),
          [=](std::string& out, std::uint64_t i) { put_text(out, i, least + i % spread, 2); }};
}
inline BenchColumn blob(std::size_t size) {
  return {model::ColumnType::blob, '\xfc', "\2", [=](std::string& out, std::uint64_t i) { put_text(out, i, size, 2); }};
}
inline BenchColumn datetime(int fraction) {
  return {model::ColumnType::datetime,
          18,
          std::string(1, static_cast<char>(fraction)),
          [=](std::string& out, std::uint64_t i) {
            const std::uint64_t when =
                (2024ULL * 13 + 1 + i % 12) << 22 | (1 + i % 28) << 17 | (i % 24) << 12 | (i % 60) << 6 | i % 60;
            put_big(out, 0x8000000000ULL + when, 5);
            if (fraction != 0) put_big(out, i * 13 % 10000, 2);
          },
          0,
          0,
          fraction};
}
// {"a": 1, "é": 3, "b c": [1, 2, {"x": "yyyyyyyyyyyyyyyyy"}]} as MySQL stores it.
inline std::string json_document() {
  constexpr char document[] =
      "\0\3\0J\0\x19\0\1\0\x1a\0\2\0\x1c\0\3\0\5\1\0\5\3\0\2\x1f\0a\xc3\xa9"
      "b c\3\0+\0\5\1\0\5\2\0\0\r\0\1\0\x1e\0\v\0\1\0\f\f\0x\21yyyyyyyyyyyyyyyyy";
  return {document, sizeof document - 1};
}
inline BenchColumn json() {
  return {model::ColumnType::json, '\xf5', "\4", [](std::string& out, std::uint64_t) {
            const std::string document = json_document();
            put(out, document.size(), 4);
            out += document;
          }};
}

// bigint key, 2 int, tinyint, 2 decimal, 4 varchar, datetime, datetime(3).
inline std::vector<BenchColumn> orders() {
  using model::ColumnType;
  return {bigint(),
          integer(ColumnType::int_, 3, 4),
          integer(ColumnType::int_, 3, 4),
          integer(ColumnType::tinyint, 1, 1),
          decimal_18_4(),
          decimal_18_4(),
          varchar(20, 20),
          varchar(10, 7),
          varchar(60, 40),
          varchar(8, 1),
          datetime(0),
          datetime(3)};
}

inline std::string table_map_event(const std::vector<BenchColumn>& columns) {
  std::string body, metadata;
  put(body, 42, 6);
  put(body, 1, 2);
  body += std::string("\4shop\0\6orders\0", 14);
  body += static_cast<char>(columns.size());
  for (const BenchColumn& column : columns) {
    body += column.wire;
    metadata += column.metadata;
  }
  body += static_cast<char>(metadata.size());
  body += metadata;
  body += std::string((columns.size() + 7) / 8, '\0');
  return event_of(EventType::table_map, body);
}

inline model::TableSchemaPtr schema_of(const std::vector<BenchColumn>& columns) {
  auto schema = std::make_shared<model::TableSchema>();
  schema->database = "shop";
  schema->table = "orders";
  for (const BenchColumn& made : columns) {
    model::Column& column = schema->columns.emplace_back();
    column.name = "c" + std::to_string(schema->columns.size());
    column.type = made.type;
    column.precision = static_cast<std::uint8_t>(made.precision);
    column.scale = static_cast<std::uint8_t>(made.scale);
    column.fraction_digits = static_cast<std::uint8_t>(made.fraction);
  }
  return schema;
}

inline std::string rows_event(const std::vector<BenchColumn>& columns, EventType type, std::size_t& rows,
                              bool with_checksum = true) {
  const bool is_update = type == EventType::update_rows_v1;
  std::string body;
  put(body, 42, 6);
  put(body, 1, 2);
  body += static_cast<char>(columns.size());
  const std::size_t bitmap = (columns.size() + 7) / 8;
  body += std::string(bitmap * (is_update ? 2 : 1), '\xff');
  const auto image = [&](std::uint64_t i) {
    body += std::string(bitmap, '\0');
    for (const BenchColumn& column : columns) column.value(body, i);
  };
  for (rows = 0; body.size() < 8192; ++rows) {
    image(rows);
    if (is_update) image(rows + 1);
  }
  return event_of(type, body, with_checksum);
}

}  // namespace tributary::source::bench
