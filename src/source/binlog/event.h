// Framing of binlog events: the common header, the format description, checksums.
//
// Everything borrows from the bytes the dump delivered and lives as long as they do. Any byte string is safe to pass.
// Errors: data_event_malformed, data_event_checksum, data_event_unsupported; `where` is "byte N of the event" (the
// caller puts file:position in front). Threads: values, no shared state. Source: MySQL Internals "Binary Log Event";
// MariaDB KB "2-Binlog Event Header", "Format_description_event".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary::source {

enum class EventType : std::uint8_t {
  unknown = 0,
  start_v3 = 1,
  query = 2,
  stop = 3,
  rotate = 4,
  intvar = 5,
  load = 6,
  slave = 7,
  create_file = 8,
  append_block = 9,
  exec_load = 10,
  delete_file = 11,
  new_load = 12,
  rand = 13,
  user_var = 14,
  format_description = 15,
  xid = 16,
  begin_load_query = 17,
  execute_load_query = 18,
  table_map = 19,
  pre_ga_write_rows = 20,
  pre_ga_update_rows = 21,
  pre_ga_delete_rows = 22,
  write_rows_v1 = 23,
  update_rows_v1 = 24,
  delete_rows_v1 = 25,
  incident = 26,
  heartbeat = 27,
  ignorable = 28,
  rows_query = 29,
  write_rows = 30,
  update_rows = 31,
  delete_rows = 32,
  gtid = 33,
  anonymous_gtid = 34,
  previous_gtids = 35,
  transaction_context = 36,
  view_change = 37,
  xa_prepare = 38,
  partial_update_rows = 39,
  transaction_payload = 40,
  heartbeat_v2 = 41,
  gtid_tagged = 42,
  // MariaDB's own
  annotate_rows = 160,
  binlog_checkpoint = 161,
  mariadb_gtid = 162,
  mariadb_gtid_list = 163,
  start_encryption = 164,
  query_compressed = 165,
  write_rows_compressed_v1 = 166,
  update_rows_compressed_v1 = 167,
  delete_rows_compressed_v1 = 168,
  write_rows_compressed = 169,
  update_rows_compressed = 170,
  delete_rows_compressed = 171,
};

std::string_view to_string(EventType type);  // "Write_rows_v1"; "Unknown" for numbers nobody has published

inline constexpr std::size_t event_header_size = 19;

struct EventHeader {
  std::uint32_t timestamp = 0;  // seconds since the epoch; 0 in artificial events
  EventType type = EventType::unknown;
  std::uint32_t server_id = 0;
  std::uint32_t size = 0;           // of the whole event, header and checksum included
  std::uint32_t next_position = 0;  // low 32 bits of where the next event starts; 0 in artificial and payload events
  std::uint16_t flags = 0;

  static constexpr std::uint16_t flag_in_use = 0x01;      // format description: the file was not closed
  static constexpr std::uint16_t flag_artificial = 0x20;  // made by the dump, not in the file
  static constexpr std::uint16_t flag_ignorable = 0x80;

  bool is_artificial() const { return (flags & flag_artificial) != 0; }
};

struct EventView {
  EventHeader header;
  std::string_view body;                          // after the header, without the checksum
  std::uint32_t body_offset = event_header_size;  // of body in the event; for error messages
};

inline constexpr std::size_t event_header_size_v1 = 13;  // MySQL 3.23: without next position and flags

// Reads the 19 bytes only: enough to skip an event by its length. Fails on fewer bytes or a size below 19.
base::Result<EventHeader> parse_event_header(std::string_view raw);
// The same for the 13 bytes of binlog version 1.
base::Result<EventHeader> parse_event_header_v1(std::string_view raw);

enum class Checksum : std::uint8_t {
  unknown,  // no format description seen yet: a trailing CRC-32 is taken as one if it is right
  off,
  crc32,
};

// What a file says about its own events. Start each dump (and each file read offline) with a fresh one and replace it
// at every format description event. Until the first one the checksum is unknown: the artificial Rotate that opens a
// dump has one if the session asked for it. Artificial events and heartbeats later on follow the format description in
// force (seen on MySQL 5.6, 9.7 and MariaDB 10.11, with binlog_checksum changed between and within files of one dump).
struct FormatDescription {
  FormatDescription();  // the lengths every version 4 server uses

  std::uint16_t binlog_version = 4;
  std::string server_version;               // "10.11.19-MariaDB-log"
  std::uint32_t server_version_number = 0;  // 80034; MariaDB 10.11.19 is 101119
  bool is_mariadb = false;
  std::uint32_t created = 0;  // not 0: the first file after a server start
  std::uint8_t header_length = event_header_size;
  Checksum checksum = Checksum::unknown;
  std::array<std::uint8_t, 256> post_header_lengths;  // by event type

  std::size_t post_header_length(EventType type) const { return post_header_lengths[static_cast<std::uint8_t>(type)]; }
  // For events inside a transaction payload, which have none.
  FormatDescription without_checksum() const;
};

// Checks size and checksum and cuts both ends off. `raw` is one whole event as sent. Format descriptions always carry a
// checksum from MySQL 5.6.1 and MariaDB 5.3 on, whatever `format` says.
base::Result<EventView> parse_event(std::string_view raw, const FormatDescription& format);

// Binlog version 4 only (MySQL 5.0 and later); older ones are data_event_unsupported, as is start_v3.
base::Result<FormatDescription> parse_format_description(const EventView& event);

// For reading old files without their server: what a file of version 1 (MySQL 3.23) or 3 (4.0, 4.1) says in its first
// event. Start with old_format() to frame that event. Version 2 (4.0.0 and 4.0.1 only) is data_event_unsupported.
FormatDescription old_format(std::uint16_t binlog_version);
base::Result<FormatDescription> parse_start_v3(const EventView& event);

// Rows events of all kinds that parse_rows() takes, compressed ones included.
bool is_rows_event(EventType type);
bool is_compressed_rows_event(EventType type);
// Row events of MySQL 5.1 betas: refuse them with refuse_event().
bool is_pre_ga_rows_event(EventType type);
// The data_event_unsupported error for an event that would lose data if skipped; says what made it and what to do.
base::Error refuse_event(EventType type);

}  // namespace tributary::source
