#include "checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "checkpoint/bytes_text.h"

namespace tributary::checkpoint {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using nlohmann::json;

namespace {

std::string to_text(std::string_view bytes) { return bytes_to_text(bytes); }

// ---- reading: the first thing that does not fit is kept with its path, what follows yields nothing.

class Reader {
 public:
  explicit Reader(std::string& problem) : problem_(problem) {}

  const json* member(const json& object, const std::string& path, const char* name, json::value_t wanted) {
    if (!problem_.empty()) return nullptr;
    const std::string place = path + "." + name;
    if (!object.is_object()) return complain(path, "is not an object");
    const auto found = object.find(name);
    if (found == object.end()) return complain(place, "is missing");
    const bool number = wanted == json::value_t::number_unsigned;
    if (number ? !found->is_number_unsigned() : found->type() != wanted) return complain(place, "has the wrong type");
    return &*found;
  }
  std::string text(const json& object, const std::string& path, const char* name) {
    const json* found = member(object, path, name, json::value_t::string);
    return found == nullptr ? std::string() : found->get<std::string>();
  }
  std::uint64_t number(const json& object, const std::string& path, const char* name) {
    const json* found = member(object, path, name, json::value_t::number_unsigned);
    return found == nullptr ? 0 : found->get<std::uint64_t>();
  }
  bool flag(const json& object, const std::string& path, const char* name) {
    const json* found = member(object, path, name, json::value_t::boolean);
    return found != nullptr && found->get<bool>();
  }
  std::string bytes(const json& value, const std::string& path) {
    if (!problem_.empty()) return {};
    const auto* text = value.get_ptr<const json::string_t*>();
    auto found = text == nullptr ? std::nullopt : bytes_from_text(*text);
    if (!found) return complain(path, "is not a byte string"), std::string();
    return *std::move(found);
  }
  KeyValues key(const json& object, const std::string& path, const char* name) {
    const json* array = member(object, path, name, json::value_t::array);
    KeyValues values;
    if (array == nullptr) return values;
    for (const json& item : *array)
      if (item.is_null())
        values.emplace_back();
      else
        values.emplace_back(bytes(item, path + "." + name));
    return values;
  }
  std::nullptr_t complain(const std::string& place, const char* what) {
    if (problem_.empty()) problem_ = place + " " + what;
    return nullptr;
  }

 private:
  std::string& problem_;
};

// ---- the parts, each with its writer and its reader side by side

json from_key(const KeyValues& key) {
  json array = json::array();
  for (const auto& value : key) array.push_back(value ? json(to_text(*value)) : json());
  return array;
}

json from_position(const model::BinlogPosition& position) {
  return {{"file", to_text(position.file)}, {"offset", position.offset}};
}
model::BinlogPosition to_position(Reader& reader, const json& object, const std::string& path, const char* name) {
  const json* found = reader.member(object, path, name, json::value_t::object);
  if (found == nullptr) return {};
  const std::string place = path + "." + name;
  const json* file = reader.member(*found, place, "file", json::value_t::string);
  return {file == nullptr ? std::string() : reader.bytes(*file, place + ".file"),
          reader.number(*found, place, "offset")};
}
// A set that can't be read must not come to light only when the server is asked for it.
std::string to_gtid_set(Reader& reader, const json& object, const std::string& path, const char* name) {
  std::string text = reader.text(object, path, name);
  if (!model::GtidSet::parse(text)) reader.complain(path + "." + name, "is not a GTID set");
  return text;
}

json from_names(const std::vector<std::string>& names) {
  json array = json::array();
  for (const std::string& name : names) array.push_back(to_text(name));
  return array;
}
std::vector<std::string> to_names(Reader& reader, const json& object, const std::string& path, const char* name) {
  std::vector<std::string> names;
  if (const json* array = reader.member(object, path, name, json::value_t::array))
    for (const json& item : *array) names.push_back(reader.bytes(item, path + "." + name));
  return names;
}

json from_stream(const StreamState& s) {
  return {{"started", s.started},
          {"flavour", s.flavour},
          {"server_uuid", s.server_uuid},
          {"emitted", from_position(s.emitted)},
          {"emitted_gtid_set", s.emitted_gtid_set},
          {"restart", from_position(s.restart)},
          {"restart_gtid_set", s.restart_gtid_set},
          {"changed_gtid_set", s.changed_gtid_set},
          {"next_record_id", s.next_record_id},
          {"sliced_to_id", s.sliced_to_id},
          {"emitted_schema", s.emitted_schema},
          {"restart_schema", s.restart_schema},
          {"schema_from", from_position(s.schema_from)},
          {"told", from_names(s.told)}};
}
StreamState to_stream(Reader& reader, const json& object, const std::string& path) {
  return {.started = reader.flag(object, path, "started"),
          .flavour = reader.text(object, path, "flavour"),
          .server_uuid = reader.text(object, path, "server_uuid"),
          .emitted = to_position(reader, object, path, "emitted"),
          .emitted_gtid_set = to_gtid_set(reader, object, path, "emitted_gtid_set"),
          .restart = to_position(reader, object, path, "restart"),
          .restart_gtid_set = to_gtid_set(reader, object, path, "restart_gtid_set"),
          // What follows here and may be missing is of a former release then.
          .changed_gtid_set = object.contains("changed_gtid_set")
                                  ? to_gtid_set(reader, object, path, "changed_gtid_set")
                                  : std::string(),
          .next_record_id = reader.number(object, path, "next_record_id"),
          .sliced_to_id = object.contains("sliced_to_id") ? reader.number(object, path, "sliced_to_id") : 0,
          .emitted_schema = object.contains("emitted_schema") ? reader.number(object, path, "emitted_schema") : 0,
          .restart_schema = object.contains("restart_schema") ? reader.number(object, path, "restart_schema") : 0,
          .schema_from = object.contains("schema_from") ? to_position(reader, object, path, "schema_from")
                                                        : model::BinlogPosition{},
          .told = object.contains("told") ? to_names(reader, object, path, "told") : std::vector<std::string>()};
}

json from_lane(const Lane& lane) {
  return {{"database", to_text(lane.physical_database)},
          {"table", to_text(lane.physical_table)},
          {"index", lane.index},
          {"lower", from_key(lane.lower)},
          {"upper", from_key(lane.upper)},
          {"cursor", from_key(lane.cursor)},
          {"rows_done", lane.rows_done},
          {"done", lane.done}};
}
Lane to_lane(Reader& reader, const json& object, const std::string& path) {
  Lane lane;
  if (const json* v = reader.member(object, path, "database", json::value_t::string))
    lane.physical_database = reader.bytes(*v, path + ".database");
  if (const json* v = reader.member(object, path, "table", json::value_t::string))
    lane.physical_table = reader.bytes(*v, path + ".table");
  const std::uint64_t index = reader.number(object, path, "index");
  if (index > UINT32_MAX) reader.complain(path + ".index", "is too large");
  lane.index = static_cast<std::uint32_t>(index);
  lane.lower = reader.key(object, path, "lower");
  lane.upper = reader.key(object, path, "upper");
  lane.cursor = reader.key(object, path, "cursor");
  lane.rows_done = reader.number(object, path, "rows_done");
  lane.done = reader.flag(object, path, "done");
  return lane;
}

json from_snapshot(const SnapshotState& s) {
  json lanes = json::array();
  for (const Lane& lane : s.lanes) lanes.push_back(from_lane(lane));
  return {{"lanes", std::move(lanes)},
          {"planned", s.planned},
          {"high_watermark_reached", s.high_watermark_reached},
          {"high_watermark", from_position(s.high_watermark)},
          {"high_watermark_gtid_set", s.high_watermark_gtid_set}};
}
SnapshotState to_snapshot(Reader& reader, const json& object, const std::string& path) {
  SnapshotState s;
  if (const json* lanes = reader.member(object, path, "lanes", json::value_t::array))
    for (std::size_t i = 0; i < lanes->size(); ++i)
      s.lanes.push_back(to_lane(reader, (*lanes)[i], fmt::format("{}.lanes[{}]", path, i)));
  s.planned = reader.flag(object, path, "planned");
  s.high_watermark_reached = reader.flag(object, path, "high_watermark_reached");
  s.high_watermark = to_position(reader, object, path, "high_watermark");
  s.high_watermark_gtid_set = to_gtid_set(reader, object, path, "high_watermark_gtid_set");
  return s;
}

std::unexpected<base::Error> malformed(std::string_view what) {
  return fail(ErrorCode::task_state_unusable, fmt::format("malformed checkpoint: {}", what));
}

}  // namespace

std::string serialise(const SubtaskCheckpoint& c) {
  const json object = {
      {"format", format_version},     {"task_fingerprint", c.task_fingerprint}, {"run", c.run},
      {"revision", c.revision},       {"stream", from_stream(c.stream)},        {"snapshot", from_snapshot(c.snapshot)},
      {"schema_done", c.schema_done}, {"snapshot_done", c.snapshot_done}};
  // Names and ids are ASCII by nature; should one not be, a replacement character is better than an exception.
  return object.dump(-1, ' ', true, json::error_handler_t::replace);
}

Result<SubtaskCheckpoint> parse(std::string_view text) {
  // A callback bounds the depth: the parser itself would follow any nesting.
  constexpr int depth_max = 16;
  bool too_deep = false;
  const json object = json::parse(
      text.begin(), text.end(),
      [&](int depth, json::parse_event_t, json&) {
        too_deep |= depth > depth_max;
        return depth <= depth_max;
      },
      /*allow_exceptions=*/false);
  if (too_deep || object.is_discarded()) return malformed("not JSON");
  std::string problem;
  Reader reader(problem);
  const std::uint64_t format = reader.number(object, "checkpoint", "format");
  if (!problem.empty()) return malformed(problem);
  if (format > format_version)
    return fail(ErrorCode::task_state_newer,
                fmt::format("checkpoint format {}, this release knows {}", format, format_version));
  if (format == 0) return malformed("checkpoint.format is 0");
  SubtaskCheckpoint c;
  c.task_fingerprint = reader.text(object, "checkpoint", "task_fingerprint");
  c.run = object.contains("run") ? reader.text(object, "checkpoint", "run") : std::string();
  c.revision = object.contains("revision") ? reader.number(object, "checkpoint", "revision") : 0;
  if (const json* stream = reader.member(object, "checkpoint", "stream", json::value_t::object))
    c.stream = to_stream(reader, *stream, "stream");
  if (const json* snapshot = reader.member(object, "checkpoint", "snapshot", json::value_t::object))
    c.snapshot = to_snapshot(reader, *snapshot, "snapshot");
  c.schema_done = reader.flag(object, "checkpoint", "schema_done");
  c.snapshot_done = reader.flag(object, "checkpoint", "snapshot_done");
  if (!problem.empty()) return malformed(problem);
  return c;
}

std::string store_key(std::string_view subtask) { return fmt::format("checkpoint/{}", subtask); }

Status save(store::Store& store, std::string_view subtask, const SubtaskCheckpoint& checkpoint) {
  return save_serialised(store, subtask, serialise(checkpoint));
}

Status save_serialised(store::Store& store, std::string_view subtask, std::string text) {
  return store.put(store_key(subtask), std::move(text));
}

Result<std::optional<SubtaskCheckpoint>> load(store::Store& store, std::string_view subtask,
                                              std::string_view task_fingerprint) {
  TRY_VALUE(const auto entry, store.get(store_key(subtask)));
  if (!entry) return std::optional<SubtaskCheckpoint>();
  auto parsed = parse(entry->value);
  if (!parsed) return fail(std::move(parsed).error().in(store_key(subtask)));
  if (!task_fingerprint.empty() && parsed->task_fingerprint != task_fingerprint)
    return fail(ErrorCode::task_state_mismatch, {}, store_key(subtask));
  return std::optional<SubtaskCheckpoint>(*std::move(parsed));
}

}  // namespace tributary::checkpoint
