#include "verify/fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "encode/avro_io.h"
#include "encode/decoder.h"
#include "model/record.h"
#include "verify/hash.h"

namespace tributary::verify {

using base::Result;
using base::Status;
using encode::avro::add_long;
using encode::avro::add_string;
using encode::avro::Reader;
using model::Operation;

namespace {

constexpr std::int64_t format = 1;
constexpr std::string_view summary_key = "mf", place_prefix = "mp", table_prefix = "mt", other_prefix = "mo";
constexpr std::size_t others_max = 1000, watched_max = 100'000;
constexpr std::uint64_t second_seed = 0x51ed270b;

std::string numbered(std::string_view prefix, std::uint32_t number) {
  std::string key(prefix);
  append_sorted(key, number);
  return key;
}

std::string write_place(const Place& place) {
  std::string out;
  add_string(out, place.topic);
  add_long(out, place.partition);
  add_long(out, place.next);
  add_long(out, place.last_offset);
  add_long(out, static_cast<std::int64_t>(place.last_hash));
  return out;
}

Place parse_place(std::string_view bytes) {
  Reader from(bytes);
  Place place;
  place.topic = from.take_bytes();
  place.partition = from.take_int();
  place.next = from.take_long();
  place.last_offset = from.take_long();
  place.last_hash = static_cast<std::uint64_t>(from.take_long());
  return place;
}

}  // namespace

std::vector<std::string> key_of_tag(std::string_view pk_uk_info) {
  const auto keys = nlohmann::ordered_json::parse(pk_uk_info, nullptr, false);
  if (!keys.is_object() || keys.empty()) return {};
  const auto primary = keys.find("PRIMARY");
  std::vector<std::string> columns;
  for (const auto& column : primary == keys.end() ? keys.begin().value() : *primary)
    if (column.is_string()) columns.push_back(column.get<std::string>());
  return columns;
}

std::string Fold::rows_of(std::uint32_t table) { return numbered("r", table); }

void Fold::append_row_key(std::string& key, std::string_view identity) {
  append_sorted(key, hash(identity));
  key += identity;
}

void Fold::append_content_key(std::string& key, std::string_view content) {
  append_sorted(key, hash(content));
  append_sorted(key, hash(content, second_seed));
}

Result<std::unique_ptr<Fold>> Fold::load(Disk& disk, Setup setup) {
  std::unique_ptr<Fold> fold(new Fold(disk, std::move(setup)));
  TRY(fold->restore());
  return fold;
}

Status Fold::restore() {
  TRY_VALUE(const bool is_there, disk_.get(summary_key, stored_));
  if (!is_there) return {};
  Reader from(stored_);
  if (from.take_long() != format) {
    is_other_format_ = true;
    return {};
  }
  next_number_ = static_cast<std::uint32_t>(from.take_long());
  records_ = static_cast<std::uint64_t>(from.take_long());
  unreadable_ = static_cast<std::uint64_t>(from.take_long());
  first_unreadable_ = from.take_bytes();
  for (auto at = disk_.scan(place_prefix); at.valid(); at.next()) places_.push_back(parse_place(at.value()));
  for (auto at = disk_.scan(table_prefix); at.valid(); at.next()) {
    TableFold fold = TableFold::parse(at.value());
    by_name_[{fold.database, fold.table}] = fold.number;
    const std::uint32_t number = fold.number;
    const auto known = setup_.known.find({fold.database, fold.table});
    tables_[number].rows_move = known != setup_.known.end() && known->second.rows_move;
    tables_[number].fold = std::move(fold);
  }
  for (auto at = disk_.scan(other_prefix); at.valid(); at.next())
    others_[std::string(at.key().substr(other_prefix.size()))] =
        static_cast<std::uint64_t>(Reader(at.value()).take_long());
  return {};
}

std::string Fold::misfit() const {
  if (is_other_format_) return "it was written by another release";
  for (const auto& [number, table] : tables_) {
    const auto known = setup_.known.find({table.fold.database, table.fold.table});
    if (known == setup_.known.end() || table.fold.is_renamed) continue;
    if (known->second.columns != table.fold.identity) return "the key of " + table.fold.name() + " is another one now";
  }
  return {};
}

void Fold::set_places(std::vector<Place> places) { places_ = std::move(places); }

void Fold::passed(std::uint32_t place, std::int64_t next) { places_[place].next = std::max(places_[place].next, next); }

const TableFold* Fold::find(const TableName& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &tables_.at(found->second).fold;
}

std::vector<const TableFold*> Fold::tables() const {
  std::vector<const TableFold*> out;
  for (const auto& [name, number] : by_name_) out.push_back(&tables_.at(number).fold);
  return out;
}

Status Fold::commit() {
  // In their order they go into the store's memory table much faster.
  sorted_.clear();
  for (const auto& entry : pending_) sorted_.push_back(&entry);
  std::ranges::sort(sorted_, {}, [](const auto* entry) -> const std::string& { return entry->first; });
  for (const auto* entry : sorted_) batch_.put(entry->first, entry->second);
  pending_.clear();
  for (auto& [number, table] : tables_)
    if (std::exchange(table.is_touched, false)) batch_.put(numbered(table_prefix, number), table.fold.write());
  for (std::uint32_t i = 0; i < places_.size(); ++i) batch_.put(numbered(place_prefix, i), write_place(places_[i]));
  for (const auto& [name, count] : others_) {
    written_.clear();
    add_long(written_, static_cast<std::int64_t>(count));
    batch_.put(std::string(other_prefix) + name, written_);
  }
  written_.clear();
  add_long(written_, format);
  add_long(written_, next_number_);
  add_long(written_, static_cast<std::int64_t>(records_));
  add_long(written_, static_cast<std::int64_t>(unreadable_));
  add_string(written_, first_unreadable_);
  batch_.put(summary_key, written_);
  return disk_.write(batch_);
}

Status Fold::flush() {
  TRY(commit());
  return disk_.flush();
}

Fold::Table& Fold::make_table(const TableName& name, std::string_view keys) {
  Table& table = tables_[next_number_];
  table.fold.number = next_number_;
  table.fold.database = name.first;
  table.fold.table = name.second;
  const auto known = setup_.known.find(name);
  table.fold.identity = known == setup_.known.end() ? key_of_tag(keys) : known->second.columns;
  table.fold.is_keyless = table.fold.identity.empty();
  table.rows_move = known != setup_.known.end() && known->second.rows_move;
  table.is_touched = true;
  by_name_[name] = next_number_++;
  return table;
}

Fold::Table* Fold::table_of_record() {
  const std::string object(reader_.object);
  if (const auto found = by_object_.find(object); found != by_object_.end()) return found->second;
  const std::vector<std::string> parts = encode::dts::object_name_parts(object);
  Table* table = nullptr;
  if (parts.size() == 2 && setup_.is_selected({parts[0], parts[1]})) {
    const auto found = by_name_.find({parts[0], parts[1]});
    table = found == by_name_.end() ? &make_table({parts[0], parts[1]}, reader_.keys) : &tables_.at(found->second);
  }
  return by_object_[object] = table;
}

std::uint32_t Fold::structure_of(Table& table) {
  auto& structures = table.fold.structures;
  const std::uint32_t newest = table.fold.newest_structure;
  if (newest < structures.size() && structures[newest] == reader_.fields) return newest;
  const auto found = std::ranges::find(structures, reader_.fields);
  if (found != structures.end()) return static_cast<std::uint32_t>(found - structures.begin());
  structures.emplace_back(reader_.fields);
  return static_cast<std::uint32_t>(structures.size() - 1);
}

// Null: records of the structure lack one of the key's columns.
const std::vector<std::size_t>* Fold::key_positions(Table& table, std::uint32_t structure) const {
  if (table.looked_for.size() <= structure) {
    table.looked_for.resize(structure + 1, false);
    table.positions.resize(structure + 1);
  }
  if (!table.looked_for[structure]) {
    table.looked_for[structure] = true;
    const Structure columns = Structure::parse(table.fold.structures[structure]);
    std::vector<std::size_t> positions;
    for (const std::string& name : table.fold.identity)
      if (const auto at = columns.find(name)) positions.push_back(*at);
    if (positions.size() == table.fold.identity.size()) table.positions[structure] = std::move(positions);
  }
  return table.positions[structure] ? &*table.positions[structure] : nullptr;
}

void Fold::make_row_key(const Table& table, const std::vector<std::size_t>& positions,
                        const std::vector<std::string_view>& values) {
  canonical_.clear();
  for (const std::size_t position : positions)
    append_canonical(position < values.size() ? values[position] : std::string_view("\0", 1), canonical_);
  key_ = rows_of(table.fold.number);
  append_row_key(key_, canonical_.view());
}

Result<bool> Fold::look_up(const std::string& key, std::string_view& value) {
  if (const auto found = pending_.find(key); found != pending_.end()) {
    value = found->second;
    return true;
  }
  TRY_VALUE(const bool is_there, disk_.get(key, stored_));
  value = stored_;
  return is_there;
}

Status Fold::change_row(Table& table, RowState& record) {
  std::string_view bytes;
  TRY_VALUE(const bool known, look_up(key_, bytes));
  RowState state;
  if (known) state = RowState::parse(bytes);
  if (known && table.rows_move && is_before_in_another_place(record, state)) return {};
  const Arrival arrival = apply(record, known, state);
  if (arrival == Arrival::repeat) ++table.fold.repeats;
  if (arrival == Arrival::late) ++table.fold.late;
  state.write(written_);
  pending_[key_] = written_;
  if (watched_.empty()) return {};
  if (const auto found = watched_.find(key_); found != watched_.end()) {
    const bool is_so = state.is_deleted ? !found->second.image : found->second.image == hash(state.image);
    found->second.came_to_be = found->second.came_to_be || is_so;
  }
  return {};
}

bool Fold::watch(const std::string& row_key, std::optional<std::string_view> image) {
  if (watched_.size() >= watched_max) return false;
  watched_[row_key] = {.image = image ? std::optional(hash(*image)) : std::nullopt};
  return true;
}

bool Fold::came_to_be(const std::string& row_key) const {
  const auto found = watched_.find(row_key);
  return found != watched_.end() && found->second.came_to_be;
}

Status Fold::take_keyed(Table& table, RowState& record) {
  const std::vector<std::size_t>* positions = key_positions(table, record.structure);
  if (positions == nullptr) {
    ++table.fold.unidentified;
    return {};
  }
  const bool has_before = !reader_.before.empty(), has_after = !reader_.after.empty();
  std::string before_key;
  if (has_before) {
    make_row_key(table, *positions, reader_.before_values);
    before_key = key_;
  }
  if (has_after) make_row_key(table, *positions, reader_.after_values);
  if (has_before && (!has_after || key_ != before_key)) {
    std::swap(key_, before_key);
    RowState gone = record;
    gone.is_deleted = true;
    TRY(change_row(table, gone));
    std::swap(key_, before_key);
  }
  if (!has_after) return {};
  record.image = reader_.after;
  return change_row(table, record);
}

Status Fold::count_row(Table& table, const std::vector<std::string_view>& values, RowState& record, int copies) {
  canonical_.clear();
  for (const std::string_view value : values) append_canonical(value, canonical_);
  key_ = rows_of(table.fold.number);
  append_content_key(key_, canonical_.view());
  std::string_view bytes;
  TRY_VALUE(const bool known, look_up(key_, bytes));
  record.copies = (known ? RowState::parse(bytes).copies : 0) + copies;
  record.write(written_);
  pending_[key_] = written_;
  return {};
}

Status Fold::take_keyless(Table& table, RowState& record) {
  if (record.operation != static_cast<std::int32_t>(Operation::init)) {
    std::string seen = numbered("s", table.fold.number);
    append_sorted(seen, record.server_id);
    append_sorted(seen, static_cast<std::uint64_t>(record.id));
    std::string_view bytes;
    TRY_VALUE(const bool is_repeat, look_up(seen, bytes));
    if (is_repeat) {
      ++table.fold.repeats;
      return {};
    }
    pending_[std::move(seen)] = {};
  }
  if (!reader_.before.empty()) {
    record.image = reader_.before;
    TRY(count_row(table, reader_.before_values, record, -1));
  }
  if (reader_.after.empty()) return {};
  record.image = reader_.after;
  return count_row(table, reader_.after_values, record, 1);
}

Status Fold::take(std::uint32_t place, std::int64_t offset, std::string_view value) {
  Place& at = places_[place];
  at.next = offset + 1;
  at.last_offset = offset;
  at.last_hash = hash(value);
  ++records_;
  if (Status read = reader_.read(value); !read) {
    if (unreadable_++ == 0)
      first_unreadable_ = fmt::format("{}, partition {}, offset {}: {} at {}", at.topic, at.partition, offset,
                                      read.error().what, read.error().where);
    return {};
  }
  switch (static_cast<Operation>(reader_.operation)) {
    case Operation::ddl:
      return take_statement(place, offset);
    case Operation::insert:
    case Operation::update:
    case Operation::delete_:
    case Operation::init:
      break;
    default:
      return {};
  }
  Table* table = table_of_record();
  if (table == nullptr) {
    if (const std::string object(reader_.object); others_.size() < others_max || others_.contains(object))
      ++others_[object];
    return {};
  }
  table->is_touched = true;
  ++table->fold.records;
  RowState record;
  record.operation = reader_.operation;
  record.structure = structure_of(*table);
  record.place = place;
  record.offset = offset;
  record.timestamp_s = reader_.timestamp_s;
  record.server_id = reader_.server_id;
  record.id = reader_.id;
  record.position = reader_.position;
  table->fold.newest_structure = record.structure;
  table->fold.newest.place = place;
  table->fold.newest.offset = offset;
  table->fold.newest.timestamp_s = reader_.timestamp_s;
  table->fold.newest.operation = reader_.operation;
  return table->fold.is_keyless ? take_keyless(*table, record) : take_keyed(*table, record);
}

}  // namespace tributary::verify
