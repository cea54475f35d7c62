#include "verify/repair.h"

#include <algorithm>

#include "base/clock.h"
#include "encode/decoder.h"
#include "encode/dts_avro_plan.h"
#include "model/record.h"
#include "model/text.h"
#include "sink/delivery.h"
#include "sink/router.h"

namespace tributary::verify {

using base::Result;
using base::Status;
namespace dts = encode::dts;

namespace {

constexpr std::size_t rows_at_once = 200;
constexpr std::int64_t flush_ms_max = 60'000;

void append_json(std::string& out, std::string_view text) {
  std::string json(6 * text.size() + 2, '\0');
  json.resize(static_cast<std::size_t>(model::write_json_string(json.data(), text) - json.data()));
  out += json;
}

// As the encoder writes it: numbers bare, everything else a string.
void append_key_value(std::string& key, const dts::Value& value) {
  const std::optional<std::string> text = dts::as_text(value);
  if (!text)
    key += "null";
  else if (std::holds_alternative<dts::Integer>(value) || std::holds_alternative<dts::Float>(value))
    key += *text;
  else
    append_json(key, *text);
}

void add_record(model::RecordBatch& batch, const sink::Router& router, const sink::TableRoute& route,
                std::string_view key, std::string_view value) {
  model::EncodedRecord record;
  batch.bytes.append(key);
  if (!key.empty()) record.key_size = static_cast<std::uint32_t>(key.size());
  record.value_begin = batch.bytes.size();
  batch.bytes.append(value);
  record.value_size = static_cast<std::uint32_t>(value.size());
  router.route_row(route, batch, record);
  batch.records.push_back(record);
}

}  // namespace

DeleteRecord make_delete(const TableFold& table, const Structure& structure, std::string_view image,
                         const model::TableSchema* schema, std::int64_t id, std::int64_t now_ms,
                         std::string_view position) {
  dts::Record record;
  record.id = id;
  record.source_timestamp = now_ms / 1000;
  record.source_position = record.safe_source_position = position;
  record.source_txid = "0";
  record.operation = static_cast<std::int32_t>(model::Operation::delete_);
  record.object_name = encode::object_name_part(table.database) + "." + encode::object_name_part(table.table);
  if (schema != nullptr) {
    if (std::string keys = encode::pk_uk_info(*schema); !keys.empty()) record.tags.emplace_back("pk_uk_info", keys);
    record.tags.emplace_back("metaVersion", std::to_string(schema->version));
  }
  record.tags.emplace_back("l_db_name", table.database);
  record.tags.emplace_back("l_tb_name", table.table);
  record.tags.emplace_back("readerThroughoutTime", std::to_string(now_ms));
  std::vector<dts::Field> fields;
  for (const Structure::Column& column : structure.columns) fields.push_back({column.name, column.type_number});
  record.fields = std::move(fields);
  std::vector<dts::Value> values;
  for (const std::string_view value : split_image(image)) values.push_back(dts::decode_value(value));
  DeleteRecord out;
  out.key = "[";
  append_json(out.key, table.database);
  out.key += ',';
  append_json(out.key, table.table);
  std::vector<std::string> key = table.identity;
  if (schema != nullptr && !schema->message_key.empty()) {
    key.clear();
    for (const std::uint32_t column : schema->message_key) key.push_back(schema->columns[column].name);
  }
  for (const std::string& name : key) {
    out.key += ',';
    const auto at = structure.find(name);
    append_key_value(out.key, at && *at < values.size() ? values[*at] : dts::Value(dts::Null{}));
  }
  out.key += ']';
  record.before_images = std::move(values);
  record.born_timestamp = record.source_timestamp;
  base::Buffer bytes;
  dts::encode_record(record, bytes);
  out.value = bytes.view();
  return out;
}

Repair::Repair(Fold& fold, SourceRows& rows, const source::Topology& topology, const kafka::Config& config,
               std::shared_ptr<sink::Topics> topics, sink::PartitionPolicy policy, base::CancelToken& cancel)
    : fold_(fold),
      rows_(rows),
      topology_(topology),
      config_(config),
      topics_(std::move(topics)),
      policy_(policy),
      cancel_(cancel) {}

Result<std::uint64_t> Repair::run(const std::vector<Target>& targets) {
  TRY_VALUE(const auto delivery, sink::at_least_once(config_, topics_,
                                                     sink::Tracking{.emitted = [](auto, auto, auto) {},
                                                                    .marked = [](auto, const sink::Mark&) {},
                                                                    .acked = [](auto, auto) {},
                                                                    .flush = []() -> Status { return {}; },
                                                                    .status = []() -> Status { return {}; }}));
  const sink::Router router(policy_, topics_);
  const std::int64_t now_ms = base::SystemClock::instance().now_ms();
  std::string position = "0@0";
  if (!topology_.instances.empty()) {
    TRY_VALUE(const source::LogEnd end, rows_.log_end(0));
    position = end.position.dts_text();
  }
  std::uint64_t sent = 0;
  model::RecordBatch batch;
  std::vector<std::string> keys;
  const auto send = [&](const Target& target) -> Status {
    const TableFold* table = fold_.find(target.name);
    TRY_VALUE(const sink::TableRoute route, router.table(target.name.first, target.name.second));
    std::vector<std::string_view> identities;
    constexpr std::size_t hash_bytes = 8;
    for (const std::string& key : keys) identities.push_back(std::string_view(key).substr(hash_bytes));
    std::vector<bool> is_there(keys.size(), false);
    base::Buffer canonical;
    if (target.logical)
      TRY(rows_.fetch(*target.logical, identities, [&](const SourceRows::Row& row) -> Status {
        const auto found = std::ranges::find(identities, identity_of(target, row.record.after_values, canonical));
        if (found == identities.end()) return {};
        is_there[static_cast<std::size_t>(found - identities.begin())] = true;
        add_record(batch, router, route, row.key, row.value);
        return {};
      }));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (is_there[i] || table == nullptr) continue;
      std::string stored;
      TRY_VALUE(const bool is_known, fold_.disk().get(Fold::rows_of(table->number) + keys[i], stored));
      const RowState state = RowState::parse(stored);
      if (!is_known || state.is_deleted) continue;
      const DeleteRecord gone = make_delete(*table, Structure::parse(table->structures[state.structure]), state.image,
                                            target.logical ? rows_.plan(*target.logical).target().get() : nullptr,
                                            static_cast<std::int64_t>(sent + i + 1), now_ms, position);
      add_record(batch, router, route, gone.key, gone.value);
    }
    keys.clear();
    if (batch.empty()) return {};
    sent += batch.records.size();
    return delivery->emit(batch, {}, sink::When::more, cancel_);
  };
  for (const Target& target : targets) {
    Disk::Cursor at = fold_.disk().scan(Comparison::key_of('d', target.number));
    for (; at.valid(); at.next()) {
      keys.emplace_back(at.key().substr(Fold::row_prefix));
      if (keys.size() == rows_at_once) TRY(send(target));
    }
    TRY(at.status());
    if (!keys.empty()) TRY(send(target));
  }
  TRY(delivery->flush(flush_ms_max, cancel_));
  return sent;
}

}  // namespace tributary::verify
