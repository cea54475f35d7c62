#include "source/binlog/statement_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "mysql/connection.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::uint64_t file_head = 4;

bool is_of_transactions(std::string_view sql) {
  static constexpr std::array starts = {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT ", "XA "};
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) { return sql.starts_with(start); });
}

// What is long and holds no statement. Its checksum is looked at by the one who reads its rows.
bool is_of_rows(EventType type) {
  return is_rows_event(type) || type == EventType::table_map || type == EventType::transaction_payload;
}

// One dump, up to where the server has no more. Moves `from` on, but for one that is given by transactions: a place in
// a file would have the server send what it left out. True if there is nothing left to be looked for.
Result<bool> scan_once(const Instance& instance, StreamPosition& from, const model::BinlogPosition& to,
                       const EachStatement& each, const base::CancelToken& cancel) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
  mysql::DumpStart dump;
  dump.at = from.at;
  if (dump.at.offset > UINT32_MAX) dump.at.offset = file_head;  // the dump command has 32 bits for it
  const bool by_gtid = from.at.empty();
  if (by_gtid) dump.gtid_set = from.gtid_set;
  model::BinlogPosition reached = from.at;
  dump.non_blocking = true;  // with server id 0, as mysqlbinlog does: it takes nobody's place
  TRY(connection.start_dump(dump));
  FormatDescription format;
  base::Buffer scratch;
  model::BinlogPosition at = dump.at;
  while (true) {
    if (cancel.requested()) return fail(ErrorCode::cancelled);
    TRY_VALUE(const std::string_view raw, connection.read_event());
    if (raw.empty()) return !(reached < to);
    auto framed = parse_event_header(raw);
    if (!framed) return fail(std::move(framed.error()).in(at.text()));
    const EventHeader& header = *framed;
    std::optional<EventView> event;
    if (!is_of_rows(header.type)) {
      auto whole = parse_event(raw, format);
      if (!whole) return fail(std::move(whole.error()).in(at.text()));
      event = *whole;
    }
    if (header.type == EventType::rotate) {
      TRY_VALUE(const RotateEvent rotate, parse_rotate(*event, format));
      at = {std::string(rotate.file), rotate.position};
    } else if (header.type == EventType::format_description) {
      TRY_VALUE(format, parse_format_description(*event));
    } else if (!header.is_artificial() && header.next_position > 0) {
      std::uint64_t next = (at.offset & ~std::uint64_t{0xffffffff}) | header.next_position;
      if (next < at.offset) next += std::uint64_t{1} << 32;
      at.offset = next;
    }
    if (to < at) return true;
    if (!(reached < at)) continue;
    reached = at;
    if (!by_gtid) from.at = at;
    if (header.type != EventType::query && header.type != EventType::query_compressed) continue;
    TRY_VALUE(const QueryEvent query, parse_query(*event, format, scratch));
    if (!is_of_transactions(query.sql) && !each(query, at)) return true;
  }
}

}  // namespace

Status scan_statements(const Instance& instance, const StreamPosition& from, const model::BinlogPosition& to,
                       const EachStatement& each, base::CancelToken& cancel) {
  constexpr int tries_max = 100;
  constexpr std::int64_t pause_ms = 50;
  StreamPosition begin = from;
  // A dump is given what is synced, and ends there: a place that the server has told can lie behind it for a moment.
  for (int tries = 0; tries < tries_max; ++tries) {
    TRY_VALUE(const bool is_done, scan_once(instance, begin, to, each, cancel));
    if (is_done) return {};
    // What the server leaves out shows no place: then the log has ended where it ended several times.
    constexpr int ends_enough = 5;
    if (from.at.empty() && tries + 1 >= ends_enough) return {};
    if (cancel.wait_for_ms(pause_ms)) return fail(ErrorCode::cancelled);
  }
  return fail(ErrorCode::source_busy,
              fmt::format("the log can be read up to {} only, not {}", begin.at.text(), to.text()), instance.name);
}

}  // namespace tributary::source
