#include "source/binlog/event_body.h"

#include "source/binlog/cursor.h"
#include "source/binlog/payload.h"

namespace tributary::source {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

void append_uuid(std::string& out, const std::uint8_t* bytes) {
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += hex_digits[bytes[i] >> 4];
    out += hex_digits[bytes[i] & 15];
  }
}

// Query event status variables, by code (MySQL Q_*, MariaDB from 128).
bool parse_status_variables(std::string_view block, std::size_t offset, QueryEvent& query) {
  Cursor cursor(block, offset);
  while (cursor.left() != 0 && cursor.ok()) {
    switch (cursor.u8()) {
      case 0:
        query.flags2 = cursor.u32();
        break;
      case 1:
        query.sql_mode = cursor.u64();
        break;
      case 2:
        cursor.skip(cursor.u8() + 1u);
        break;  // catalog with its end mark
      case 3:
        cursor.skip(4);
        break;  // auto_increment_increment, _offset
      case 4:
        query.client_collation = cursor.u16();
        query.connection_collation = cursor.u16();
        query.server_collation = cursor.u16();
        break;
      case 5:
        query.time_zone = cursor.bytes(cursor.u8());
        break;
      case 6:
        cursor.skip(cursor.u8());
        break;  // catalog
      case 7:
        cursor.skip(2);
        break;  // lc_time_names
      case 8:
        query.database_collation = cursor.u16();
        break;
      case 9:
        cursor.skip(8);
        break;  // tables for update
      case 10:
        cursor.skip(4);
        break;  // master data written
      case 11:  // invoker
        cursor.skip(cursor.u8());
        cursor.skip(cursor.u8());
        break;
      case 12: {  // updated databases; 254: too many to list
        const std::uint8_t count = cursor.u8();
        for (int i = 0; count != 254 && i < count && cursor.ok(); ++i) {
          while (cursor.ok() && cursor.u8() != 0) {
          }
        }
        break;
      }
      case 13:
        cursor.skip(3);
        break;  // microseconds
      case 16:
        query.explicit_defaults_for_timestamp = cursor.u8() != 0;
        break;
      case 17:
        query.ddl_xid = cursor.u64();
        break;
      case 18:
        query.utf8mb4_collation = cursor.u16();
        break;
      case 19:
        query.requires_primary_key = cursor.u8() != 0;
        break;
      case 20:
        cursor.skip(1);
        break;  // default_table_encryption
      case 128:
        cursor.skip(3);
        break;  // MariaDB: microseconds
      case 129:
        query.ddl_xid = cursor.u64();
        break;
      case 130: {  // MariaDB: extra flags of the transaction, with the start of a two-phase ALTER for its end
        constexpr std::uint8_t ends_alter = 4 | 8;  // one byte on 10.11
        if ((cursor.u8() & ends_alter) != 0) cursor.skip(8);
        break;
      }
      case 131:  // MariaDB: character_set_collations, pairs of collation ids
        query.charset_collations = cursor.bytes(cursor.u8() * 4u);
        break;
      default:
        return true;  // a later server's: what follows can't be told apart
    }
  }
  return cursor.ok();
}

// The serialization of MySQL 8.3's tagged Gtid event: numbers of 1 to 9 bytes, whose length is the count of low set
// bits.
class TaggedCursor {
 public:
  explicit TaggedCursor(Cursor& cursor) : cursor_(cursor) {}

  std::uint64_t number() {
    const std::uint8_t first = cursor_.u8();
    const int more = __builtin_ctz(~static_cast<unsigned>(first));  // 0 to 8
    if (more == 0) return first >> 1;
    const std::string_view rest = cursor_.bytes(static_cast<std::uint64_t>(more));
    std::uint64_t high = 0;
    if (!rest.empty()) std::memcpy(&high, rest.data(), rest.size());
    if (more >= 7) return high;
    return high << (7 - more) | first >> (more + 1);
  }
  std::int64_t signed_number() {  // the sign is the lowest bit
    const std::uint64_t coded = number();
    const auto magnitude = static_cast<std::int64_t>(coded >> 1);
    return (coded & 1) != 0 ? -magnitude - 1 : magnitude;
  }

 private:
  Cursor& cursor_;
};

base::Result<GtidEvent> parse_tagged_gtid(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  TaggedCursor tagged(cursor);
  GtidEvent gtid;
  tagged.number();  // serialization version
  tagged.number();  // size
  tagged.number();  // last field that must be understood
  while (cursor.left() != 0 && cursor.ok()) {
    switch (tagged.number()) {
      case 0:
        gtid.flags = static_cast<std::uint8_t>(tagged.number());
        break;
      case 1:
        for (std::uint8_t& byte : gtid.uuid) byte = static_cast<std::uint8_t>(tagged.number());
        break;
      case 2:
        gtid.number = static_cast<std::uint64_t>(tagged.signed_number());
        break;
      case 3:
        gtid.tag = cursor.bytes(tagged.number());
        break;
      case 4:
        gtid.last_committed = tagged.signed_number();
        break;
      case 5:
        gtid.sequence_number = tagged.signed_number();
        break;
      case 6:
        gtid.immediate_commit_us = tagged.number();
        break;
      case 7:
        gtid.original_commit_us = tagged.number();
        break;
      case 8:
        gtid.transaction_length = tagged.number();
        break;
      case 9:
        gtid.immediate_version = static_cast<std::uint32_t>(tagged.number());
        break;
      case 10:
        gtid.original_version = static_cast<std::uint32_t>(tagged.number());
        break;
      case 11:
        tagged.number();
        break;  // commit group
      default:
        cursor.skip(cursor.left());
        break;  // a later server's
    }
  }
  if (!cursor.ok()) return cursor.malformed("Gtid_tagged");
  if (gtid.number > INT64_MAX) return cursor.malformed("Gtid_tagged: a number no server gives");
  if (gtid.tag.size() > 32) return cursor.malformed("Gtid_tagged: a tag of more than 32 characters");
  if (gtid.original_commit_us == 0) gtid.original_commit_us = gtid.immediate_commit_us;
  if (gtid.original_version == 0) gtid.original_version = gtid.immediate_version;
  return gtid;
}

}  // namespace

base::Result<RotateEvent> parse_rotate(const EventView& event, const FormatDescription& format) {
  Cursor cursor(event.body, event.body_offset);
  RotateEvent rotate;
  const std::size_t post_header = format.post_header_length(EventType::rotate);
  if (post_header >= 8) {
    rotate.position = cursor.u64();
    cursor.skip(post_header - 8);
  }
  rotate.file = cursor.rest();
  if (!cursor.ok() || rotate.file.empty() || rotate.file.find('\0') != std::string_view::npos) {
    return cursor.malformed("Rotate: no file name");
  }
  return rotate;
}

base::Result<QueryEvent> parse_query(const EventView& event, const FormatDescription& format, base::Buffer& scratch) {
  Cursor cursor(event.body, event.body_offset);
  QueryEvent query;
  query.thread_id = cursor.u32();
  query.execution_s = cursor.u32();
  const std::uint8_t database_size = cursor.u8();
  query.error_code = cursor.u16();
  std::size_t read = 11;
  std::size_t status_size = 0;
  const std::size_t post_header = format.post_header_length(event.header.type);
  if (post_header >= 13) {
    status_size = cursor.u16();
    read = 13;
  }
  if (post_header > read) cursor.skip(post_header - read);
  const std::size_t status_offset = cursor.offset();
  const std::string_view status = cursor.bytes(status_size);
  query.database = cursor.bytes(database_size);
  cursor.skip(1);
  query.sql = cursor.rest();
  if (!cursor.ok()) return cursor.malformed("Query");
  if (!parse_status_variables(status, status_offset, query)) {
    return malformed("Query: the status variables end too early", status_offset + status_size);
  }
  if (event.header.type == EventType::query_compressed) {
    scratch.clear();
    TRY(inflate_mariadb(query.sql, scratch, event.header.size - query.sql.size()));
    query.sql = scratch.view();
  }
  return query;
}

base::Result<std::uint64_t> parse_xid(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  const std::uint64_t xid = cursor.u64();
  if (!cursor.ok()) return cursor.malformed("Xid");
  return xid;
}

std::string GtidEvent::source_text() const {
  std::string text;
  append_uuid(text, uuid.data());
  if (!tag.empty()) {
    text += ':';
    text += tag;
  }
  return text;
}

base::Result<GtidEvent> parse_gtid(const EventView& event) {
  if (event.header.type == EventType::gtid_tagged) return parse_tagged_gtid(event);
  Cursor cursor(event.body, event.body_offset);
  GtidEvent gtid;
  gtid.is_anonymous = event.header.type == EventType::anonymous_gtid;
  gtid.flags = cursor.u8();
  const std::string_view uuid = cursor.bytes(16);
  if (!uuid.empty()) std::memcpy(gtid.uuid.data(), uuid.data(), 16);
  gtid.number = cursor.u64();
  if (!cursor.ok()) return cursor.malformed("Gtid");
  if (gtid.number > INT64_MAX) return cursor.malformed("Gtid: a number no server gives");
  constexpr std::uint8_t logical_timestamps = 2;
  if (cursor.left() < 17 || cursor.u8() != logical_timestamps) return gtid;
  gtid.last_committed = static_cast<std::int64_t>(cursor.u64());
  gtid.sequence_number = static_cast<std::int64_t>(cursor.u64());
  if (cursor.left() < 7) return gtid;
  constexpr std::uint64_t two_values = std::uint64_t{1} << 55;
  gtid.immediate_commit_us = cursor.uint<7>();
  gtid.original_commit_us = gtid.immediate_commit_us;
  if ((gtid.immediate_commit_us & two_values) != 0) {
    gtid.immediate_commit_us &= ~two_values;
    gtid.original_commit_us = cursor.uint<7>();
  }
  if (cursor.ok() && cursor.left() != 0) gtid.transaction_length = cursor.packed();
  if (cursor.ok() && cursor.left() >= 4) {
    constexpr std::uint32_t two_versions = std::uint32_t{1} << 31;
    gtid.immediate_version = cursor.u32();
    gtid.original_version = gtid.immediate_version;
    if ((gtid.immediate_version & two_versions) != 0) {
      gtid.immediate_version &= ~two_versions;
      gtid.original_version = cursor.u32();
    }
  }
  if (!cursor.ok()) return cursor.malformed("Gtid");
  return gtid;
}

base::Result<model::GtidSet> parse_previous_gtids(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  std::uint64_t sources = cursor.u64();
  constexpr std::uint64_t tagged_format = 1;
  const bool is_tagged = sources >> 56 == tagged_format;  // MySQL 8.3 and later, where there are tags
  if (is_tagged) sources = sources >> 8 & 0xffffffffffff;
  std::string text;
  for (std::uint64_t i = 0; i < sources && cursor.ok(); ++i) {
    const std::string_view uuid = cursor.bytes(16);
    std::string_view tag;
    if (is_tagged) {
      TaggedCursor tagged(cursor);
      tag = cursor.bytes(tagged.number());
    }
    const std::uint64_t intervals = cursor.u64();
    if (!cursor.ok() || intervals > cursor.left() / 16) return cursor.malformed("Previous_gtids: ends too early");
    if (intervals == 0) continue;
    if (!text.empty()) text += ',';
    append_uuid(text, reinterpret_cast<const std::uint8_t*>(uuid.data()));
    if (!tag.empty()) {
      text += ':';
      text += tag;
    }
    for (std::uint64_t n = 0; n < intervals; ++n) {
      const std::uint64_t first = cursor.u64();
      const std::uint64_t end = cursor.u64();
      if (first == 0 || end <= first || end > INT64_MAX) return cursor.malformed("Previous_gtids: a wrong interval");
      text += ':';
      text += std::to_string(first);
      if (end - 1 != first) {
        text += '-';
        text += std::to_string(end - 1);
      }
    }
  }
  if (!cursor.ok()) return cursor.malformed("Previous_gtids");
  auto set = model::GtidSet::parse(text);
  if (!set) return malformed("Previous_gtids: " + set.error().message(), event.body_offset);
  return set;
}

base::Result<MariaDbGtidEvent> parse_mariadb_gtid(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  MariaDbGtidEvent gtid;
  gtid.sequence = cursor.u64();
  gtid.domain = cursor.u32();
  gtid.flags = cursor.u8();
  if (!cursor.ok()) return cursor.malformed("Gtid (MariaDB)");
  // Without any of what follows the server fills up to its header length with zeros.
  if ((gtid.flags & MariaDbGtidEvent::flag_group_commit_id) != 0) gtid.commit_id = cursor.u64();
  if (gtid.is_prepared_xa() || gtid.is_completed_xa()) {
    XaId id;
    id.format_id = static_cast<std::int32_t>(cursor.u32());
    const std::uint8_t gtrid_size = cursor.u8();
    const std::uint8_t bqual_size = cursor.u8();
    id.gtrid = cursor.bytes(gtrid_size);
    id.bqual = cursor.bytes(bqual_size);
    gtid.xa = std::move(id);
  }
  if (cursor.ok() && cursor.left() != 0) {
    gtid.extra_flags = cursor.u8();
    constexpr std::uint8_t extra_engines = 0x01;
    if ((gtid.extra_flags & extra_engines) != 0) cursor.skip(1);
    if ((gtid.extra_flags & (MariaDbGtidEvent::extra_commit_alter | MariaDbGtidEvent::extra_rollback_alter)) != 0)
      gtid.start_alter_sequence = cursor.u64();
  }
  if (!cursor.ok()) return cursor.malformed("Gtid (MariaDB)");
  return gtid;
}

base::Result<model::GtidSet> parse_mariadb_gtid_list(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  const std::uint32_t count = cursor.u32() & 0x0fffffff;
  if (!cursor.ok() || count > cursor.left() / 16) return cursor.malformed("Gtid_list: ends too early");
  model::GtidSet set;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t domain = cursor.u32();
    const std::uint32_t server_id = cursor.u32();
    set.add_mariadb(domain, server_id, cursor.u64());
  }
  return set;
}

base::Result<XaPrepareEvent> parse_xa_prepare(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  XaPrepareEvent prepare;
  prepare.one_phase = cursor.u8() != 0;
  prepare.id.format_id = static_cast<std::int32_t>(cursor.u32());
  const std::uint32_t gtrid_size = cursor.u32();
  const std::uint32_t bqual_size = cursor.u32();
  prepare.id.gtrid = cursor.bytes(gtrid_size);
  prepare.id.bqual = cursor.bytes(bqual_size);
  if (!cursor.ok() || gtrid_size > 64 || bqual_size > 64) return cursor.malformed("XA_prepare");
  return prepare;
}

base::Result<HeartbeatEvent> parse_heartbeat(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  HeartbeatEvent heartbeat;
  heartbeat.position = event.header.next_position;
  if (event.header.type == EventType::heartbeat) {
    // MariaDB puts an offset that does not fit the header before the name, in 64 bits (none has a NUL byte in a name).
    if (heartbeat.position == 0 && event.body.size() > 8 && event.body[7] == 0) heartbeat.position = cursor.u64();
    heartbeat.file = cursor.rest();
  } else {
    // Fields of type, length, value, up to type 0.
    constexpr std::uint64_t end_mark = 0, file_name = 1, position = 2;
    while (cursor.ok()) {
      const std::uint64_t type = cursor.packed();
      if (!cursor.ok() || type == end_mark) break;
      const std::size_t offset = cursor.offset();
      const std::string_view value = cursor.packed_bytes();
      if (type == file_name) heartbeat.file = value;
      if (type == position) {
        Cursor inner(value, offset);
        heartbeat.position = inner.packed();
        if (!inner.ok()) return inner.malformed("Heartbeat_v2");
      }
    }
  }
  if (!cursor.ok() || heartbeat.file.empty()) return cursor.malformed("Heartbeat: no file name");
  return heartbeat;
}

base::Result<IncidentEvent> parse_incident(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  IncidentEvent incident;
  incident.number = cursor.u16();
  if (cursor.left() != 0) incident.message = cursor.bytes(cursor.u8());
  if (!cursor.ok()) return cursor.malformed("Incident");
  return incident;
}

base::Result<std::string_view> parse_rows_query(const EventView& event) {
  std::string_view text = event.body;
  if (event.header.type == EventType::rows_query) {
    if (text.empty()) return malformed("Rows_query: ends too early", event.body_offset);
    text.remove_prefix(1);  // a length that servers ignore
  }
  return text;
}

}  // namespace tributary::source
