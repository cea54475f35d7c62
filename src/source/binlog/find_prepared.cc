#include <fmt/format.h>

#include <map>

#include "source/binlog/event_body.h"
#include "source/binlog/payload.h"
#include "source/binlog/stream.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

// Walks one file and notes where each prepared transaction begins; the last one of an id counts.
class FileScan {
 public:
  FileScan(std::string file, const std::set<std::string>& xids) : xids_(xids) { end_.at = {std::move(file), 4}; }

  struct Found {
    StreamPosition begin;
    model::GtidSet own;  // its group's
  };
  std::map<std::string, Found> found;

  // False when the file is at its end.
  Result<bool> take(std::string_view raw) {
    TRY_VALUE(const EventView event, parse_event(raw, format_));
    const EventHeader& header = event.header;
    if (header.type == EventType::rotate) {
      TRY_VALUE(const RotateEvent rotate, parse_rotate(event, format_));
      return rotate.file == end_.at.file;
    }
    std::uint64_t offset =
        (end_.at.offset & ~std::uint64_t{0xffffffff}) | header.next_position;  // of 64 bits, 32 are logged
    if (offset < end_.at.offset) offset += std::uint64_t{1} << 32;
    switch (header.type) {
      case EventType::format_description: {
        TRY_VALUE(format_, parse_format_description(event));
        break;
      }
      case EventType::mariadb_gtid_list: {
        TRY_VALUE(end_.gtid_set, parse_mariadb_gtid_list(event));
        break;
      }
      case EventType::previous_gtids: {
        TRY_VALUE(end_.gtid_set, parse_previous_gtids(event));
        break;
      }
      case EventType::gtid:
      case EventType::gtid_tagged: {
        TRY_VALUE(const GtidEvent gtid, parse_gtid(event));
        note_begin();
        source_ = gtid.source_text();
        number_ = gtid.number;
        return true;
      }
      case EventType::mariadb_gtid: {
        TRY_VALUE(const MariaDbGtidEvent gtid, parse_mariadb_gtid(event));
        note_begin();
        if (gtid.is_prepared_xa() && gtid.xa) {
          model::GtidSet own;
          own.add_mariadb(gtid.domain, header.server_id, gtid.sequence);
          note(gtid.xa->key(), std::move(own));
        }
        end_.gtid_set.add_mariadb(gtid.domain, header.server_id, gtid.sequence);
        break;
      }
      case EventType::transaction_payload: {  // a compressed group, its XA START and XA PREPARE included
        TRY(payload_.open(event));
        std::string_view inner_raw;
        while (true) {
          TRY_VALUE(const bool more, payload_.next(inner_raw));
          if (!more) break;
          TRY_VALUE(const EventView inner, parse_event(inner_raw, format_.without_checksum()));
          if (inner.header.type == EventType::query) TRY(take_query(inner));
        }
        break;
      }
      case EventType::query: {
        TRY(take_query(event));
        break;
      }
      default:
        break;
    }
    if (!header.is_artificial() && header.next_position > 0) end_.at.offset = offset;
    // A group's own number belongs to the set before the next group's begin.
    if (header.type == EventType::xid || header.type == EventType::xa_prepare || header.type == EventType::query ||
        header.type == EventType::transaction_payload) {
      if (!source_.empty() && header.type != EventType::query) {
        end_.gtid_set.add_mysql(source_, number_);
        source_.clear();
      }
    }
    return true;
  }

 private:
  Status take_query(const EventView& event) {
    base::Buffer scratch;
    TRY_VALUE(const QueryEvent query, parse_query(event, format_, scratch));
    TRY_VALUE(const auto xa, parse_xa_statement(query.sql));
    if (xa && xa->verb == XaVerb::start) {
      if (source_.empty()) note_begin();
      model::GtidSet own;
      if (!source_.empty()) own.add_mysql(source_, number_);
      note(xa->id.key(), std::move(own));
    }
    return {};
  }
  void note_begin() {
    if (!source_.empty()) end_.gtid_set.add_mysql(source_, number_);  // a DDL group had no closing event
    source_.clear();
    begin_ = end_;
  }
  void note(const std::string& xid, model::GtidSet own) {
    if (xids_.contains(xid)) found[xid] = {begin_, std::move(own)};
  }

  const std::set<std::string>& xids_;
  FormatDescription format_;
  PayloadReader payload_;
  StreamPosition end_, begin_;
  std::string source_;
  std::uint64_t number_ = 0;
};

}  // namespace

Result<StreamPosition> find_prepared(const Instance& instance, const StreamPosition& from, std::uint32_t server_id,
                                     std::set<std::string>& xids, const base::CancelToken& cancel) {
  StreamPosition earliest = from;
  const bool by_set = from.at.empty();
  std::vector<std::string> files;
  {
    TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
    TRY_VALUE(const mysql::Table logs, connection.query("SHOW BINARY LOGS"));
    for (std::size_t i = 0; i < logs.rows.size(); ++i) files.emplace_back(logs.text(i, "Log_name"));
  }
  for (auto file = files.rbegin(); file != files.rend() && !xids.empty(); ++file) {
    TRY_VALUE(mysql::Connection connection, mysql::Connection::open(instance.endpoint));
    mysql::DumpStart start;
    start.at = {*file, 4};
    start.server_id = server_id;
    start.non_blocking = true;
    TRY(connection.start_dump(start));
    FileScan scan(*file, xids);
    while (true) {
      if (cancel.requested()) return fail(ErrorCode::cancelled);
      TRY_VALUE(const std::string_view raw, connection.read_event());
      if (raw.empty()) break;
      auto more = scan.take(raw);
      if (!more) return fail(std::move(more.error()).in(*file));
      if (!*more) break;
    }
    for (const auto& [xid, at] : scan.found) {
      const bool before_start = !by_set || (!at.own.empty() && from.gtid_set.contains(at.own));
      if (before_start && (earliest.at.empty() || at.begin.at < earliest.at)) {
        earliest = at.begin;
        if (by_set) earliest.gtid_set = at.begin.gtid_set.common(from.gtid_set);
      }
      xids.erase(xid);
    }
  }
  return earliest;
}

}  // namespace tributary::source
