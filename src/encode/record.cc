#include "encode/record.h"

#include <array>

#include "encode/avro_io.h"
#include "encode/encoder.h"
#include "model/record.h"

namespace tributary::encode {
namespace dts {
namespace {

constexpr std::array<std::string_view, 13> source_types = {"MySQL", "Oracle", "SQLServer", "PostgreSQL", "MongoDB",
                                                           "Redis", "DB2",    "PPAS",      "DRDS",       "HBASE",
                                                           "HDFS",  "FILE",   "OTHER"};
constexpr std::array<std::string_view, 17> operations = {
    "INSERT",     "UPDATE",  "DELETE", "DDL",    "BEGIN",   "COMMIT", "ROLLBACK", "ABORT", "HEARTBEAT",
    "CHECKPOINT", "COMMAND", "FILL",   "FINISH", "CONTROL", "RDB",    "NOOP",     "INIT"};
constexpr std::array<std::string_view, 13> branches = {
    "null",           "Integer",      "Character",    "Decimal",
    "Float",          "Timestamp",    "DateTime",     "TimestampWithTimeZone",
    "BinaryGeometry", "TextGeometry", "BinaryObject", "TextObject",
    "EmptyObject"};
static_assert(branches.size() == std::variant_size_v<Value>);

template <std::size_t size>
std::string_view name_at(const std::array<std::string_view, size>& names, std::int32_t index) {
  return index >= 0 && static_cast<std::size_t>(index) < size ? names[static_cast<std::size_t>(index)] : "?";
}

using avro::add_long;
using avro::add_string;

void add_double(std::string& to, double number) {
  char room[sizeof number];
  avro::put_double(room, number);
  to.append(room, sizeof room);
}

void add_parts(std::string& to, const DateTime& t) {
  for (const std::optional<std::int32_t>& part : {t.year, t.month, t.day, t.hour, t.minute, t.second, t.micros}) {
    add_long(to, part ? 1 : 0);
    if (part) add_long(to, *part);
  }
}

// What stands behind the branch index.
struct AddBranch {
  std::string& to;
  void operator()(const Null&) const {}
  void operator()(const Integer& v) const {
    add_long(to, v.precision);
    add_string(to, v.value);
  }
  void operator()(const Character& v) const {
    add_string(to, v.charset);
    add_string(to, v.value);
  }
  void operator()(const Decimal& v) const {
    add_string(to, v.value);
    add_long(to, v.precision);
    add_long(to, v.scale);
  }
  void operator()(const Float& v) const {
    add_double(to, v.value);
    add_long(to, v.precision);
    add_long(to, v.scale);
  }
  void operator()(const Timestamp& v) const {
    add_long(to, v.seconds);
    add_long(to, v.micros);
  }
  void operator()(const DateTime& v) const { add_parts(to, v); }
  void operator()(const TimestampWithTimeZone& v) const {
    add_parts(to, v.value);
    add_string(to, v.timezone);
  }
  void operator()(const EmptyObject& v) const { add_long(to, static_cast<std::int64_t>(v)); }
  template <typename TypeAndValue>
  void operator()(const TypeAndValue& v) const {
    add_string(to, v.type);
    add_string(to, v.value);
  }
};

void add_item(std::string& to, const Field& field) {
  add_string(to, field.name);
  add_long(to, field.data_type_number);
}
void add_item(std::string& to, const Value& value) {
  add_long(to, static_cast<std::int64_t>(value.index()));
  std::visit(AddBranch{to}, value);
}
void add_item(std::string& to, std::int64_t number) { add_long(to, number); }
void add_item(std::string& to, const std::pair<std::string, std::string>& tag) {
  add_string(to, tag.first);
  add_string(to, tag.second);
}

template <typename Item>
void add_items(std::string& to, const std::vector<Item>& items) {
  if (!items.empty()) {
    add_long(to, static_cast<std::int64_t>(items.size()));
    for (const Item& item : items) add_item(to, item);
  }
  add_long(to, 0);
}

template <typename Item>
void add_union(std::string& to, const std::variant<std::monostate, std::string, std::vector<Item>>& part) {
  add_long(to, static_cast<std::int64_t>(part.index()));
  if (const auto* text = std::get_if<std::string>(&part)) add_string(to, *text);
  if (const auto* items = std::get_if<std::vector<Item>>(&part)) add_items(to, *items);
}

}  // namespace

std::string_view branch_name(const Value& value) { return branches[value.index()]; }
std::string_view Record::operation_name() const { return name_at(operations, operation); }
std::string_view Record::source_type_name() const { return name_at(source_types, source_type); }

std::optional<std::string_view> Record::tag(std::string_view name) const {
  for (const auto& [key, value] : tags) {
    if (key == name) return value;
  }
  return std::nullopt;
}

void encode_record(const Record& record, base::Buffer& out) {
  std::string to;
  add_long(to, record.version);
  add_long(to, record.id);
  add_long(to, record.source_timestamp);
  add_string(to, record.source_position);
  add_string(to, record.safe_source_position);
  add_string(to, record.source_txid);
  add_long(to, record.source_type);
  add_string(to, record.source_version);
  add_long(to, record.operation);
  add_long(to, record.object_name ? 1 : 0);
  if (record.object_name) add_string(to, *record.object_name);
  add_long(to, record.process_timestamps ? 1 : 0);
  if (record.process_timestamps) add_items(to, *record.process_timestamps);
  add_items(to, record.tags);
  add_union(to, record.fields);
  add_union(to, record.before_images);
  add_union(to, record.after_images);
  if (record.born_timestamp) add_long(to, *record.born_timestamp);
  out.append(to);
}

}  // namespace dts

namespace {

dts::Record without_row(model::Operation operation, const ChangeHeader& header, std::string_view source_version) {
  dts::Record record;
  record.id = static_cast<std::int64_t>(header.id);
  record.source_timestamp = header.timestamp_s;
  record.source_position = header.position;
  record.safe_source_position = header.safe_position;
  record.source_txid = "0";
  record.source_version = source_version;
  record.operation = static_cast<std::int32_t>(operation);
  if (header.server_id != 0) record.tags.emplace_back("server_id", std::to_string(header.server_id));
  if (header.thread_id != 0) record.tags.emplace_back("thread_id", std::to_string(header.thread_id));
  record.tags.emplace_back("readerThroughoutTime", std::to_string(header.read_ms));
  record.born_timestamp = header.timestamp_s;
  return record;
}

}  // namespace

void encode_ddl(const ChangeHeader& header, std::string_view database, std::string_view statement,
                std::string_view source_version, base::Buffer& out) {
  dts::Record record = without_row(model::Operation::ddl, header, source_version);
  record.object_name = object_name_part(database);
  record.after_images = std::string(statement);
  dts::encode_record(record, out);
}

void encode_transaction(model::Operation operation, const ChangeHeader& header, std::string_view source_version,
                        base::Buffer& out) {
  dts::Record record = without_row(operation, header, source_version);
  if (!header.gtid.empty()) record.tags.emplace_back("GTID", header.gtid);
  dts::encode_record(record, out);
}

}  // namespace tributary::encode
