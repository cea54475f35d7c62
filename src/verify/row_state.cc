#include "verify/row_state.h"

#include <algorithm>
#include <charconv>

#include "encode/avro_io.h"
#include "model/record.h"

namespace tributary::verify {

using encode::avro::add_long;
using encode::avro::add_string;
using encode::avro::Reader;

namespace {

constexpr std::int64_t deleted_flag = 1, older_flag = 2;
constexpr auto init = static_cast<std::int32_t>(model::Operation::init);

void remember(RowState& state, std::int64_t id) {
  if (state.recent_ids.size() == RowState::recent_ids_max) state.recent_ids.erase(state.recent_ids.begin());
  state.recent_ids.push_back(id);
}

}  // namespace

RowState RowState::parse(std::string_view bytes) {
  Reader from(bytes);
  RowState s;
  const std::int64_t flags = from.take_long();
  s.is_deleted = (flags & deleted_flag) != 0;
  s.is_older = (flags & older_flag) != 0;
  s.operation = from.take_int();
  s.structure = static_cast<std::uint32_t>(from.take_long());
  s.place = static_cast<std::uint32_t>(from.take_long());
  s.offset = from.take_long();
  s.timestamp_s = from.take_long();
  s.server_id = static_cast<std::uint32_t>(from.take_long());
  s.id = from.take_long();
  s.highest_id = from.take_long();
  s.copies = from.take_long();
  const auto recent = static_cast<std::size_t>(std::clamp<std::int64_t>(from.take_long(), 0, recent_ids_max));
  for (std::size_t i = 0; i < recent; ++i) s.recent_ids.push_back(s.highest_id - from.take_long());
  s.position = from.take_bytes();
  s.image = bytes.substr(std::min(from.offset(), bytes.size()));
  return s;
}

void RowState::write(std::string& out) const {
  out.clear();
  add_long(out, (is_deleted ? deleted_flag : 0) | (is_older ? older_flag : 0));
  add_long(out, operation);
  add_long(out, structure);
  add_long(out, place);
  add_long(out, offset);
  add_long(out, timestamp_s);
  add_long(out, server_id);
  add_long(out, id);
  add_long(out, highest_id);
  add_long(out, copies);
  add_long(out, static_cast<std::int64_t>(recent_ids.size()));
  for (const std::int64_t recent : recent_ids) add_long(out, highest_id - recent);
  add_string(out, position);
  out.append(image);
}

LogPlace parse_position(std::string_view position) {
  LogPlace place;
  const std::size_t at = position.find('@');
  if (at == std::string_view::npos) return place;
  const std::string_view offset = position.substr(0, at), file = position.substr(at + 1);
  std::from_chars(offset.data(), offset.data() + offset.size(), place.offset);
  std::from_chars(file.data(), file.data() + file.size(), place.file);
  return place;
}

Arrival apply(const RowState& record, bool known, RowState& state) {
  RowState next = record;
  Arrival arrival = Arrival::new_change;
  const bool is_snapshot = record.operation == init;
  if (!known) {
    next.highest_id = is_snapshot ? 0 : record.id;
    if (!is_snapshot) remember(next, record.id);
  } else if (is_snapshot) {
    // Newer than all that came before it, unless its place in the log says otherwise.
    next.server_id = state.server_id;
    next.highest_id = state.highest_id;
    next.recent_ids = state.recent_ids;
    next.is_older = parse_position(record.position) < parse_position(state.position);
    if (next.is_older)
      arrival = Arrival::late;
    else if (state.operation == init && state.image == record.image && !state.is_deleted)
      arrival = Arrival::repeat;
  } else if (record.server_id != state.server_id || state.recent_ids.empty()) {
    next.highest_id = record.id;
    remember(next, record.id);
    if (state.operation == init && parse_position(record.position) < parse_position(state.position)) {
      next.is_older = true;
      arrival = Arrival::late;
    }
  } else {
    next.highest_id = std::max(state.highest_id, record.id);
    next.recent_ids = state.recent_ids;
    next.is_older = record.id < state.highest_id;
    // A repeat of one that has left the memory of the row can't be told from a late one; repeats are what happens.
    if (record.id == state.id && record.image != state.image) {
      remember(next, record.id);  // no repeat, whatever it says
    } else if (std::ranges::find(state.recent_ids, record.id) != state.recent_ids.end() ||
               (state.recent_ids.size() == RowState::recent_ids_max &&
                record.id < std::ranges::min(state.recent_ids))) {
      arrival = Arrival::repeat;
    } else {
      if (next.is_older) arrival = Arrival::late;
      remember(next, record.id);
    }
  }
  state = std::move(next);
  return arrival;
}

bool is_before_in_another_place(const RowState& record, const RowState& state) {
  if (record.place == state.place) return false;
  if (record.operation == init || state.operation == init)
    return parse_position(record.position) < parse_position(state.position);
  return record.server_id == state.server_id && record.id < state.highest_id;
}

bool is_emptied(const Emptied& statement, const RowState& row) {
  if (!statement.is_set) return false;
  if (row.place == statement.place) return row.offset < statement.offset;
  if (row.operation != init && row.server_id != 0 && row.server_id == statement.server_id) return row.id < statement.id;
  return row.timestamp_s <= statement.timestamp_s;
}

}  // namespace tributary::verify
