#include "source/binlog/stream.h"

#include <fmt/format.h>

#include "source/binlog/stream_state.h"

namespace tributary::source {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr int silence_s_max = 30;       // heartbeats come every second
constexpr std::uint64_t file_head = 4;  // behind the magic number

// The low 32 bits of an offset, at or behind `now`.
std::uint64_t widened(std::uint64_t now, std::uint32_t low) {
  const std::uint64_t next = (now & ~std::uint64_t{0xffffffff}) | low;
  return next < now ? next + (std::uint64_t{1} << 32) : next;
}

}  // namespace

// Servers write 32 bits; files can be longer. Skipped events (reading by GTID) make jumps, always forward.
std::uint64_t BinlogStream::State::offset_after(const EventHeader& header) const {
  const std::uint64_t now = context.position.offset;
  if (header.next_position == 0) return now + header.size;
  return widened(now, header.next_position);
}

Status BinlogStream::State::take(std::string_view raw) {
  auto event = parse_event(raw, format);
  if (!event) return fail(std::move(event.error()).in(context.position.text()));
  const EventHeader& header = event->header;
  const bool real = !header.is_artificial() && header.type != EventType::heartbeat &&
                    header.type != EventType::heartbeat_v2 &&
                    !(header.type == EventType::rotate && header.timestamp == 0) &&
                    // Behind a file's head it is repeated for the dump, whatever place it then gives itself.
                    !(header.type == EventType::format_description &&
                      (header.next_position == 0 || context.position.offset != file_head));
  const std::uint64_t begin = event_begin = context.position.offset;
  if (real) {
    context.position.offset = offset_after(header);
    if (header.next_position != 0 && context.position.offset > begin + header.size)
      event_begin = context.position.offset - header.size;  // behind what the server has left out
    context.timestamp_s = header.timestamp;
    context.server_id = header.server_id;
  }
  if (auto done = process(*event); !done)
    return fail(std::move(done.error()).in(fmt::format("{}:{}", context.position.file, begin)));
  return {};
}

Status BinlogStream::State::process(const EventView& event) {
  switch (event.header.type) {
    case EventType::rotate:
      return on_rotate(event);
    case EventType::format_description: {
      TRY_VALUE(format, parse_format_description(event));
      // The server died while it wrote the last transaction of the former file: it never happened.
      const bool had_rows = group.open && group.has_rows;
      if (group.open && !group.xid.empty()) held.drop(group.xid);
      group = {};
      if (had_rows) TRY(handler->on_rollback(end));
      return {};
    }
    case EventType::previous_gtids:
    case EventType::mariadb_gtid_list:
      return on_previous_gtids(event);
    case EventType::gtid:
    case EventType::anonymous_gtid:
    case EventType::gtid_tagged:
      return on_gtid(event);
    case EventType::mariadb_gtid:
      return on_mariadb_gtid(event);
    case EventType::query:
    case EventType::query_compressed:
    case EventType::execute_load_query:
      return on_query(event);
    case EventType::table_map:
      return on_table_map(event);
    case EventType::xid:
      return commit_group();
    case EventType::xa_prepare: {
      TRY_VALUE(const XaPrepareEvent prepare, parse_xa_prepare(event));
      const std::string xid = group.xid;
      if (prepare.one_phase && !xid.empty()) return decide(xid, true);
      return commit_group();  // nothing was handed on: the boundary moves, the restart position stays
    }
    case EventType::heartbeat:
    case EventType::heartbeat_v2:
      return on_heartbeat(event);
    case EventType::transaction_payload: {
      TRY(payload.open(event));
      const FormatDescription inner_format = format.without_checksum();
      std::string_view raw;
      while (true) {
        TRY_VALUE(const bool more, payload.next(raw));
        if (!more) return {};
        TRY_VALUE(const EventView inner, parse_event(raw, inner_format));
        TRY(process(inner));
      }
    }
    case EventType::incident: {
      TRY_VALUE(const IncidentEvent incident, parse_incident(event));
      return fail(ErrorCode::data_incident, fmt::format("{} {}", incident.number, incident.message));
    }
    case EventType::load:
    case EventType::new_load:
    case EventType::start_encryption:
      return fail(refuse_event(event.header.type));
    default:
      break;
  }
  if (is_rows_event(event.header.type)) return on_rows(event);
  if (is_pre_ga_rows_event(event.header.type)) return fail(refuse_event(event.header.type));
  return {};
}

Status BinlogStream::State::on_rotate(const EventView& event) {
  TRY_VALUE(const RotateEvent rotate, parse_rotate(event, format));
  context.position.file.assign(rotate.file);
  context.position.offset = rotate.position;
  if (!group.open) {
    const model::BinlogPosition reached{context.position.file, context.position.offset};
    if (end.at < reached) {
      end.at = reached;
      if (has_passed_emitted()) TRY(handler->on_advance(end, 0));
    }
  }
  return {};
}

// At a file's head its server says what all files before hold. On a stream that began by file it is the first word on
// that.
Status BinlogStream::State::on_previous_gtids(const EventView& event) {
  if (set_known || event.header.is_artificial() || event.header.next_position == 0) return {};
  TRY_VALUE(end.gtid_set, event.header.type == EventType::previous_gtids ? parse_previous_gtids(event)
                                                                         : parse_mariadb_gtid_list(event));
  set_known = !end.gtid_set.empty();
  return {};
}

Status BinlogStream::State::on_heartbeat(const EventView& event) {
  TRY_VALUE(const HeartbeatEvent heartbeat, parse_heartbeat(event));
  if (group.open) return {};
  model::BinlogPosition reached{std::string(heartbeat.file), heartbeat.position};
  // The first kind has 32 bits for the offset. It never lies before what was sent.
  if (event.header.type == EventType::heartbeat && reached.offset != 0 && reached.offset <= UINT32_MAX &&
      end.at.offset > UINT32_MAX && reached.file == end.at.file)
    reached.offset = widened(end.at.offset, static_cast<std::uint32_t>(reached.offset));
  if (reached.offset > 0 && end.at < reached) {
    end.at = reached;
    context.position = reached;
  }
  if (!has_passed_emitted()) return {};
  TRY(handler->on_advance(end, 0));
  return {};
}

Status BinlogStream::State::run(StreamHandler& to, const base::CancelToken& cancel) {
  handler = &to;
  while (!cancel.requested()) {
    auto raw = connection.read_event();
    if (!raw) {
      if (cancel.requested()) break;
      return fail(std::move(raw.error()));
    }
    if (raw->empty())
      return fail(ErrorCode::source_lost, "the server ended the binlog stream", connection.endpoint().address());
    TRY(take(*raw));
    if (!group.open && !connection.has_data()) TRY(handler->on_idle());
  }
  return fail(ErrorCode::cancelled);
}

BinlogStream::BinlogStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
BinlogStream::~BinlogStream() = default;

Result<std::unique_ptr<BinlogStream>> BinlogStream::open(const Instance& instance, LiveTables::Setup tables,
                                                         const StreamStart& start, const StreamOptions& options) {
  mysql::Endpoint endpoint = instance.endpoint;
  endpoint.read_timeout_s = silence_s_max;
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(endpoint));
  mysql::DumpStart dump;
  StreamStart from = start;
  // The dump command has 32 bits for the offset. Behind them the file is read from its head, and what was handed on
  // skipped.
  if (!start.by_gtid && from.restart.at.offset > UINT32_MAX) from.restart.at.offset = file_head;
  dump.at = from.restart.at;
  if (start.by_gtid) dump.gtid_set = start.restart.gtid_set;
  dump.server_id = options.server_id;
  dump.uuid = options.replica_uuid;
  dump.heartbeat_ms = options.heartbeat_ms;
  TRY(connection.start_dump(dump));
  auto state = std::make_unique<State>(std::move(connection), std::move(tables), from, options);
  state->context.position = from.restart.at;
  return std::unique_ptr<BinlogStream>(new BinlogStream(std::move(state)));
}

Status BinlogStream::run(StreamHandler& handler, const base::CancelToken& cancel) {
  return state_->run(handler, cancel);
}
void BinlogStream::abort() { state_->connection.abort(); }
std::size_t BinlogStream::held_count() const { return state_->held.count(); }
const std::set<std::string>& BinlogStream::recently_decided() const { return state_->decided; }
std::uint64_t BinlogStream::decided_count() const { return state_->decided_count; }

StreamPosition BinlogStream::restart_position(const StreamPosition& emitted) const {
  const StreamPosition* held = state_->held.oldest_begin();
  StreamPosition restart = held ? *held : emitted;
  // A set of only what was read since the start is of no use: a server asked by it would send all that lies before.
  if (!state_->set_known) restart.gtid_set = {};
  return restart;
}

}  // namespace tributary::source
