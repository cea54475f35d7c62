#include "source/binlog/statement_scan.h"

#include <algorithm>
#include <array>

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

}  // namespace

Status scan_statements(const Instance& instance, const StreamPosition& from, const model::BinlogPosition& to,
                       const EachStatement& each, const base::CancelToken& cancel) {
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
  mysql::DumpStart dump;
  dump.at = from.at;
  if (dump.at.offset > UINT32_MAX) dump.at.offset = file_head;  // the dump command has 32 bits for it
  if (from.at.empty()) dump.gtid_set = from.gtid_set;
  dump.non_blocking = true;  // with server id 0, as mysqlbinlog does: it takes nobody's place
  TRY(connection.start_dump(dump));
  FormatDescription format;
  base::Buffer scratch;
  model::BinlogPosition at = dump.at;
  while (true) {
    if (cancel.requested()) return fail(ErrorCode::cancelled);
    TRY_VALUE(const std::string_view raw, connection.read_event());
    if (raw.empty()) return {};
    auto event = parse_event(raw, format);
    if (!event) return fail(std::move(event.error()).in(at.text()));
    const EventHeader& header = event->header;
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
    if (to < at) return {};
    if (header.type != EventType::query && header.type != EventType::query_compressed) continue;
    if (!(from.at < at)) continue;
    TRY_VALUE(const QueryEvent query, parse_query(*event, format, scratch));
    if (!is_of_transactions(query.sql) && !each(query, at)) return {};
  }
}

}  // namespace tributary::source
