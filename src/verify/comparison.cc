#include "verify/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "encode/decoder.h"
#include "model/record.h"
#include "verify/hash.h"

namespace tributary::verify {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t batch_bytes = 1u << 20;
constexpr std::size_t digest_bytes = sizeof(std::uint64_t);
constexpr std::uint64_t report_every = 5'000;

void append_digest(std::string& to, std::uint64_t digest) {
  to.append(reinterpret_cast<const char*>(&digest), sizeof digest);
}

std::uint64_t digest_at(std::string_view mark, std::size_t number) {
  std::uint64_t digest = 0;
  std::memcpy(&digest, mark.data() + number * digest_bytes, digest_bytes);
  return digest;
}

// Marks of the source's rows and rows of the topic side by side, in the order of their names.
struct Merge {
  Disk::Cursor mark, row;

  bool valid() const { return mark.valid() || row.valid(); }
  // Negative: only the source has the row; positive: only the topic.
  int order() const { return !mark.valid() ? 1 : !row.valid() ? -1 : name_of(mark).compare(name_of(row)); }
  std::string_view name() const { return name_of(order() > 0 ? row : mark); }
  void next() {
    const int at = order();
    if (at <= 0) mark.next();
    if (at >= 0) row.next();
  }
  Status status() const {
    TRY(mark.status());
    return row.status();
  }

 private:
  static std::string_view name_of(const Disk::Cursor& at) { return at.key().substr(Fold::row_prefix); }
};

// A table that is not in the topic has no rows there.
std::string rows_prefix(const TableFold* table) {
  return Fold::rows_of(table == nullptr ? UINT32_MAX - 1 : table->number);
}

}  // namespace

Projection Projection::make(const Structure& topic, const Structure& source) {
  Projection out;
  out.is_same = topic == source;
  for (std::size_t i = 0; i < topic.columns.size(); ++i)
    if (const auto at = source.find(topic.columns[i].name)) out.columns.push_back({i, *at});
  return out;
}

Comparison::Comparison(Fold& fold, SourceRows& rows, std::uint32_t sample, base::CancelToken& cancel,
                       OnDifference on_difference)
    : fold_(fold),
      disk_(fold.disk()),
      rows_(rows),
      sample_end_(sample >= 100 ? 0 : UINT64_MAX / 100 * sample),
      cancel_(cancel),
      on_difference_(std::move(on_difference)) {}

std::string Comparison::key_of(char kind, std::uint32_t number) {
  std::string key(1, kind);
  append_sorted(key, number);
  return key;
}

Target Comparison::make_target(std::uint32_t number, const TableName& name, const source::Topology& topology,
                               std::optional<std::uint32_t> logical) const {
  Target target;
  target.number = number;
  target.name = name;
  target.logical = logical;
  target.result.database = name.first;
  target.result.table = name.second;
  const TableFold* table = fold_.find(name);
  if (logical) {
    const model::TableSchema& schema = *rows_.plan(*logical).target();
    target.has_many_shards = topology.tables[*logical].shards.size() > 1;
    target.is_keyless = schema.identity.empty() || schema.identity_is_hidden;
    if (!target.is_keyless)
      for (const std::uint32_t column : schema.identity) target.identity.push_back(schema.columns[column].name);
    target.fields = rows_.fields(*logical);
    target.structure = Structure::parse(target.fields);
  } else if (table != nullptr) {
    target.is_keyless = table->is_keyless;
    target.identity = table->identity;
  }
  target.result.is_keyless = target.is_keyless;
  return target;
}

bool Comparison::is_sampled(std::string_view row_key) const {
  if (sample_end_ == 0) return true;
  std::string end;
  append_sorted(end, sample_end_);
  return row_key.substr(0, digest_bytes) < end;
}

std::uint64_t Comparison::digest(const std::vector<std::string_view>& values, const Projection& projection,
                                 bool of_topic) {
  canonical_.clear();
  for (const Projection::Pair& pair : projection.columns) {
    const std::size_t at = of_topic ? pair.topic : pair.source;
    if (at < values.size()) append_canonical(values[at], canonical_);
  }
  return hash(canonical_.view());
}

std::string_view identity_of(const Target& target, const std::vector<std::string_view>& values,
                             base::Buffer& canonical) {
  canonical.clear();
  for (const std::string& name : target.identity)
    if (const auto at = target.structure.find(name)) append_canonical(values[*at], canonical);
  return canonical.view();
}

// The first one is for the source's own structure, then one for each of the topic's.
std::vector<Projection> Comparison::projections(const Target& target) const {
  std::vector<Projection> out = {Projection::make(target.structure, target.structure)};
  if (const TableFold* table = fold_.find(target.name); table != nullptr)
    for (const std::string& fields : table->structures)
      out.push_back(Projection::make(Structure::parse(fields), target.structure));
  return out;
}

Status Comparison::scan_row(const Target& target, const std::vector<Projection>& known, const SourceRows::Row& row) {
  const std::vector<std::string_view>& values = row.record.after_values;
  key_ = key_of('g', target.number);
  if (target.is_keyless) {
    if (row.is_left_out) return {};
    canonical_.clear();
    for (const std::string_view value : values) append_canonical(value, canonical_);
    Fold::append_content_key(key_, canonical_.view());
    if (!is_sampled(std::string_view(key_).substr(Fold::row_prefix))) return {};
    // Written at once: the same row may come again.
    TRY_VALUE(const bool again, disk_.get(key_, stored_));
    RowState mark;
    mark.copies = 1 + (again ? RowState::parse(stored_).copies : 0);
    mark.image = row.record.after;
    mark.write(value_);
    batch_.put(key_, value_);
    return disk_.write(batch_);
  }
  Fold::append_row_key(key_, identity_of(target, values, canonical_));
  if (!is_sampled(std::string_view(key_).substr(Fold::row_prefix))) return {};
  value_.clear();
  if (row.is_left_out) {
    batch_.put(key_, value_);
    return {};
  }
  for (const Projection& projection : known)
    append_digest(value_,
                  projection.is_same && !value_.empty() ? digest_at(value_, 0) : digest(values, projection, false));
  batch_.put(key_, value_);
  return batch_.bytes() < batch_bytes ? Status() : disk_.write(batch_);
}

Status Comparison::scan(Target& target, const std::function<void(std::uint64_t)>& on_rows) {
  const std::string marks = key_of('g', target.number);
  batch_.erase_range(marks, behind_prefix(marks));
  TRY(disk_.write(batch_));
  if (!target.logical) return {};
  const std::vector<Projection> known = projections(target);
  std::uint64_t count = 0;
  TRY(rows_.read(*target.logical, [&](const SourceRows::Row& row) -> Status {
    if (++count % report_every == 0) on_rows(count);
    return scan_row(target, known, row);
  }));
  return disk_.write(batch_);
}

bool Comparison::is_there(const Target& target, const TableFold* table, const RowState& state, bool equal) const {
  if (state.is_deleted) return false;
  if (table == nullptr || !is_emptied(table->emptied, state)) return true;
  // Each shard passes the statement at another time, and the last one tells of it: what was written to the others
  // meanwhile stands before it.
  return target.has_many_shards && equal;
}

Status Comparison::join(Target& target) {
  const TableFold* table = fold_.find(target.name);
  const std::vector<Projection> known = projections(target);
  TableResult& result = target.result;
  const auto note = [&](std::string_view name, bool has_source, std::uint64_t own) -> Status {
    key_ = key_of('c', target.number);
    key_ += name;
    value_.assign(1, has_source ? '\1' : '\0');
    append_digest(value_, own);
    batch_.put(key_, value_);
    return batch_.bytes() < batch_bytes ? Status() : disk_.write(batch_);
  };
  std::uint64_t steps = 0;
  Merge at{disk_.scan(key_of('g', target.number)), disk_.scan(rows_prefix(table))};
  for (; at.valid(); at.next()) {
    if (++steps % report_every == 0 && cancel_.requested()) return fail(ErrorCode::cancelled);
    const int order = at.order();
    if (order > 0) {
      if (!is_sampled(at.name()) || !is_there(target, table, RowState::parse(at.row.value()), false)) continue;
      ++result.topic_rows;
      TRY(note(at.name(), false, 0));
      continue;
    }
    if (at.mark.value().empty()) {
      ++result.left_out;
      continue;
    }
    ++result.source_rows;
    if (order == 0) {
      const RowState state = RowState::parse(at.row.value());
      const std::string_view mark = at.mark.value();
      const std::size_t number = state.structure + 1;
      const bool equal = !state.is_deleted && number < known.size() && mark.size() > number * digest_bytes &&
                         digest(split_image(state.image), known[number], true) == digest_at(mark, number);
      const bool there = is_there(target, table, state, equal);
      if (there) ++result.topic_rows;
      if (there && equal) {
        ++result.equal;
        if (!known[number].is_same) ++result.old_structure;
        continue;
      }
    }
    TRY(note(at.name(), true, digest_at(at.mark.value(), 0)));
  }
  TRY(at.status());
  TRY(disk_.write(batch_));
  const std::string marks = key_of('g', target.number);
  batch_.erase_range(marks, behind_prefix(marks));
  return disk_.write(batch_);
}

Result<std::uint64_t> Comparison::join_keyless(Target& target, const std::vector<Place>& before, bool task_runs,
                                               bool all_change, bool is_last) {
  const TableFold* table = fold_.find(target.name);
  std::uint64_t changing = 0;
  TableResult result = target.result;
  const auto copies = [](std::int64_t count) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, count)); };
  Merge at{disk_.scan(key_of('g', target.number)), disk_.scan(rows_prefix(table))};
  for (; at.valid(); at.next()) {
    if (cancel_.requested()) return fail(ErrorCode::cancelled);
    const int order = at.order();
    if (order > 0 && !is_sampled(at.name())) continue;
    const RowState at_source = order <= 0 ? RowState::parse(at.mark.value()) : RowState();
    const RowState in_topic = order >= 0 ? RowState::parse(at.row.value()) : RowState();
    result.source_rows += copies(at_source.copies);
    result.topic_rows += copies(in_topic.copies);
    result.equal += copies(std::min(at_source.copies, in_topic.copies));
    if (at_source.copies != in_topic.copies) {
      const bool told_since =
          order >= 0 && in_topic.place < before.size() && in_topic.offset >= before[in_topic.place].next;
      if (all_change || (task_runs && told_since)) {
        ++changing;
        ++result.still_changing;
      } else if (is_last) {
        Difference difference;
        difference.kind = at_source.copies > in_topic.copies ? DifferenceKind::missing : DifferenceKind::extra;
        const std::int64_t count = at_source.copies - std::max<std::int64_t>(0, in_topic.copies);
        if (count > 0)
          result.missing += copies(count);
        else
          result.extra += copies(-count);
        difference.database = target.name.first;
        difference.table = target.name.second;
        difference.source_copies = at_source.copies;
        difference.topic_copies = in_topic.copies;
        if (order >= 0) describe_record(in_topic, fold_.places(), difference);
        const Structure structure =
            order <= 0 ? target.structure : Structure::parse(table->structures[in_topic.structure]);
        const auto values = split_image(order <= 0 ? at_source.image : in_topic.image);
        for (std::size_t i = 0; i < values.size() && i < structure.columns.size(); ++i)
          difference.key.push_back({structure.columns[i].name, value_text(values[i])});
        on_difference_(difference);
      }
    }
  }
  TRY(at.status());
  if (is_last) target.result = result;
  return changing;
}

Status Comparison::clear() {
  for (const char kind : {'g', 'c', 'd'})
    batch_.erase_range(std::string(1, kind), std::string(1, static_cast<char>(kind + 1)));
  return disk_.write(batch_);
}

}  // namespace tributary::verify
