#include "source/binlog/event.h"

#include <libdeflate.h>

#include <charconv>

#include "source/binlog/cursor.h"

namespace tributary::source {
namespace {

using base::ErrorCode;

constexpr std::size_t checksum_size = 4;
constexpr std::size_t server_version_size = 50;
// Before the list of post-header lengths: binlog version, server version, created, header length.
constexpr std::size_t format_head_size = 2 + server_version_size + 4 + 1;

struct TypeName {
  EventType type;
  std::string_view name;
};
constexpr TypeName type_names[] = {
    {EventType::start_v3, "Start_v3"},
    {EventType::query, "Query"},
    {EventType::stop, "Stop"},
    {EventType::rotate, "Rotate"},
    {EventType::intvar, "Intvar"},
    {EventType::load, "Load"},
    {EventType::slave, "Slave"},
    {EventType::create_file, "Create_file"},
    {EventType::append_block, "Append_block"},
    {EventType::exec_load, "Exec_load"},
    {EventType::delete_file, "Delete_file"},
    {EventType::new_load, "New_load"},
    {EventType::rand, "Rand"},
    {EventType::user_var, "User_var"},
    {EventType::format_description, "Format_desc"},
    {EventType::xid, "Xid"},
    {EventType::begin_load_query, "Begin_load_query"},
    {EventType::execute_load_query, "Execute_load_query"},
    {EventType::table_map, "Table_map"},
    {EventType::pre_ga_write_rows, "Pre_GA_write_rows"},
    {EventType::pre_ga_update_rows, "Pre_GA_update_rows"},
    {EventType::pre_ga_delete_rows, "Pre_GA_delete_rows"},
    {EventType::write_rows_v1, "Write_rows_v1"},
    {EventType::update_rows_v1, "Update_rows_v1"},
    {EventType::delete_rows_v1, "Delete_rows_v1"},
    {EventType::incident, "Incident"},
    {EventType::heartbeat, "Heartbeat"},
    {EventType::ignorable, "Ignorable"},
    {EventType::rows_query, "Rows_query"},
    {EventType::write_rows, "Write_rows"},
    {EventType::update_rows, "Update_rows"},
    {EventType::delete_rows, "Delete_rows"},
    {EventType::gtid, "Gtid"},
    {EventType::anonymous_gtid, "Anonymous_gtid"},
    {EventType::previous_gtids, "Previous_gtids"},
    {EventType::transaction_context, "Transaction_context"},
    {EventType::view_change, "View_change"},
    {EventType::xa_prepare, "XA_prepare"},
    {EventType::partial_update_rows, "Update_rows_partial"},
    {EventType::transaction_payload, "Transaction_payload"},
    {EventType::heartbeat_v2, "Heartbeat_v2"},
    {EventType::gtid_tagged, "Gtid_tagged"},
    {EventType::annotate_rows, "Annotate_rows"},
    {EventType::binlog_checkpoint, "Binlog_checkpoint"},
    {EventType::mariadb_gtid, "Gtid (MariaDB)"},
    {EventType::mariadb_gtid_list, "Gtid_list"},
    {EventType::start_encryption, "Start_encryption"},
    {EventType::query_compressed, "Query_compressed"},
    {EventType::write_rows_compressed_v1, "Write_rows_compressed_v1"},
    {EventType::update_rows_compressed_v1, "Update_rows_compressed_v1"},
    {EventType::delete_rows_compressed_v1, "Delete_rows_compressed_v1"},
    {EventType::write_rows_compressed, "Write_rows_compressed"},
    {EventType::update_rows_compressed, "Update_rows_compressed"},
    {EventType::delete_rows_compressed, "Delete_rows_compressed"},
};

bool crc_matches(std::string_view raw, bool clear_in_use) {
  const char* bytes = raw.data();
  const std::size_t size = raw.size() - checksum_size;
  const auto expected = static_cast<std::uint32_t>(little<4>(bytes + size));
  if (!clear_in_use) return libdeflate_crc32(0, bytes, size) == expected;
  // The flag is set in place while the file is open; the checksum is that of the closed file.
  const auto flags = static_cast<unsigned char>(bytes[17] & ~EventHeader::flag_in_use);
  auto crc = libdeflate_crc32(0, bytes, 17);
  crc = libdeflate_crc32(crc, &flags, 1);
  return libdeflate_crc32(crc, bytes + 18, size - 18) == expected;
}

// "8.0.34-log" to 80034.
std::uint32_t version_number(std::string_view text) {
  std::uint32_t parts[3] = {0, 0, 0};
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (auto& part : parts) {
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc() || part > 999) break;
    at = next;
    if (at == end || *at != '.') break;
    ++at;
  }
  return parts[0] * 10000 + parts[1] * 100 + parts[2];
}

std::string_view server_version_of(std::string_view body) {
  const std::string_view field = body.substr(2, server_version_size);
  return field.substr(0, field.find('\0'));
}

bool is_mariadb_version(std::string_view version) { return version.find("MariaDB") != std::string_view::npos; }

// Format descriptions of these servers end with the algorithm and a checksum.
bool describes_checksum(std::string_view version) {
  return version_number(version) >= (is_mariadb_version(version) ? 50300u : 50601u);
}

std::unexpected<base::Error> bad_checksum(const EventHeader& header) {
  return base::fail(ErrorCode::data_event_checksum,
                    std::string(to_string(header.type)) + " event of " + std::to_string(header.size) + " bytes",
                    "byte " + std::to_string(header.size - checksum_size) + " of the event");
}

}  // namespace

std::string_view to_string(EventType type) {
  for (const TypeName& entry : type_names) {
    if (entry.type == type) return entry.name;
  }
  return "Unknown";
}

base::Result<EventHeader> parse_event_header(std::string_view raw) {
  if (raw.size() < event_header_size) {
    return malformed("an event of " + std::to_string(raw.size()) + " bytes has no whole header", raw.size());
  }
  const char* at = raw.data();
  EventHeader header;
  header.timestamp = static_cast<std::uint32_t>(little<4>(at));
  header.type = static_cast<EventType>(at[4]);
  header.server_id = static_cast<std::uint32_t>(little<4>(at + 5));
  header.size = static_cast<std::uint32_t>(little<4>(at + 9));
  header.next_position = static_cast<std::uint32_t>(little<4>(at + 13));
  header.flags = static_cast<std::uint16_t>(little<2>(at + 17));
  if (header.size < event_header_size) {
    return malformed("the event says it is " + std::to_string(header.size) + " bytes long", 9);
  }
  return header;
}

base::Result<EventHeader> parse_event_header_v1(std::string_view raw) {
  if (raw.size() < event_header_size_v1) {
    return malformed("an event of " + std::to_string(raw.size()) + " bytes has no whole header", raw.size());
  }
  const char* at = raw.data();
  EventHeader header;
  header.timestamp = static_cast<std::uint32_t>(little<4>(at));
  header.type = static_cast<EventType>(at[4]);
  header.server_id = static_cast<std::uint32_t>(little<4>(at + 5));
  header.size = static_cast<std::uint32_t>(little<4>(at + 9));
  if (header.size < event_header_size_v1) {
    return malformed("the event says it is " + std::to_string(header.size) + " bytes long", 9);
  }
  return header;
}

FormatDescription::FormatDescription() {
  post_header_lengths.fill(0);
  const auto set = [this](EventType type, std::uint8_t length) {
    post_header_lengths[static_cast<std::uint8_t>(type)] = length;
  };
  set(EventType::query, 13);
  set(EventType::rotate, 8);
  set(EventType::execute_load_query, 26);
  set(EventType::table_map, 8);
  for (std::uint8_t type = 23; type <= 25; ++type) post_header_lengths[type] = 8;
  set(EventType::incident, 2);
  for (std::uint8_t type = 30; type <= 32; ++type) post_header_lengths[type] = 10;
  set(EventType::partial_update_rows, 10);
  set(EventType::query_compressed, 13);
  for (std::uint8_t type = 166; type <= 168; ++type) post_header_lengths[type] = 8;
  for (std::uint8_t type = 169; type <= 171; ++type) post_header_lengths[type] = 10;
}

FormatDescription FormatDescription::without_checksum() const {
  FormatDescription copy = *this;
  copy.checksum = Checksum::off;
  return copy;
}

base::Result<EventView> parse_event(std::string_view raw, const FormatDescription& format) {
  TRY_VALUE(const EventHeader header,
            format.header_length < event_header_size ? parse_event_header_v1(raw) : parse_event_header(raw));
  if (header.size != raw.size()) {
    return malformed(
        "the event says it is " + std::to_string(header.size) + " bytes long but has " + std::to_string(raw.size()), 9);
  }
  std::size_t body_begin = event_header_size;
  bool has_checksum = false;
  if (header.type == EventType::format_description) {
    if (raw.size() < event_header_size + format_head_size) return malformed("Format_desc: ends too early", raw.size());
    if (describes_checksum(server_version_of(raw.substr(event_header_size)))) {
      if (raw.size() < event_header_size + format_head_size + 1 + checksum_size) {
        return malformed("Format_desc: no room for the checksum", raw.size());
      }
      has_checksum = true;
      const bool is_on = raw[raw.size() - checksum_size - 1] == 1;
      if (is_on && !crc_matches(raw, (header.flags & EventHeader::flag_in_use) != 0)) return bad_checksum(header);
    }
  } else {
    body_begin = format.header_length;
    if (raw.size() < body_begin) return malformed("the event is shorter than its header", raw.size());
    const bool has_room = raw.size() >= body_begin + checksum_size;
    switch (format.checksum) {
      case Checksum::off:
        break;
      case Checksum::crc32:
        if (!has_room) return malformed("no room for the checksum", raw.size());
        if (!crc_matches(raw, false)) return bad_checksum(header);
        has_checksum = true;
        break;
      case Checksum::unknown:
        has_checksum = has_room && crc_matches(raw, false);
        break;
    }
  }
  raw.remove_prefix(body_begin);
  if (has_checksum) raw.remove_suffix(checksum_size);
  return EventView{header, raw, static_cast<std::uint32_t>(body_begin)};
}

base::Result<FormatDescription> parse_format_description(const EventView& event) {
  if (event.header.type == EventType::start_v3) return base::fail(refuse_event(event.header.type));
  Cursor cursor(event.body, event.body_offset);
  FormatDescription format;
  format.binlog_version = cursor.u16();
  if (event.body.size() < format_head_size) return cursor.malformed("Format_desc");
  if (format.binlog_version != 4) {
    return base::fail(ErrorCode::data_event_unsupported,
                      "binlog version " + std::to_string(format.binlog_version) +
                          "; only version 4 (MySQL 5.0 and later, MariaDB) can be read",
                      "byte 19 of the event");
  }
  format.server_version = server_version_of(event.body);
  cursor.skip(server_version_size);
  format.created = cursor.u32();
  format.header_length = cursor.u8();
  if (format.header_length < event_header_size) return cursor.malformed("Format_desc: header length below 19");
  format.is_mariadb = is_mariadb_version(format.server_version);
  // MariaDB once put this before its own version, for replicas of MySQL.
  constexpr std::string_view pretended = "5.5.5-";
  const bool pretends = format.is_mariadb && format.server_version.starts_with(pretended);
  format.server_version_number =
      version_number(std::string_view(format.server_version).substr(pretends ? pretended.size() : 0));
  std::string_view lengths = cursor.rest();
  format.checksum = Checksum::off;
  if (describes_checksum(format.server_version)) {
    if (lengths.empty()) return cursor.malformed("Format_desc: no checksum algorithm");
    switch (lengths.back()) {
      case 0:
        break;
      case 1:
        format.checksum = Checksum::crc32;
        break;
      default:
        return base::fail(ErrorCode::data_event_unsupported,
                          "binlog checksum algorithm " + std::to_string(static_cast<std::uint8_t>(lengths.back())) +
                              "; set binlog_checksum to CRC32 or NONE");
    }
    lengths.remove_suffix(1);
  }
  for (std::size_t i = 0; i < lengths.size() && i < 255; ++i) {
    format.post_header_lengths[i + 1] = static_cast<std::uint8_t>(lengths[i]);
  }
  return format;
}

FormatDescription old_format(std::uint16_t binlog_version) {
  FormatDescription format;
  format.binlog_version = binlog_version;
  format.checksum = Checksum::off;
  format.header_length = static_cast<std::uint8_t>(binlog_version == 1 ? event_header_size_v1 : event_header_size);
  format.post_header_lengths.fill(0);
  const auto set = [&](EventType type, std::uint8_t length) {
    format.post_header_lengths[static_cast<std::uint8_t>(type)] = length;
  };
  set(EventType::start_v3, 56);
  set(EventType::query, 11);
  set(EventType::rotate, binlog_version == 1 ? 0 : 8);
  set(EventType::load, 18);
  set(EventType::new_load, 18);
  for (const EventType type :
       {EventType::create_file, EventType::append_block, EventType::exec_load, EventType::delete_file})
    set(type, 4);
  return format;
}

base::Result<FormatDescription> parse_start_v3(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  const std::uint16_t version = cursor.u16();
  const std::string_view server = cursor.bytes(server_version_size);
  const std::uint32_t created = cursor.u32();
  if (!cursor.ok()) return cursor.malformed("Start_v3");
  if (version != 1 && version != 3) {
    return base::fail(ErrorCode::data_event_unsupported,
                      "binlog version " + std::to_string(version) + "; versions 1, 3 and 4 can be read",
                      "byte " + std::to_string(event.body_offset) + " of the event");
  }
  FormatDescription format = old_format(event.body_offset == event_header_size_v1 ? 1 : 3);
  format.server_version = server.substr(0, server.find('\0'));
  format.created = created;
  return format;
}

bool is_rows_event(EventType type) {
  const auto number = static_cast<std::uint8_t>(type);
  return (number >= 23 && number <= 25) || (number >= 30 && number <= 32) || type == EventType::partial_update_rows ||
         is_compressed_rows_event(type);
}

bool is_compressed_rows_event(EventType type) {
  return type >= EventType::write_rows_compressed_v1 && type <= EventType::delete_rows_compressed;
}

bool is_pre_ga_rows_event(EventType type) {
  return type >= EventType::pre_ga_write_rows && type <= EventType::pre_ga_delete_rows;
}

base::Error refuse_event(EventType type) {
  std::string what =
      std::string(to_string(type)) + " event (type " + std::to_string(static_cast<std::uint8_t>(type)) + ")";
  if (type == EventType::start_v3) {
    what += ": a binlog of MySQL 4.1 or older; only version 4 (MySQL 5.0 and later, MariaDB) can be read";
  } else if (is_pre_ga_rows_event(type)) {
    what += ": written by a beta of MySQL 5.1 (before 5.1.18)";
  } else if (type == EventType::start_encryption) {
    what += ": an encrypted binlog file; read it through the server, which decrypts it";
  } else if (type == EventType::partial_update_rows) {
    what += ": set binlog_row_value_options = '' on the source";
  }
  return base::Error{ErrorCode::data_event_unsupported, std::move(what), {}};
}

}  // namespace tributary::source
