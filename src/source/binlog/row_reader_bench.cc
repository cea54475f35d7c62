// Rows a second out of rows events like those of a wide order table: bigint key, 2 int, tinyint, 2 decimal, 4 varchar,
// datetime, datetime(3); 8 KiB an event as servers cut them.
#include <benchmark/benchmark.h>
#include <zlib.h>

#include <memory>
#include <string>

#include "source/binlog/row_reader.h"

namespace tributary::source {
namespace {

using model::ColumnType;

void put(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}
void put_big(std::string& out, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}

std::string event_of(EventType type, const std::string& body) {
  std::string event;
  put(event, 1700000000, 4);
  put(event, static_cast<std::uint64_t>(type), 1);
  put(event, 1, 4);
  put(event, event_header_size + body.size() + 4, 4);
  put(event, 0, 4);
  put(event, 0, 2);
  event += body;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(event.data()), static_cast<uInt>(event.size()));
  put(event, crc, 4);
  return event;
}

std::string table_map_event() {
  std::string body;
  put(body, 42, 6);
  put(body, 1, 2);
  body += std::string("\4shop\0\6orders\0", 14);
  const char types[] = {8, 3, 3, 1, '\xf6', '\xf6', 15, 15, 15, 15, 18, 18};
  body += static_cast<char>(sizeof types);
  body.append(types, sizeof types);
  std::string metadata;
  for (const int i : {12 | 2 << 8, 18 | 4 << 8, 64 * 4, 32 * 4, 255 * 4, 20 * 4})
    put(metadata, static_cast<unsigned>(i), 2);
  metadata += std::string("\0\3", 2);
  body += static_cast<char>(metadata.size());
  body += metadata;
  body += std::string("\xfe\x0f", 2);
  return event_of(EventType::table_map, body);
}

model::TableSchemaPtr schema() {
  auto schema = std::make_shared<model::TableSchema>();
  schema->database = "shop";
  schema->table = "orders";
  const auto add = [&](ColumnType type, int precision = 0, int scale = 0, int fraction = 0) {
    model::Column column;
    column.name = "c" + std::to_string(schema->columns.size() + 1);
    column.type = type;
    column.precision = static_cast<std::uint8_t>(precision);
    column.scale = static_cast<std::uint8_t>(scale);
    column.fraction_digits = static_cast<std::uint8_t>(fraction);
    schema->columns.push_back(column);
  };
  add(ColumnType::bigint);
  add(ColumnType::int_);
  add(ColumnType::int_);
  add(ColumnType::tinyint);
  add(ColumnType::decimal, 12, 2);
  add(ColumnType::decimal, 18, 4);
  for (int i = 0; i < 4; ++i) add(ColumnType::varchar);
  add(ColumnType::datetime);
  add(ColumnType::datetime, 0, 0, 3);
  return schema;
}

std::string rows_event(EventType type, std::size_t& rows) {
  const bool is_update = type == EventType::update_rows_v1;
  std::string body;
  put(body, 42, 6);
  put(body, 1, 2);
  body += '\14';
  for (int i = 0; i < (is_update ? 2 : 1); ++i) body += std::string("\xff\xff", 2);
  const auto image = [&](std::uint64_t i) {
    body += std::string(2, '\0');
    put(body, 1000000 + i, 8);
    put(body, i * 7919, 4);
    put(body, i % 100, 4);
    put(body, i % 3, 1);
    put_big(body, 0x8000000000ULL | (i % 10) << 32 | (i * 12345 % 1000000000), 5);
    body += static_cast<char>(i % 100);
    put_big(body, 0x80000000000000ULL | (i * 77777 % 99999) << 32 | (i * 999983 % 1000000000), 7);
    put_big(body, i * 31 % 10000, 2);
    const auto text = [&](std::size_t size, int length_bytes) {
      put(body, size, length_bytes);
      for (std::size_t n = 0; n < size; ++n) body += static_cast<char>('a' + (i + n) % 26);
    };
    text(20 + i % 20, 2);
    text(10 + i % 7, 1);
    text(60 + i % 40, 2);
    text(8, 1);
    const std::uint64_t when =
        (2024ULL * 13 + 1 + i % 12) << 22 | (1 + i % 28) << 17 | (i % 24) << 12 | (i % 60) << 6 | i % 60;
    put_big(body, 0x8000000000ULL + when, 5);
    put_big(body, 0x8000000000ULL + when, 5);
    put_big(body, i * 13 % 10000, 2);
  };
  for (rows = 0; body.size() < 8192; ++rows) {
    image(rows);
    if (is_update) image(rows + 1);
  }
  return event_of(type, body);
}

void decode(benchmark::State& state, EventType type, bool with_checksum) {
  FormatDescription format;
  format.checksum = Checksum::crc32;
  const std::string map_bytes = table_map_event();
  TableMap map;
  auto map_event = parse_event(map_bytes, format);
  if (!map_event || !map.parse(*map_event, format)) return state.SkipWithError("table map");
  auto plan = RowPlan::make(map, schema());
  if (!plan) return state.SkipWithError(plan.error().message().c_str());
  std::size_t rows_per_event = 0;
  const std::string bytes = rows_event(type, rows_per_event);
  std::string_view raw = bytes;
  if (!with_checksum) format.checksum = Checksum::off;

  RowReader reader;
  std::vector<model::Value> before, after;
  std::size_t rows = 0;
  for (auto _ : state) {
    auto event = parse_event(raw, format);
    if (!event) return state.SkipWithError(event.error().message().c_str());
    if (!with_checksum) event->body.remove_suffix(4);
    if (!reader.open(*event, format, *plan)) return state.SkipWithError("open");
    while (true) {
      auto more = reader.next(before, after);
      if (!more) return state.SkipWithError(more.error().message().c_str());
      if (!*more) break;
      benchmark::DoNotOptimize(after.data());
      benchmark::ClobberMemory();
      ++rows;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * raw.size()));
}

void BM_InsertRows(benchmark::State& state) { decode(state, EventType::write_rows_v1, true); }
void BM_InsertRowsWithoutChecksum(benchmark::State& state) { decode(state, EventType::write_rows_v1, false); }
void BM_UpdateRows(benchmark::State& state) { decode(state, EventType::update_rows_v1, true); }
BENCHMARK(BM_InsertRows);
BENCHMARK(BM_InsertRowsWithoutChecksum);
BENCHMARK(BM_UpdateRows);

void BM_TableMapSeenBefore(benchmark::State& state) {
  FormatDescription format;
  const std::string bytes = table_map_event();
  TableMap map;
  for (auto _ : state) {
    auto event = parse_event(bytes, format);
    if (!event || !map.parse(*event, format)) return state.SkipWithError("table map");
    benchmark::DoNotOptimize(map.table_id());
  }
}
BENCHMARK(BM_TableMapSeenBefore);

}  // namespace
}  // namespace tributary::source
