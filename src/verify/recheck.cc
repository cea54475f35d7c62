// Candidates: read from the source anew, judged, told.
#include <fmt/format.h>

#include <algorithm>

#include "encode/avro_io.h"
#include "encode/decoder.h"
#include "verify/comparison.h"
#include "verify/hash.h"

namespace tributary::verify {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using encode::avro::add_long;
using encode::avro::add_string;
using encode::avro::Reader;

namespace {

constexpr std::size_t fetched_at_once = 200;

}  // namespace

// What two looks at the source saw of a row, and what the topic had told of it before the second.
struct Comparison::Candidate {
  bool had_source = false;
  std::uint64_t former_digest = 0;
  bool has_source = false;
  std::uint64_t digest = 0;
  bool is_left_out = false;  // not compared after all; not kept
  bool is_known = false;
  std::uint32_t place = 0;
  std::int64_t offset = 0;
  std::string image;  // of the second look

  static Candidate parse(std::string_view bytes) {
    Candidate c;
    c.had_source = !bytes.empty() && bytes[0] != '\0';
    if (bytes.size() >= 9) std::memcpy(&c.former_digest, bytes.data() + 1, sizeof c.former_digest);
    if (bytes.size() <= 9) return c;
    Reader from(bytes.substr(9));
    c.has_source = from.take_long() != 0;
    c.digest = static_cast<std::uint64_t>(from.take_long());
    c.is_known = from.take_long() != 0;
    c.place = static_cast<std::uint32_t>(from.take_long());
    c.offset = from.take_long();
    c.image = from.take_bytes();
    return c;
  }
  void write(std::string& out) const {
    out.assign(1, had_source ? '\1' : '\0');
    out.append(reinterpret_cast<const char*>(&former_digest), sizeof former_digest);
    add_long(out, has_source ? 1 : 0);
    add_long(out, static_cast<std::int64_t>(digest));
    add_long(out, is_known ? 1 : 0);
    add_long(out, place);
    add_long(out, offset);
    add_string(out, image);
  }
};

Result<std::uint64_t> Comparison::candidates(const Target& target) const {
  std::uint64_t count = 0;
  Disk::Cursor at = disk_.scan(key_of('c', target.number));
  for (; at.valid(); at.next()) ++count;
  TRY(at.status());
  return count;
}

// `keys`: hash and identity.
Status Comparison::fetch_batch(Target& target, const TableFold* table, std::vector<std::string>& keys,
                               std::vector<Candidate>& known) {
  constexpr std::size_t hash_bytes = 8;
  std::map<std::string_view, Candidate*> by_key;
  std::vector<std::string_view> identities;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Candidate& candidate = known[i];
    candidate.has_source = false;
    candidate.digest = 0;
    candidate.image.clear();
    candidate.is_known = false;
    if (table != nullptr) {
      TRY_VALUE(candidate.is_known, disk_.get(Fold::rows_of(table->number) + keys[i], stored_));
    }
    if (candidate.is_known) {
      const RowState state = RowState::parse(stored_);
      candidate.place = state.place;
      candidate.offset = state.offset;
    }
    by_key[keys[i]] = &candidate;
    identities.push_back(std::string_view(keys[i]).substr(hash_bytes));
  }
  if (target.logical && !keys.empty()) {
    const Projection own = Projection::make(target.structure, target.structure);
    TRY(rows_.fetch(*target.logical, identities, [&](const SourceRows::Row& row) -> Status {
      std::string key;
      Fold::append_row_key(key, identity_of(target, row.record.after_values, canonical_));
      const auto found = by_key.find(key);
      if (found == by_key.end()) return {};
      found->second->is_left_out = row.is_left_out;
      found->second->has_source = true;
      found->second->digest = digest(row.record.after_values, own, false);
      found->second->image = row.record.after;
      return {};
    }));
  }
  const std::string prefix = key_of('c', target.number);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (known[i].is_left_out) {
      batch_.erase(prefix + keys[i]);
      continue;
    }
    known[i].write(value_);
    batch_.put(prefix + keys[i], value_);
    // A row too many to be watched is only looked at more often.
    if (table != nullptr)
      (void)fold_.watch(Fold::rows_of(table->number) + keys[i],
                        known[i].has_source ? std::optional<std::string_view>(known[i].image) : std::nullopt);
  }
  keys.clear();
  known.clear();
  return disk_.write(batch_);
}

Status Comparison::fetch(Target& target, const std::function<void(std::uint64_t)>& on_rows) {
  const TableFold* table = fold_.find(target.name);
  std::vector<std::string> keys;
  std::vector<Candidate> known;
  std::uint64_t count = 0;
  Disk::Cursor at = disk_.scan(key_of('c', target.number));
  for (; at.valid(); at.next()) {
    if (cancel_.requested()) return fail(ErrorCode::cancelled);
    keys.emplace_back(at.key().substr(Fold::row_prefix));
    known.push_back(Candidate::parse(at.value()));
    if (keys.size() < fetched_at_once) continue;
    count += keys.size();
    TRY(fetch_batch(target, table, keys, known));
    on_rows(count);
  }
  TRY(at.status());
  return fetch_batch(target, table, keys, known);
}

Status Comparison::judge(Target& target, const Judging& judging) {
  const TableFold* table = fold_.find(target.name);
  const std::vector<Projection> known = projections(target);
  TableResult& result = target.result;
  Disk::Cursor at = disk_.scan(key_of('c', target.number));
  for (; at.valid(); at.next()) {
    Candidate candidate = Candidate::parse(at.value());
    const std::string_view name = at.key().substr(Fold::row_prefix);
    bool is_known = false;
    if (table != nullptr) {
      TRY_VALUE(is_known, disk_.get(Fold::rows_of(table->number) + std::string(name), stored_));
    }
    const RowState state = is_known ? RowState::parse(stored_) : RowState();
    bool equal = false, is_old = false;
    if (is_known && !state.is_deleted && candidate.has_source) {
      const Projection& projection = known[state.structure + 1];
      is_old = !projection.is_same;
      equal =
          digest(split_image(state.image), projection, true) == digest(split_image(candidate.image), projection, false);
      if (!equal && is_old)
        equal = differing_columns(Structure::parse(table->structures[state.structure]), split_image(state.image),
                                  target.structure, split_image(candidate.image))
                    .empty();
    }
    const bool row_there = is_known && is_there(target, table, state, equal);
    // A row that has changed again may have been as the source had it on the way.
    const bool agrees = (candidate.has_source ? row_there && equal : !row_there) ||
                        (is_known && fold_.came_to_be(Fold::rows_of(table->number) + std::string(name)));
    const bool source_rests = candidate.has_source == candidate.had_source &&
                              (!candidate.has_source || candidate.digest == candidate.former_digest);
    const bool topic_rests = is_known == candidate.is_known &&
                             (!is_known || (state.place == candidate.place && state.offset == candidate.offset));
    const bool is_told = judging.task_runs ? judging.has_passed && topic_rests : source_rests && topic_rests;
    if (!agrees && !is_told) {
      candidate.had_source = candidate.has_source;
      candidate.former_digest = candidate.digest;
      candidate.write(value_);
      batch_.put(at.key(), value_);
      continue;
    }
    batch_.erase(at.key());
    if (agrees) {
      if (candidate.has_source) ++result.equal;
      if (candidate.has_source && is_old) ++result.old_structure;
      continue;
    }
    constexpr std::size_t hash_bytes = 8;
    tell(target, candidate, table, is_known ? &state : nullptr, name.substr(hash_bytes), row_there);
    if (judging.keep_for_repair) batch_.put(key_of('d', target.number) + std::string(name), {});
  }
  TRY(at.status());
  return disk_.write(batch_);
}

Status Comparison::give_up(Target& target) {
  TRY_VALUE(const std::uint64_t left, candidates(target));
  target.result.still_changing += left;
  const std::string range = key_of('c', target.number);
  batch_.erase_range(range, behind_prefix(range));
  return disk_.write(batch_);
}

Status Comparison::reopen_repaired(Target& target) {
  TableResult& result = target.result;
  // What stays different will be counted again.
  result.topic_rows = result.topic_rows + result.missing - std::min(result.extra, result.topic_rows);
  result.changed = result.missing = result.extra = result.out_of_order = 0;
  const std::string range = key_of('d', target.number);
  Disk::Cursor at = disk_.scan(range);
  for (; at.valid(); at.next()) {
    value_.assign(9, '\0');
    batch_.put(key_of('c', target.number) + std::string(at.key().substr(Fold::row_prefix)), value_);
  }
  TRY(at.status());
  batch_.erase_range(range, behind_prefix(range));
  return disk_.write(batch_);
}

void Comparison::tell(Target& target, const Candidate& candidate, const TableFold* table, const RowState* state,
                      std::string_view identity, bool is_row_there) {
  Difference difference;
  difference.database = target.name.first;
  difference.table = target.name.second;
  std::vector<std::string_view> topic_values;
  Structure topic_structure;
  if (state != nullptr) {
    describe_record(*state, fold_.places(), difference);
    topic_structure = Structure::parse(table->structures[state->structure]);
    topic_values = split_image(state->image);
    difference.is_old_structure = topic_structure != target.structure;
  }
  const std::vector<std::string_view> source_values = split_image(candidate.image);
  TableResult& result = target.result;
  if (state != nullptr && state->is_older) {
    difference.kind = DifferenceKind::out_of_order;
    ++result.out_of_order;
  } else if (!candidate.has_source) {
    difference.kind = DifferenceKind::extra;
    ++result.extra;
  } else if (!is_row_there) {
    difference.kind = DifferenceKind::missing;
    ++result.missing;
  } else {
    difference.kind = DifferenceKind::changed;
    ++result.changed;
  }
  for (const std::string& column : target.identity) {
    NamedValue& named = difference.key.emplace_back();
    named.column = column;
    const auto in_source = target.structure.find(column), in_topic = topic_structure.find(column);
    if (candidate.has_source && in_source)
      named.value = value_text(source_values[*in_source]);
    else if (in_topic && *in_topic < topic_values.size())
      named.value = value_text(topic_values[*in_topic]);
    else if (const CanonicalValue value = take_canonical(identity); !value.bytes.empty())
      named.value = std::string(value.bytes);
  }
  if (candidate.has_source && is_row_there)
    difference.columns = differing_columns(topic_structure, topic_values, target.structure, source_values);
  else if (candidate.has_source)
    for (std::size_t i = 0; i < source_values.size() && i < target.structure.columns.size(); ++i)
      difference.columns.push_back({target.structure.columns[i].name, value_text(source_values[i]), std::nullopt});
  else
    for (std::size_t i = 0; i < topic_values.size() && i < topic_structure.columns.size(); ++i)
      difference.columns.push_back({topic_structure.columns[i].name, std::nullopt, value_text(topic_values[i])});
  on_difference_(difference);
}

}  // namespace tributary::verify
