// Bodies of the events that are not rows: rotation, transactions, queries, positions.
//
// Views borrow from the event. Errors: data_event_malformed with the byte's offset in the event.
// Source: MySQL libbinlogevents (control_events, statement_events), MariaDB log_event.h. Threads: values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/error.h"
#include "model/position.h"
#include "source/binlog/event.h"
#include "source/binlog/xa.h"

namespace tributary::source {

struct RotateEvent {
  std::string_view file;       // the next file
  std::uint64_t position = 4;  // the first event in it
};
base::Result<RotateEvent> parse_rotate(const EventView& event, const FormatDescription& format);

struct QueryEvent {
  std::uint32_t thread_id = 0;
  std::uint32_t execution_s = 0;
  std::uint16_t error_code = 0;  // the statement failed half-way with it
  std::string_view database;     // the session's default database, may be empty
  std::string_view sql;
  // Present where the server sent them.
  std::optional<std::uint64_t> sql_mode;
  std::optional<std::uint16_t> client_collation;  // collation ids
  std::optional<std::uint16_t> connection_collation;
  std::optional<std::uint16_t> server_collation;
  std::optional<std::uint16_t> database_collation;
  std::string_view time_zone;
  std::optional<std::uint64_t> ddl_xid;                 // atomic DDL
  std::optional<std::uint32_t> flags2;                  // OPTION_ bits of the session
  std::optional<bool> explicit_defaults_for_timestamp;  // MySQL, where a TIMESTAMP column is defined
  std::optional<std::uint16_t> utf8mb4_collation;       // MySQL: default_collation_for_utf8mb4
  std::optional<bool> requires_primary_key;
  // MariaDB 11.2 and later: for each character set a pair of 2-byte ids: any collation of the set, its default.
  std::string_view charset_collations;
};
// Query, MariaDB's query_compressed whose text is inflated into `scratch` (borrowed from there), and
// execute_load_query: a LOAD DATA that was logged as a statement.
base::Result<QueryEvent> parse_query(const EventView& event, const FormatDescription& format, base::Buffer& scratch);

// Commit of an engine transaction; the engine's number of it.
base::Result<std::uint64_t> parse_xid(const EventView& event);

// gtid, anonymous_gtid, gtid_tagged.
struct GtidEvent {
  bool is_anonymous = false;
  std::uint8_t flags = 0;  // 1: may hold changes of non-transactional engines
  std::array<std::uint8_t, 16> uuid{};
  std::string_view tag;  // empty but for tagged ones
  std::uint64_t number = 0;
  std::int64_t last_committed = 0;  // logical clock; 0 if not sent (5.6)
  std::int64_t sequence_number = 0;
  std::uint64_t immediate_commit_us = 0;  // since the epoch; 0 if not sent (before 8.0)
  std::uint64_t original_commit_us = 0;
  std::uint64_t transaction_length = 0;  // bytes with this event; 0 if not sent
  std::uint32_t immediate_version = 0;   // of the server that wrote it, 80034; 0 if not sent
  std::uint32_t original_version = 0;

  std::string source_text() const;  // uuid or uuid:tag, as model::GtidSet::add_mysql takes it
};
base::Result<GtidEvent> parse_gtid(const EventView& event);

base::Result<model::GtidSet> parse_previous_gtids(const EventView& event);

struct MariaDbGtidEvent {
  std::uint64_t sequence = 0;
  std::uint32_t domain = 0;
  std::uint8_t flags = 0;
  std::uint64_t commit_id = 0;  // group commit; 0 if none
  std::optional<XaId> xa;       // with prepared_xa and completed_xa
  std::uint8_t extra_flags = 0;
  std::uint64_t start_alter_sequence = 0;  // with commit_alter and rollback_alter: of the GTID that started it

  static constexpr std::uint8_t flag_standalone = 0x01;  // one event without COMMIT follows (DDL)
  static constexpr std::uint8_t flag_group_commit_id = 0x02;
  static constexpr std::uint8_t flag_prepared_xa = 0x40;
  static constexpr std::uint8_t flag_completed_xa = 0x80;
  // binlog_alter_two_phase: the ALTER TABLE is logged when it starts and again when it is done or given up.
  static constexpr std::uint8_t extra_start_alter = 0x02;
  static constexpr std::uint8_t extra_commit_alter = 0x04;
  static constexpr std::uint8_t extra_rollback_alter = 0x08;
  // The statement of this group has not changed anything (yet).
  bool is_alter_without_effect() const { return (extra_flags & (extra_start_alter | extra_rollback_alter)) != 0; }
  bool is_standalone() const { return (flags & flag_standalone) != 0; }
  bool is_prepared_xa() const { return (flags & flag_prepared_xa) != 0; }
  bool is_completed_xa() const { return (flags & flag_completed_xa) != 0; }
};
base::Result<MariaDbGtidEvent> parse_mariadb_gtid(const EventView& event);

base::Result<model::GtidSet> parse_mariadb_gtid_list(const EventView& event);

struct XaPrepareEvent {
  bool one_phase = false;  // MySQL: XA COMMIT ... ONE PHASE; the transaction is committed by this event
  XaId id;
};
base::Result<XaPrepareEvent> parse_xa_prepare(const EventView& event);

// heartbeat and heartbeat_v2: the dump is alive and all before this place has been sent.
struct HeartbeatEvent {
  std::string_view file;
  std::uint64_t position = 0;
};
base::Result<HeartbeatEvent> parse_heartbeat(const EventView& event);

struct IncidentEvent {
  std::uint16_t number = 0;  // 1: lost events
  std::string_view message;
};
base::Result<IncidentEvent> parse_incident(const EventView& event);

// rows_query and annotate_rows: the statement behind the rows that follow.
base::Result<std::string_view> parse_rows_query(const EventView& event);

}  // namespace tributary::source
