#include "source/binlog/event_fields.h"

#include <fmt/format.h>

#include "source/binlog/cursor.h"
#include "source/binlog/event_fields_old.h"

namespace tributary::source {
namespace {

using base::Result;

std::string text_of(std::string_view text) { return std::string(text); }

EventFields fields_of(const RotateEvent& rotate) {
  return {{"next_file", text_of(rotate.file)}, {"next_position", rotate.position}};
}

EventFields fields_of(const XaPrepareEvent& prepare) {
  return {{"xid", prepare.id.key()}, {"one_phase", prepare.one_phase, !prepare.one_phase}};
}

EventFields fields_of(const IncidentEvent& incident) {
  EventFields fields{{"incident", std::uint64_t{incident.number}}};
  if (incident.number == 1) fields.push_back({"meaning", std::string("lost events")});
  if (!incident.message.empty()) fields.push_back({"message", text_of(incident.message)});
  return fields;
}

EventFields read_start_encryption(Cursor cursor) {
  const std::uint8_t scheme = cursor.u8();
  const std::uint32_t key_version = cursor.u32();
  const std::string_view nonce = cursor.bytes(12);
  return {{"scheme", std::uint64_t{scheme}}, {"key_version", std::uint64_t{key_version}}, {"nonce", to_hex(nonce)}};
}

EventFields read_transaction_context(Cursor cursor) {
  const std::uint8_t uuid_size = cursor.u8();
  const std::uint32_t thread_id = cursor.u32();
  const bool has_gtid = cursor.u8() != 0;
  cursor.skip(4);
  const std::uint32_t writes = cursor.u32();
  const std::uint32_t reads = cursor.u32();
  const std::string_view uuid = cursor.bytes(uuid_size);
  if (!cursor.ok()) return {};
  return {{"server_uuid", text_of(uuid)},
          {"thread_id", std::uint64_t{thread_id}},
          {"gtid_specified", has_gtid, true},
          {"write_set_items", std::uint64_t{writes}},
          {"read_set_items", std::uint64_t{reads}, true}};
}

EventFields read_view_change(Cursor cursor) {
  const std::string_view view_id = cursor.bytes(40);
  const std::uint64_t sequence = cursor.u64();
  const std::uint32_t items = cursor.u32();
  if (!cursor.ok()) return {};
  return {{"view_id", text_of(view_id.substr(0, view_id.find('\0')))},
          {"sequence_number", sequence},
          {"certification_items", std::uint64_t{items}}};
}

// The file up to which the engines have everything.
Result<EventFields> read_checkpoint(Cursor cursor) {
  const std::uint32_t size = cursor.u32();
  const std::string_view file = cursor.bytes(size);
  if (!cursor.ok()) return cursor.malformed("Binlog_checkpoint");
  return EventFields{{"file", text_of(file)}};
}

template <typename Parsed>
Result<EventFields> fields_or_error(const Result<Parsed>& parsed) {
  if (!parsed) return base::fail(parsed.error());
  return fields_of(*parsed);
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::vector<std::string> flag_names(std::uint16_t flags) {
  struct Name {
    std::uint16_t flag;
    std::string_view name;
  };
  constexpr Name names[] = {{0x01, "in_use"},       {0x02, "forced_rotate"}, {0x04, "thread_specific"},
                            {0x08, "suppress_use"}, {0x20, "artificial"},    {0x40, "relay_log"},
                            {0x80, "ignorable"},    {0x100, "no_filter"},    {0x200, "mts_isolate"}};
  std::vector<std::string> out;
  for (const Name& name : names) {
    if ((flags & name.flag) == 0) continue;
    out.emplace_back(name.name);
    flags = static_cast<std::uint16_t>(flags & ~name.flag);
  }
  if (flags != 0) out.push_back(fmt::format("{:#x}", flags));
  return out;
}

EventFields fields_of(const FormatDescription& format) {
  EventFields fields{{"binlog_version", std::uint64_t{format.binlog_version}},
                     {"server_version", format.server_version},
                     {"checksum", std::string(format.checksum == Checksum::crc32 ? "CRC32" : "NONE")}};
  if (format.created != 0) fields.push_back({"created", std::uint64_t{format.created}, true});
  fields.push_back({"header_length", std::uint64_t{format.header_length}, true});
  return fields;
}

EventFields fields_of(const QueryEvent& query) {
  EventFields fields;
  if (!query.database.empty()) fields.push_back({"database", text_of(query.database)});
  fields.push_back({"sql", text_of(query.sql)});
  fields.push_back({"thread_id", std::uint64_t{query.thread_id}, true});
  fields.push_back({"execution_s", std::uint64_t{query.execution_s}, true});
  if (query.error_code != 0) fields.push_back({"error_code", std::uint64_t{query.error_code}});
  const auto number = [&](std::string_view name, const auto& value) {
    if (value) fields.push_back({name, std::uint64_t{*value}, true});
  };
  number("sql_mode", query.sql_mode);
  number("client_collation", query.client_collation);
  number("connection_collation", query.connection_collation);
  number("server_collation", query.server_collation);
  number("database_collation", query.database_collation);
  if (!query.time_zone.empty()) fields.push_back({"time_zone", text_of(query.time_zone), true});
  number("ddl_xid", query.ddl_xid);
  return fields;
}

EventFields fields_of(const GtidEvent& gtid) {
  EventFields fields;
  if (gtid.is_anonymous)
    fields.push_back({"gtid", std::string("ANONYMOUS")});
  else
    fields.push_back({"gtid", fmt::format("{}:{}", gtid.source_text(), gtid.number)});
  fields.push_back({"flags", std::uint64_t{gtid.flags}, true});
  fields.push_back({"last_committed", gtid.last_committed, true});
  fields.push_back({"sequence_number", gtid.sequence_number, true});
  const auto number = [&](std::string_view name, std::uint64_t value) {
    if (value != 0) fields.push_back({name, value, true});
  };
  number("immediate_commit_us", gtid.immediate_commit_us);
  number("original_commit_us", gtid.original_commit_us);
  number("transaction_length", gtid.transaction_length);
  number("immediate_version", gtid.immediate_version);
  number("original_version", gtid.original_version);
  return fields;
}

EventFields fields_of(const MariaDbGtidEvent& gtid, std::uint32_t server_id) {
  EventFields fields{{"gtid", fmt::format("{}-{}-{}", gtid.domain, server_id, gtid.sequence)}};
  std::vector<std::string> flags;
  constexpr std::string_view names[] = {"standalone", "group_commit", "transactional", "allow_parallel",
                                        "waited",     "ddl",          "prepared_xa",   "completed_xa"};
  for (unsigned bit = 0; bit < 8; ++bit)
    if ((gtid.flags >> bit & 1) != 0) flags.emplace_back(names[bit]);
  if ((gtid.extra_flags & MariaDbGtidEvent::extra_start_alter) != 0) flags.emplace_back("start_alter");
  if ((gtid.extra_flags & MariaDbGtidEvent::extra_commit_alter) != 0) flags.emplace_back("commit_alter");
  if ((gtid.extra_flags & MariaDbGtidEvent::extra_rollback_alter) != 0) flags.emplace_back("rollback_alter");
  if (!flags.empty()) fields.push_back({"flags", std::move(flags)});
  if (gtid.commit_id != 0) fields.push_back({"commit_id", gtid.commit_id, true});
  if (gtid.xa) fields.push_back({"xid", gtid.xa->key()});
  if (gtid.start_alter_sequence != 0) fields.push_back({"start_alter_sequence", gtid.start_alter_sequence});
  return fields;
}

Result<EventFields> read_event_fields(const EventView& event, const FormatDescription& format) {
  const Cursor cursor(event.body, event.body_offset);
  switch (event.header.type) {
    case EventType::rotate:
      return fields_or_error(parse_rotate(event, format));
    case EventType::xid: {
      TRY_VALUE(const std::uint64_t xid, parse_xid(event));
      return EventFields{{"xid", xid}};
    }
    case EventType::previous_gtids: {
      TRY_VALUE(const model::GtidSet set, parse_previous_gtids(event));
      return EventFields{{"gtid_set", set.text()}};
    }
    case EventType::mariadb_gtid_list: {
      TRY_VALUE(const model::GtidSet set, parse_mariadb_gtid_list(event));
      return EventFields{{"gtid_set", set.text()}};
    }
    case EventType::xa_prepare:
      return fields_or_error(parse_xa_prepare(event));
    case EventType::heartbeat:
    case EventType::heartbeat_v2: {
      const auto heartbeat = parse_heartbeat(event);
      if (!heartbeat) return EventFields{};
      return EventFields{{"file", text_of(heartbeat->file)}, {"position", heartbeat->position}};
    }
    case EventType::incident:
      return fields_or_error(parse_incident(event));
    case EventType::rows_query:
    case EventType::annotate_rows: {
      TRY_VALUE(const std::string_view sql, parse_rows_query(event));
      return EventFields{{"sql", text_of(sql)}};
    }
    case EventType::binlog_checkpoint:
      return read_checkpoint(cursor);
    case EventType::start_encryption:
      return read_start_encryption(cursor);
    case EventType::transaction_context:
      return read_transaction_context(cursor);
    case EventType::view_change:
      return read_view_change(cursor);
    default:
      return read_old_event_fields(event);
  }
}

}  // namespace tributary::source
