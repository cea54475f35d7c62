#include "verify/source_rows.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "encode/dts_avro_plan.h"
#include "model/text.h"
#include "mysql/server.h"
#include "source/snapshot/text_row.h"

namespace tributary::verify {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using model::ColumnType;

namespace {

constexpr std::uint64_t chunk_rows = 20'000;
constexpr unsigned no_such_table = 1146;

std::string datetime_literal(const model::Column& column, const CanonicalValue& value) {
  bool is_negative = false;
  std::uint32_t parts[7];
  for (int i = 0; i < 7; ++i) {
    const std::int32_t part = value.parts[i].value_or(0);
    is_negative = is_negative || part < 0;
    parts[i] = static_cast<std::uint32_t>(std::abs(std::int64_t{part}));
  }
  const std::string date = fmt::format("{:04}-{:02}-{:02}", parts[0], parts[1], parts[2]);
  const std::string clock = fmt::format("{:02}:{:02}:{:02}.{:06}", parts[3], parts[4], parts[5], parts[6]);
  switch (column.type) {
    case ColumnType::year:
      return fmt::format("{}", parts[0]);
    case ColumnType::date:
      return fmt::format("'{}'", date);
    case ColumnType::time:
      return fmt::format("'{}{}'", is_negative ? "-" : "", clock);
    default:
      return fmt::format("'{} {}'", date, clock);
  }
}

std::string timestamp_literal(const CanonicalValue& value) {
  char text[model::text_bytes_max];
  const char* end = model::write_timestamp(text, value.seconds, static_cast<std::uint32_t>(value.micros));
  return fmt::format("'{}'", std::string_view(text, static_cast<std::size_t>(end - text)));
}

}  // namespace

std::string key_condition(const model::Column& column, std::string_view& identity) {
  const std::string name = mysql::quote_name(column.name);
  const CanonicalValue value = take_canonical(identity);
  switch (value.kind) {
    case ValueClass::null:
      return name + " IS NULL";
    case ValueClass::number:
      return fmt::format("{} = {}", name, value.bytes);
    case ValueClass::text:
      return fmt::format("{} = _utf8mb4 X'{}'", name, model::hex(value.bytes));
    case ValueClass::other_text:
      return fmt::format("{} = _{} X'{}'", name, column.charset, model::hex(value.bytes));
    case ValueClass::binary:
      return fmt::format("{} = _binary X'{}'", name, model::hex(value.bytes));
    case ValueClass::real: {
      if (column.type != ColumnType::float_) return fmt::format("{} = {:.17e}", name, value.real);
      const double width = std::abs(value.real) * 1e-6;  // a FLOAT is not its shortest decimal
      return fmt::format("{} BETWEEN {:.17e} AND {:.17e}", name, value.real - width, value.real + width);
    }
    case ValueClass::timestamp:
      return fmt::format("{} = {}", name, timestamp_literal(value));
    case ValueClass::datetime:
      return fmt::format("{} = {}", name, datetime_literal(column, value));
  }
  return name + " IS NULL";
}

SourceRows::SourceRows(const source::Topology& topology, std::uint64_t rate, base::CancelToken& cancel)
    : topology_(topology), rate_(rate), cancel_(cancel) {}

Result<std::unique_ptr<SourceRows>> SourceRows::make(const source::Topology& topology,
                                                     const transform::Transformation& transformation,
                                                     std::uint64_t rate, base::CancelToken& cancel) {
  std::unique_ptr<SourceRows> rows(new SourceRows(topology, rate, cancel));
  rows->additional_columns_ = names_of(transformation.additional_columns);
  for (const source::LogicalTable& table : topology.tables) {
    const source::Instance& instance =
        topology.instances[table.shards.empty() ? 0 : topology.physical[table.shards.front()].instance];
    const transform::Dialect dialect{instance.flavour == mysql::Flavour::mariadb, instance.version_number};
    TRY_VALUE(transform::TablePlan plan, transformation.plan(table.schema, dialect));
    rows->plans_.push_back(std::move(plan));
  }
  return rows;
}

Result<mysql::Connection*> SourceRows::connection(std::uint32_t instance) {
  auto found = connections_.find(instance);
  if (found == connections_.end()) {
    TRY_VALUE(mysql::Connection opened, source::open_snapshot_connection(topology_.instances[instance]));
    found = connections_.emplace(instance, std::move(opened)).first;
  }
  return &found->second;
}

const encode::RowEncoder& SourceRows::encoder(std::uint32_t logical) {
  auto& made = encoders_[logical];
  const source::LogicalTable& table = topology_.tables[logical];
  if (!made) {
    const std::uint32_t instance = table.shards.empty() ? 0 : topology_.physical[table.shards.front()].instance;
    made = encode::make_dts_avro_encoder(plans_[logical].target(),
                                         {.source_version = topology_.instances[instance].server_version});
  }
  return *made;
}

std::string SourceRows::fields(std::uint32_t logical) const {
  const std::string fields = encode::DtsAvroPlan(*plans_[logical].target(), {}).fields.substr(1);  // behind the index
  return own_fields(fields, additional_columns_).bytes;
}

Result<source::LogEnd> SourceRows::log_end(std::uint32_t instance) {
  TRY_VALUE(mysql::Connection * at, connection(instance));
  TRY_VALUE(source::LogEnd end, source::read_log_end(*at));
  positions_[instance] = end.position.dts_text();
  return end;
}

Result<std::string> SourceRows::server_identity(std::uint32_t instance) {
  TRY_VALUE(mysql::Connection * at, connection(instance));
  return mysql::server_identity(*at);
}

Result<std::uint64_t> SourceRows::estimate(std::uint32_t logical) {
  std::uint64_t rows = 0;
  for (const std::uint32_t shard : topology_.tables[logical].shards) {
    const source::PhysicalTable& physical = topology_.physical[shard];
    TRY_VALUE(mysql::Connection * at, connection(physical.instance));
    TRY_VALUE(const source::LanePlan plan,
              source::plan_lanes(*at, physical, *topology_.tables[logical].schema, 1, chunk_rows));
    rows += plan.rows_estimated;
  }
  return rows;
}

Status SourceRows::keep_rate() {
  if (rate_ == 0) return {};
  const std::int64_t now_ms = base::SystemClock::instance().monotonic_ms();
  if (now_ms - second_began_ms_ >= 1000) {
    second_began_ms_ = now_ms;
    rows_in_second_ = 0;
  }
  if (++rows_in_second_ <= rate_) return {};
  if (cancel_.wait_for_ms(second_began_ms_ + 1000 - now_ms)) return fail(ErrorCode::cancelled);
  second_began_ms_ = base::SystemClock::instance().monotonic_ms();
  rows_in_second_ = 1;
  return {};
}

Result<std::uint64_t> SourceRows::stream(mysql::Connection& connection, std::uint32_t logical, const std::string& sql,
                                         source::KeyBound* last, const OnRow& on_row) {
  const model::TableSchema& schema = *topology_.tables[logical].schema;
  const encode::RowEncoder& encoder = this->encoder(logical);
  const source::TextRowPlan plan(schema);
  const std::vector<std::uint32_t> key = source::chunk_key(schema);
  const std::uint32_t instance =
      topology_.tables[logical].shards.empty() ? 0 : topology_.physical[topology_.tables[logical].shards[0]].instance;
  encode::ChangeHeader header;
  const std::string position = positions_[instance].empty() ? "0@0" : positions_[instance];
  header.position = header.safe_position = position;
  header.read_ms = base::SystemClock::instance().now_ms();
  header.timestamp_s = header.read_ms / 1000;
  TRY_VALUE(mysql::RowStream rows, connection.stream(sql));
  mysql::RowView view;
  transform::Row values;
  values.operation = model::Operation::init;
  values.commit_s = header.timestamp_s;
  values.position = position;
  values.instance = topology_.instances[instance].name;
  base::Buffer value, record_key;
  RecordReader record(additional_columns_);
  std::uint64_t count = 0;
  while (true) {
    TRY_VALUE(const bool more, rows.next(view));
    if (!more) break;
    if (cancel_.requested()) return fail(ErrorCode::cancelled);
    TRY(keep_rate());
    ++count;
    ++rows_read_;
    header.id = values.record_id = rows_read_;
    TRY(plan.read(view, values.after));
    TRY_VALUE(const transform::TablePlan::Verdict verdict, plans_[logical].apply(values));
    const bool is_left_out = verdict != transform::TablePlan::Verdict::sent;
    if (is_left_out) plans_[logical].project(values);
    value.clear();
    record_key.clear();
    TRY(encoder.encode(model::Operation::init, header, {}, values.after, value));
    (void)encoder.key(values.after, record_key);
    TRY(record.read(value.view()));
    TRY(on_row({record, value.view(), record_key.view(), is_left_out}));
    if (last == nullptr) continue;
    last->clear();
    for (const std::uint32_t column : key) last->emplace_back(std::string(view.values[column], view.lengths[column]));
  }
  return count;
}

Status SourceRows::read_shard(const source::PhysicalTable& physical, const OnRow& on_row) {
  const source::Instance& instance = topology_.instances[physical.instance];
  const model::TableSchema& schema = *topology_.tables[physical.logical].schema;
  TRY_VALUE(mysql::Connection * at, connection(physical.instance));
  const source::TextRowPlan plan(schema);
  const std::uint64_t limit = source::chunk_key(schema).empty() ? 0 : chunk_rows;
  const auto no_beat = []() -> Result<bool> { return false; };
  source::KeyBound after, last;
  while (true) {
    TRY_VALUE(const model::BinlogPosition position, source::open_view(*at, instance, {}, no_beat, cancel_));
    positions_[physical.instance] = position.dts_text();
    TRY_VALUE(const std::uint64_t count,
              stream(*at, physical.logical,
                     source::chunk_select(physical, schema, plan.select_list(), after, {}, limit), &last, on_row));
    TRY(source::end_view(*at));
    if (limit == 0 || count < limit) return {};
    after = last;
  }
}

Status SourceRows::read(std::uint32_t logical, const OnRow& on_row) {
  for (const std::uint32_t shard : topology_.tables[logical].shards) {
    const source::PhysicalTable& physical = topology_.physical[shard];
    if (Status done = read_shard(physical, on_row); !done) {
      connections_.erase(physical.instance);  // it may be in the middle of a result
      return fail(std::move(done.error())
                      .in(fmt::format("instance {}, {}.{}", topology_.instances[physical.instance].name,
                                      physical.database, physical.table)));
    }
  }
  return {};
}

Status SourceRows::fetch(std::uint32_t logical, const std::vector<std::string_view>& identities, const OnRow& on_row) {
  const model::TableSchema& schema = *topology_.tables[logical].schema;
  const source::TextRowPlan plan(schema);
  std::string condition;
  for (std::string_view identity : identities) {
    condition += condition.empty() ? "(" : " OR (";
    for (std::size_t i = 0; i < schema.identity.size(); ++i)
      condition += (i == 0 ? "" : " AND ") + key_condition(schema.columns[schema.identity[i]], identity);
    condition += ')';
  }
  for (const std::uint32_t shard : topology_.tables[logical].shards) {
    const source::PhysicalTable& physical = topology_.physical[shard];
    TRY_VALUE(mysql::Connection * at, connection(physical.instance));
    const auto read =
        stream(*at, logical,
               fmt::format("SELECT {} FROM {}.{} WHERE {}", plan.select_list(), mysql::quote_name(physical.database),
                           mysql::quote_name(physical.table), condition),
               nullptr, on_row);
    if (read) continue;
    const bool is_gone = at->server_errno() == no_such_table;
    connections_.erase(physical.instance);
    if (!is_gone) return fail(base::Error(read.error()).in(fmt::format("{}.{}", physical.database, physical.table)));
  }
  return {};
}

}  // namespace tributary::verify
