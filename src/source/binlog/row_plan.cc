#include "source/binlog/row_plan.h"

#include <algorithm>

#include "source/binlog/decimal.h"
#include "source/binlog/temporal.h"

namespace tributary::source {
namespace {

using model::ColumnType;
using Step = RowPlan::Step;

constexpr std::size_t uuid_text_size = 36;
constexpr std::size_t address_text_max = 45;

Opcode text_opcode(unsigned length_bytes) {
  return static_cast<Opcode>(static_cast<unsigned>(Opcode::text1) + length_bytes - 1);
}
Opcode compressed_opcode(unsigned length_bytes) {
  return static_cast<Opcode>(static_cast<unsigned>(Opcode::compressed1) + length_bytes - 1);
}
unsigned prefix_bytes(const WireColumn& wire) { return wire.metadata > 255 ? 2 : 1; }

std::string describe(const WireColumn& wire) {
  std::string text(to_string(wire.type));
  switch (wire.type) {
    case WireType::newdecimal:
      return text + "(" + std::to_string(wire.metadata & 0xff) + "," + std::to_string(wire.metadata >> 8) + ")";
    case WireType::varchar:
    case WireType::var_string:
    case WireType::string:
    case WireType::varchar_compressed:
      return text + " of up to " + std::to_string(wire.metadata) + " bytes";
    case WireType::bit:
      return text + "(" + std::to_string((wire.metadata >> 8) * 8 + (wire.metadata & 0xff)) + ")";
    case WireType::time2:
    case WireType::datetime2:
    case WireType::timestamp2:
      return text + "(" + std::to_string(wire.metadata) + ")";
    case WireType::enum_:
    case WireType::set:
      return text + " of " + std::to_string(wire.metadata) + " bytes";
    case WireType::blob:
      return text + " with a length of " + std::to_string(wire.metadata) + " bytes";
    default:
      return text;
  }
}

std::string describe(const model::Column& column) {
  if (!column.declared_type.empty()) return column.declared_type;
  std::string text(to_string(column.type));
  if (column.type == ColumnType::decimal) {
    text += "(" + std::to_string(column.precision) + "," + std::to_string(column.scale) + ")";
  }
  return column.is_unsigned ? text + " unsigned" : text;
}

Opcode integer_opcode(Opcode signed_one, bool is_unsigned) {
  constexpr int to_unsigned = static_cast<int>(Opcode::u8) - static_cast<int>(Opcode::i8);
  return is_unsigned ? static_cast<Opcode>(static_cast<int>(signed_one) + to_unsigned) : signed_one;
}

// `hires` has the opcode of the old form; it and its MariaDB kin share a wire type that says nothing of the fraction.
bool plan_old_temporal(const model::Column& column, Opcode plain, Opcode hires, const std::uint8_t* hires_bytes,
                       Step& step) {
  if (column.fraction_digits > 6) return false;
  step.opcode = column.fraction_digits == 0 ? plain : hires;
  step.a = column.fraction_digits;
  step.length = hires_bytes[column.fraction_digits];
  return true;
}

bool plan_temporal2(const model::Column& column, const WireColumn& wire, Opcode opcode, Step& step) {
  if (wire.metadata > 6 || wire.metadata != column.fraction_digits) return false;
  step.opcode = opcode;
  step.a = static_cast<std::uint8_t>(wire.metadata);
  return true;
}

bool plan_text(const WireColumn& wire, Step& step) {
  switch (wire.type) {
    case WireType::varchar:
    case WireType::var_string:
    case WireType::string:
      step.opcode = text_opcode(prefix_bytes(wire));
      return true;
    case WireType::varchar_compressed:
      step.opcode = compressed_opcode(prefix_bytes(wire));
      return true;
    default:
      return false;
  }
}

bool plan_blob(const WireColumn& wire, unsigned length_bytes, Step& step) {
  if (wire.metadata != length_bytes) return false;
  if (wire.type == WireType::blob)
    step.opcode = text_opcode(length_bytes);
  else if (wire.type == WireType::blob_compressed)
    step.opcode = compressed_opcode(length_bytes);
  else
    return false;
  return true;
}

// Fixed bytes whose trailing zeros are left out in row images.
bool plan_fixed(const WireColumn& wire, std::uint32_t length, Opcode one_byte_prefix, Step& step) {
  if (wire.type != WireType::string || (length != 0 && wire.metadata != length)) return false;
  step.opcode = one_byte_prefix;
  if (one_byte_prefix == Opcode::binary1 && prefix_bytes(wire) == 2) step.opcode = Opcode::binary2;
  step.length = wire.metadata;
  return true;
}

bool plan_column(const model::Column& column, const WireColumn& wire, Step& step) {
  const auto integer = [&](WireType type, Opcode opcode) {
    step.opcode = integer_opcode(opcode, column.is_unsigned);
    return wire.type == type;
  };
  switch (column.type) {
    case ColumnType::tinyint:
      return integer(WireType::tiny, Opcode::i8);
    case ColumnType::smallint:
      return integer(WireType::short_, Opcode::i16);
    case ColumnType::mediumint:
      return integer(WireType::int24, Opcode::i24);
    case ColumnType::int_:
      return integer(WireType::long_, Opcode::i32);
    case ColumnType::bigint:
      return integer(WireType::longlong, Opcode::i64);
    case ColumnType::decimal: {
      const unsigned precision = wire.metadata & 0xff;
      const unsigned scale = wire.metadata >> 8;
      step = {Opcode::decimal, static_cast<std::uint8_t>(precision), static_cast<std::uint16_t>(scale), 0};
      if (wire.type != WireType::newdecimal || !is_decimal_shape(precision, scale)) return false;
      step.length = static_cast<std::uint32_t>(decimal_size(precision, scale));
      return precision == column.precision && scale == column.scale;
    }
    case ColumnType::float_:
      step.opcode = Opcode::real4;
      return wire.type == WireType::float_ && wire.metadata == 4;
    case ColumnType::double_:
      step.opcode = Opcode::real8;
      return wire.type == WireType::double_ && wire.metadata == 8;
    case ColumnType::bit: {
      const unsigned bits = (wire.metadata >> 8) * 8u + (wire.metadata & 0xffu);
      step.opcode = Opcode::bits;
      step.length = (bits + 7) / 8;
      return wire.type == WireType::bit && bits >= 1 && bits <= 64 && (column.length == 0 || column.length == bits);
    }
    case ColumnType::year:
      step.opcode = Opcode::year;
      step.a = column.declared_type == "year(2)" ? 1 : 0;
      return wire.type == WireType::year;
    case ColumnType::date:
      step.opcode = Opcode::date;
      return wire.type == WireType::date || wire.type == WireType::newdate;
    case ColumnType::time:
      if (wire.type == WireType::time2) return plan_temporal2(column, wire, Opcode::time2, step);
      return wire.type == WireType::time &&
             plan_old_temporal(column, Opcode::time3, Opcode::time_hires, time_hires_bytes, step);
    case ColumnType::datetime:
      if (wire.type == WireType::datetime2) return plan_temporal2(column, wire, Opcode::datetime2, step);
      return wire.type == WireType::datetime &&
             plan_old_temporal(column, Opcode::datetime8, Opcode::datetime_hires, datetime_hires_bytes, step);
    case ColumnType::timestamp:
      if (wire.type == WireType::timestamp2) return plan_temporal2(column, wire, Opcode::timestamp2, step);
      return wire.type == WireType::timestamp &&
             plan_old_temporal(column, Opcode::timestamp4, Opcode::timestamp_hires, timestamp_hires_bytes, step);
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::varbinary:
      return plan_text(wire, step);
    case ColumnType::binary:
      return plan_fixed(wire, column.length, Opcode::binary1, step);
    case ColumnType::tinytext:
    case ColumnType::tinyblob:
      return plan_blob(wire, 1, step);
    case ColumnType::text:
    case ColumnType::blob:
      return plan_blob(wire, 2, step);
    case ColumnType::mediumtext:
    case ColumnType::mediumblob:
      return plan_blob(wire, 3, step);
    case ColumnType::longtext:
    case ColumnType::longblob:
      return plan_blob(wire, 4, step);
    case ColumnType::enum_:
    case ColumnType::set: {
      const bool is_enum = column.type == ColumnType::enum_;
      step.opcode = Opcode::set;
      step.length = wire.metadata;
      return wire.type == (is_enum ? WireType::enum_ : WireType::set) && wire.metadata >= 1 &&
             wire.metadata <= (is_enum ? 2 : 8);
    }
    case ColumnType::json:
      if (wire.type == WireType::blob) return plan_blob(wire, 4, step);  // MariaDB: a checked LONGTEXT
      step.opcode = Opcode::json;
      step.a = static_cast<std::uint8_t>(wire.metadata);
      return wire.type == WireType::json && wire.metadata >= 1 && wire.metadata <= 4;
    case ColumnType::geometry:
      step.opcode = Opcode::geometry;
      step.a = static_cast<std::uint8_t>(wire.metadata);
      return wire.type == WireType::geometry && wire.metadata >= 1 && wire.metadata <= 4;
    case ColumnType::vector:
      if (wire.type != WireType::vector) return plan_text(wire, step);  // MariaDB: VARBINARY on the wire
      if (wire.metadata < 1 || wire.metadata > 4) return false;
      step.opcode = text_opcode(wire.metadata);
      return true;
    case ColumnType::uuid:
      return plan_fixed(wire, 16, Opcode::uuid, step);
    case ColumnType::inet4:
      return plan_fixed(wire, 4, Opcode::inet4, step);
    case ColumnType::inet6:
      return plan_fixed(wire, 16, Opcode::inet6, step);
  }
  return false;
}

std::size_t scratch_bytes_of(const Step& step) {
  switch (step.opcode) {
    case Opcode::decimal:
      return decimal_text_max;
    case Opcode::binary1:
    case Opcode::binary2:
      return step.length;
    case Opcode::uuid:
      return uuid_text_size;
    case Opcode::inet4:
    case Opcode::inet6:
      return address_text_max;
    default:
      return 0;
  }
}

bool has_unbounded_text(Opcode opcode) { return opcode == Opcode::json || opcode >= Opcode::compressed1; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::unexpected<base::Error> mismatch(const TableMap& map, std::string what) {
  return base::fail(base::ErrorCode::data_schema_mismatch, std::move(what),
                    std::string(map.database()) + "." + std::string(map.table()));
}

// A column that only row images have.
bool plan_tail(model::TailColumn kind, const WireColumn& wire, Step& step) {
  if (wire.type == WireType::longlong) {  // the hash, or the number of a transaction
    step.opcode = Opcode::u64;
    return true;
  }
  step = {Opcode::timestamp2, 6, 0, 0};
  return kind != model::TailColumn::row_hash && wire.type == WireType::timestamp2 && wire.metadata == 6;
}

// RDS adds a key to tables without a primary one.
bool has_rds_row_id(const std::vector<WireColumn>& wire, const TableMetadata& metadata,
                    const model::TableSchema& schema) {
  constexpr std::string_view name = "__#alibaba_rds_row_id#__";
  return wire.size() == schema.columns.size() + 1 && schema.tail.empty() && wire.back().type == WireType::longlong &&
         !wire.back().is_nullable && (schema.keys.empty() || !schema.keys.front().is_primary) &&
         (metadata.column_names.size() != wire.size() || metadata.column_names.back() == name);
}

}  // namespace

base::Result<RowPlan> RowPlan::make(const TableMap& map, model::TableSchemaPtr schema) {
  const std::vector<WireColumn>& wire = map.columns();
  TRY_VALUE(const TableMetadata metadata, map.metadata());
  const std::size_t known = schema->columns.size();
  if (wire.size() != known + schema->tail.size() && !has_rds_row_id(wire, metadata, *schema)) {
    return mismatch(map, "the binlog has " + std::to_string(wire.size()) + " columns, the known structure " +
                             std::to_string(known + schema->tail.size()));
  }
  RowPlan plan;
  plan.steps_.resize(wire.size());
  std::size_t numeric = 0;
  for (std::size_t i = known; i < wire.size(); ++i) {
    const auto kind = i - known < schema->tail.size() ? schema->tail[i - known] : model::TailColumn::row_hash;
    if (!plan_tail(kind, wire[i], plan.steps_[i])) {
      return mismatch(map, "column " + std::to_string(i + 1) + " is " + describe(wire[i]) +
                               " in the binlog, and not in the known structure");
    }
  }
  for (std::size_t i = 0; i < known; ++i) {
    const model::Column& column = schema->columns[i];
    const std::string name = "column " + std::to_string(i + 1) + " `" + column.name + "`";
    if (metadata.column_names.size() == wire.size() && !same_name(metadata.column_names[i], column.name)) {
      return mismatch(map, name + " is called `" + std::string(metadata.column_names[i]) + "` in the binlog");
    }
    if (!plan_column(column, wire[i], plan.steps_[i])) {
      return mismatch(
          map, name + " is " + describe(wire[i]) + " in the binlog, " + describe(column) + " in the known structure");
    }
    const Opcode opcode = plan.steps_[i].opcode;
    if (has_sign(wire[i].type)) {
      const bool is_integer = opcode <= Opcode::u64;
      if (is_integer && numeric < metadata.is_unsigned.size() && metadata.is_unsigned[numeric] != column.is_unsigned) {
        return mismatch(map, name + " is " + (column.is_unsigned ? "signed" : "unsigned") + " in the binlog, " +
                                 describe(column) + " in the known structure");
      }
      ++numeric;
    }
    plan.scratch_bytes_ += scratch_bytes_of(plan.steps_[i]);
    if (has_unbounded_text(opcode)) plan.steps_[i].length = plan.text_count_++;
    if (opcode == Opcode::json) plan.steps_[i].b = static_cast<std::uint16_t>(plan.json_count_++);
  }
  plan.schema_ = std::move(schema);
  plan.wire_ = wire;
  plan.metadata_ = map.metadata_bytes();
  return plan;
}

}  // namespace tributary::source
