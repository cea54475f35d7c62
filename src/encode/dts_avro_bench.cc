// What one row costs to encode: 12 columns, about 235 bytes of text, key and value together.
#include <benchmark/benchmark.h>

#include <deque>

#include "encode/encoder.h"
#include "encode/formats.h"
#include "encode/sample_schema.h"

namespace tributary::encode {
namespace {

using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;

model::TableSchemaPtr orders() {
  return SchemaBuilder("shop", "orders")
      .add("id", ColumnType::bigint)
      .add("customer_id", ColumnType::int_)
      .add("quantity", ColumnType::int_)
      .add("state", ColumnType::tinyint)
      .add("amount", ColumnType::decimal, {.precision = 12, .scale = 2})
      .add("tax", ColumnType::decimal, {.precision = 12, .scale = 4})
      .add("sku", ColumnType::varchar)
      .add("name", ColumnType::varchar)
      .add("address", ColumnType::varchar)
      .add("note", ColumnType::varchar)
      .add("created_at", ColumnType::datetime)
      .add("updated_at", ColumnType::datetime)
      .primary({0})
      .version(3109599372)
      .build();
}

// Rows of different lengths, so that branches are predicted as little as in life.
std::vector<std::vector<Value>> make_rows(bool is_text, std::deque<std::string>& kept) {
  std::uint64_t seed = 42;
  const auto random = [&](std::uint64_t below) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed >> 33) % below;
  };
  const auto keep = [&](std::string text) { return std::string_view(kept.emplace_back(std::move(text))); };
  const auto number = [&](std::int64_t n) {
    return is_text ? Value::of_text(ValueKind::integer_text, keep(std::to_string(n))) : Value::integer(n);
  };
  const auto text = [&](std::size_t least, std::size_t most) {
    std::string letters(least + random(most - least + 1), 'a');
    for (char& c : letters) c = static_cast<char>('a' + random(26));
    return Value::of_text(ValueKind::bytes, keep(letters));
  };
  const auto decimal = [&](std::uint64_t below, const char* fraction) {
    return Value::of_text(ValueKind::decimal_text, keep(std::to_string(random(below)) + fraction));
  };
  const auto datetime = [&](std::uint32_t micros) {
    Value v;
    v.kind = ValueKind::datetime;
    v.t = {.year = 2024,
           .month = static_cast<std::uint8_t>(1 + random(12)),
           .day = static_cast<std::uint8_t>(1 + random(28)),
           .hour = static_cast<std::uint16_t>(random(24)),
           .minute = static_cast<std::uint8_t>(random(60)),
           .second = static_cast<std::uint8_t>(random(60)),
           .micros = micros};
    return v;
  };
  std::vector<std::vector<Value>> made;
  for (std::int64_t i = 0; i < 1000; ++i) {
    made.push_back({number(1'000'000 + i), number(static_cast<std::int64_t>(random(1'000'000))),
                    number(static_cast<std::int64_t>(random(100))), number(static_cast<std::int64_t>(random(5))),
                    decimal(100000, ".99"), decimal(1000, ".1234"), text(8, 16), text(16, 40), text(30, 70),
                    text(20, 120), datetime(0), datetime(static_cast<std::uint32_t>(random(1000) * 1000))});
  }
  return made;
}

const std::vector<std::vector<Value>>& rows(bool is_text) {
  static std::deque<std::string> kept;  // what the values point to
  static const std::vector<std::vector<Value>> text = make_rows(true, kept), binary = make_rows(false, kept);
  return is_text ? text : binary;
}

void encode_rows(benchmark::State& state, Operation operation, bool is_text, const FormatOptions& format) {
  const auto encoder = make_encoder(format, orders(), {.server_version = "8.0.34"}, "orders", [](const auto&, auto) {
                         return base::Result<std::uint32_t>(1);
                       }).value();
  const auto& values = rows(is_text);
  ChangeHeader header{.timestamp_s = 1712905965,
                      .position = "2924526@143",
                      .safe_position = "2924372@143",
                      .read_ms = 1712905965123,
                      .server_id = 1234567};
  header.thread_id = is_text ? 0 : 4711;
  base::Buffer out;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::vector<Value>& row = values[header.id++ % values.size()];
    if (out.size() > 1 << 20) {
      bytes += out.size();
      out.clear();
    }
    encoder->key(row, out);
    if (!encoder->encode(operation, header, {}, row, out)) state.SkipWithError("a row was refused");
    benchmark::ClobberMemory();
  }
  bytes += out.size();
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["bytes/row"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}

BENCHMARK_CAPTURE(encode_rows, init_from_text, Operation::init, true, FormatOptions())
    ->Name("stage/encode/orders with key, INIT from text");
BENCHMARK_CAPTURE(encode_rows, insert_from_binary, Operation::insert, false, FormatOptions())
    ->Name("stage/encode/orders with key, INSERT from the binlog");

BENCHMARK_CAPTURE(encode_rows, canal_json, Operation::insert, false, FormatOptions{.format = Format::canal_json})
    ->Name("stage/encode/Canal JSON, INSERT from the binlog");
BENCHMARK_CAPTURE(encode_rows, debezium_json, Operation::insert, false, FormatOptions{.format = Format::debezium_json})
    ->Name("stage/encode/Debezium JSON, INSERT from the binlog");
BENCHMARK_CAPTURE(encode_rows, debezium_json_with_schema, Operation::insert, false,
                  FormatOptions{.format = Format::debezium_json, .debezium_json = {.with_schema = true}})
    ->Name("stage/encode/Debezium JSON with its schema, INSERT from the binlog");
BENCHMARK_CAPTURE(encode_rows, avro, Operation::insert, false, FormatOptions{.format = Format::plain_avro})
    ->Name("stage/encode/Avro by table, INSERT from the binlog");

void encode_key(benchmark::State& state, bool is_identity) {
  const auto encoder = make_dts_avro_encoder(orders(), {.source_version = "8.0.34"});
  const auto& values = rows(false);
  base::Buffer out;
  std::size_t i = 0;
  for (auto _ : state) {
    out.clear();
    const std::vector<Value>& row = values[i++ % values.size()];
    if (is_identity)
      encoder->identity(row, out);
    else
      encoder->key(row, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(encode_key, key, false)->Name("stage/encode/the Kafka key alone");
BENCHMARK_CAPTURE(encode_key, identity, true)->Name("stage/encode/the identity alone");

}  // namespace
}  // namespace tributary::encode
