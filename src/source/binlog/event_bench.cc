// What comes before rows: framing with and without a checksum, payloads, table maps; and JSON by itself.
#include <benchmark/benchmark.h>
#include <zstd.h>

#include <string>

#include "source/binlog/bench_events.h"
#include "source/binlog/json_binary.h"
#include "source/binlog/payload.h"
#include "source/binlog/row_reader.h"
#include "source/binlog/table_map.h"

namespace tributary::source {
namespace {

void framing(benchmark::State& state, bool with_checksum) {
  std::size_t rows = 0;
  const std::string raw = bench::rows_event(bench::orders(), EventType::write_rows_v1, rows, with_checksum);
  FormatDescription format;
  format.checksum = with_checksum ? Checksum::crc32 : Checksum::off;
  for (auto _ : state) {
    auto event = parse_event(raw, format);
    if (!event) return state.SkipWithError("event");
    benchmark::DoNotOptimize(event->body.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * rows));
  // Without a checksum the bytes are not looked at.
  if (with_checksum) state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * raw.size()));
}
BENCHMARK_CAPTURE(framing, checked, true)->Name("stage/framing/CRC-32, 8 KiB events of orders");
BENCHMARK_CAPTURE(framing, unchecked, false)->Name("stage/framing/no checksum, 8 KiB events of orders");

void payload(benchmark::State& state) {
  std::string plain;
  std::size_t rows = 0;
  for (int i = 0; i < 64; ++i) plain += bench::rows_event(bench::orders(), EventType::write_rows_v1, rows, false);
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  std::string body("\2\1\0\0", 4);
  EventView event;
  event.header.type = EventType::transaction_payload;
  event.body = body += packed;
  PayloadReader reader;
  std::string_view raw;
  for (auto _ : state) {
    if (!reader.open(event)) return state.SkipWithError("open");
    while (true) {
      auto more = reader.next(raw);
      if (!more) return state.SkipWithError(more.error().message().c_str());
      if (!*more) break;
      benchmark::DoNotOptimize(raw.data());
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * rows * 64));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * plain.size()));
}
BENCHMARK(payload)->Name("stage/payload/zstd, 64 events of orders");

// One of the table maps before every rows event, and one that says something new.
void table_map(benchmark::State& state, bool is_new) {
  const auto columns = bench::orders();
  const std::string bytes[2] = {bench::table_map_event(columns),
                                bench::table_map_event({columns.rbegin(), columns.rend()})};
  FormatDescription format;
  format.checksum = Checksum::crc32;
  TableMap map;
  std::size_t turn = 0;
  for (auto _ : state) {
    auto event = parse_event(bytes[is_new ? turn++ % 2 : 0], format);
    if (!event || !parse_mapped_table(*event, format) || !map.parse(*event, format))
      return state.SkipWithError("table map");
    benchmark::DoNotOptimize(map.table_id());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(table_map, again, false)->Name("stage/table map/as the last one (per event)");
BENCHMARK_CAPTURE(table_map, changed, true)->Name("stage/table map/another layout (per event)");

void json_text(benchmark::State& state, std::size_t members) {
  // One object of that many numbers and short texts, as MySQL stores it.
  std::string document;
  if (members == 0) {
    document = bench::json_document();
  } else {
    std::string keys, key_entries, values, value_entries;
    const std::size_t head = 4 + members * 7;
    const std::size_t keys_size = members * 5;
    for (std::size_t i = 0; i < members; ++i) {
      bench::put(key_entries, head + keys.size(), 2);
      bench::put(key_entries, 5, 2);
      keys += "k" + std::to_string(1000 + i);
      value_entries += i % 2 == 0 ? '\xb' : '\xc';
      bench::put(value_entries, head + keys_size + values.size(), 2);
      const double number = 1.5 * static_cast<double>(i);
      if (i % 2 == 0)
        values.append(reinterpret_cast<const char*>(&number), 8);
      else
        bench::put_text(values, i, 20, 1);
    }
    document = std::string(1, '\0');
    bench::put(document, members, 2);
    bench::put(document, head + keys.size() + values.size(), 2);
    document += key_entries + value_entries + keys + values;
  }
  base::Buffer out;
  for (auto _ : state) {
    out.clear();
    if (auto done = append_json_text(document, out); !done) return state.SkipWithError(done.error().message().c_str());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * document.size()));
}
BENCHMARK_CAPTURE(json_text, small, 0)->Name("stage/JSON text/75 B, three deep (per value)");
BENCHMARK_CAPTURE(json_text, large, 500)->Name("stage/JSON text/12 KB, 500 members (per value)");

}  // namespace
}  // namespace tributary::source
