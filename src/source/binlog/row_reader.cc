#include "source/binlog/row_reader.h"

#include <cmath>
#include <cstring>

#include "source/binlog/cursor.h"
#include "source/binlog/decimal.h"
#include "source/binlog/json_binary.h"
#include "source/binlog/json_diff.h"
#include "source/binlog/payload.h"
#include "source/binlog/row_values.h"
#include "source/binlog/temporal.h"

namespace tributary::source {
namespace {

using base::ErrorCode;
using model::Value;
using model::ValueKind;

std::uint32_t count_bits(std::string_view bitmap, std::size_t columns) {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < columns; ++i) count += static_cast<unsigned>(bitmap[i >> 3]) >> (i & 7) & 1;
  return count;
}

// Rows of a system-versioned table end at the last moment or transaction there is.
bool holds_now(const Value& row_end) {
  if (row_end.kind == ValueKind::integer_unsigned) return row_end.u == UINT64_MAX;
  constexpr std::int64_t last_s = INT32_MAX, last_s_wide = UINT32_MAX;  // the second since MariaDB 11.5
  return (row_end.i == last_s || row_end.i == last_s_wide) && row_end.t.micros == micros_per_second - 1;
}

std::uint64_t read_table_id(Cursor& cursor, std::size_t post_header) {
  return post_header == 6 ? cursor.u32() : cursor.uint<6>();
}

}  // namespace

base::Result<std::uint64_t> parse_rows_table_id(const EventView& event, const FormatDescription& format) {
  Cursor cursor(event.body, event.body_offset);
  const std::uint64_t table_id = read_table_id(cursor, format.post_header_length(event.header.type));
  if (!cursor.ok()) return cursor.malformed(to_string(event.header.type));
  return table_id;
}

base::Result<RowsEvent> parse_rows(const EventView& event, const FormatDescription& format) {
  RowsEvent rows;
  switch (event.header.type) {
    case EventType::write_rows_v1:
    case EventType::write_rows:
      rows.change = RowChange::insert;
      break;
    case EventType::partial_update_rows:
      rows.is_partial = true;
      [[fallthrough]];
    case EventType::update_rows_v1:
    case EventType::update_rows:
      rows.change = RowChange::update;
      break;
    case EventType::delete_rows_v1:
    case EventType::delete_rows:
      rows.change = RowChange::delete_;
      break;
    default:
      return base::fail(refuse_event(event.header.type));
  }
  Cursor cursor(event.body, event.body_offset);
  const std::size_t post_header = format.post_header_length(event.header.type);
  rows.table_id = read_table_id(cursor, post_header);
  rows.flags = cursor.u16();
  if (post_header == 10) {
    const std::uint16_t extra = cursor.u16();  // counts itself
    if (extra < 2) return cursor.malformed("rows event: extra data of a wrong length");
    cursor.skip(extra - 2u);
  }
  rows.column_count = cursor.packed();
  if (!cursor.ok() || rows.column_count / 8 > cursor.left()) {
    return cursor.malformed("rows event: it has no room for its columns");
  }
  const std::size_t bitmap_size = (rows.column_count + 7) / 8;
  rows.columns_before = cursor.bytes(bitmap_size);
  rows.columns_after = rows.change == RowChange::update ? cursor.bytes(bitmap_size) : rows.columns_before;
  rows.rows_offset = static_cast<std::uint32_t>(cursor.offset());
  rows.rows = cursor.rest();
  if (!cursor.ok()) return cursor.malformed("rows event");
  return rows;
}

base::Status RowReader::open(const EventView& event, const FormatDescription& format, const RowPlan& plan) {
  at_ = end_ = nullptr;
  TRY_VALUE(const EventView plain, inflate_rows(event, format, inflated_));
  TRY_VALUE(const RowsEvent rows, parse_rows(plain, format));
  return open(rows, plan);
}

base::Status RowReader::open(const RowsEvent& event, const RowPlan& plan) {
  at_ = end_ = nullptr;
  const std::size_t columns = plan.steps().size();
  if (event.column_count != columns) {
    return base::fail(
        ErrorCode::data_schema_mismatch,
        "the rows have " + std::to_string(event.column_count) + " columns, their table map " + std::to_string(columns),
        plan.schema()->database + "." + plan.schema()->table);
  }
  event_ = event;
  partial_ = {};
  plan_ = &plan;
  present_before_ = count_bits(event.columns_before, columns);
  present_after_ = count_bits(event.columns_after, columns);
  if (event.rows.empty() && present_before_ == 0 && columns != 0) {
    return base::fail(ErrorCode::data_event_unsupported,
                      "a row image without columns: set binlog_row_image = FULL on the source");
  }
  at_ = event.rows.data();
  end_ = at_ + event.rows.size();
  scratch_.clear();
  scratch_.ensure(2 * plan.scratch_bytes());
  if (texts_.size() < 2 * plan.text_count()) texts_.resize(2 * plan.text_count());
  return {};
}

base::Result<bool> RowReader::next(std::vector<Value>& before, std::vector<Value>& after) {
  change_ = event_.change;
  const model::TableSchema* const schema = plan_ != nullptr ? plan_->schema().get() : nullptr;
  if (schema == nullptr || (!schema->row_end && schema->columns.size() == plan_->steps().size())) [[likely]] {
    return next_stored(before, after);
  }
  while (true) {
    TRY_VALUE(const bool more, next_stored(before, after));
    if (!more) return false;
    bool was = !before.empty(), is = !after.empty();
    if (schema->row_end) {
      was = was && holds_now(before[*schema->row_end]);
      is = is && holds_now(after[*schema->row_end]);
      if (!was && !is) continue;
      change_ = !was ? RowChange::insert : !is ? RowChange::delete_ : RowChange::update;
    }
    was ? before.resize(schema->columns.size()) : before.clear();
    is ? after.resize(schema->columns.size()) : after.clear();
    return true;
  }
}

base::Result<bool> RowReader::next_stored(std::vector<Value>& before, std::vector<Value>& after) {
  if (at_ == end_) return false;
  const std::size_t columns = plan_->steps().size();
  const char* const begin = at_;
  const char* at = begin;
  scratch_at_ = scratch_.data();
  const auto image = [&](std::string_view bitmap, std::uint32_t present, unsigned number, std::vector<Value>& row) {
    row.resize(columns);
    at = present == columns ? read_image<true>(bitmap, present, at, number, row)
                            : read_image<false>(bitmap, present, at, number, row);
    return at != nullptr;
  };
  before.clear();
  if (event_.is_partial) documents_.assign(plan_->text_count(), {});
  if (event_.change == RowChange::insert) {
    if (!image(event_.columns_before, present_before_, 0, after)) return base::fail(failure());
  } else {
    if (!image(event_.columns_before, present_before_, 0, before)) return base::fail(failure());
    if (event_.change == RowChange::delete_) {
      after.clear();
    } else {
      if (event_.is_partial) {
        Cursor cursor({at, static_cast<std::size_t>(end_ - at)},
                      event_.rows_offset + static_cast<std::size_t>(at - event_.rows.data()));
        constexpr std::uint64_t partial_json = 1;
        partial_ = {};
        const std::uint64_t options = cursor.packed();
        if ((options & partial_json) != 0) {
          partial_ = cursor.bytes((plan_->json_count() + 7) / 8);
        }
        if (!cursor.ok()) return cursor.malformed("Update_rows_partial");
        at = cursor.at();
      }
      if (!image(event_.columns_after, present_after_, 1, after)) return base::fail(failure());
    }
  }
  if (at == begin) {
    return malformed("rows event: rows without bytes", event_.rows_offset);
  }
  at_ = at;
  return true;
}

base::Status RowReader::append_json(const RowPlan::Step& step, unsigned image, std::string_view stored,
                                    base::Buffer& out) {
  if (!event_.is_partial) return append_json_text(stored, out);
  if (image == 0) {
    documents_[step.length] = stored;
    return append_json_text(stored, out);
  }
  const std::size_t bit = step.b;
  const bool is_change = bit / 8 < partial_.size() && (static_cast<unsigned>(partial_[bit / 8]) >> (bit % 8) & 1) != 0;
  if (!is_change) return append_json_text(stored, out);
  if (documents_[step.length].data() == nullptr) {
    if (shows_json_changes_) return append_json_changes_text(stored, out);
    return base::fail(ErrorCode::data_value_malformed, "JSON change: no value to change");
  }
  return append_patched_json_text(documents_[step.length], stored, out);
}

base::Error RowReader::failure() const {
  const auto offset = event_.rows_offset + static_cast<std::size_t>(failed_at_ - event_.rows.data());
  const model::TableSchema& schema = *plan_->schema();
  std::string what = schema.database + "." + schema.table;
  if (failed_column_ < schema.columns.size()) {
    const model::Column& column = schema.columns[failed_column_];
    what += ", column `" + column.name + "` " +
            (column.declared_type.empty() ? std::string(to_string(column.type)) : column.declared_type);
  }
  if (failed_code_ == ErrorCode::data_event_malformed) what += ": the row ends too early";
  if (!failed_reason_.empty()) what += ": " + failed_reason_;
  return base::Error{failed_code_, std::move(what), "byte " + std::to_string(offset) + " of the event"};
}

template <bool every_column>
const char* RowReader::read_image(std::string_view bitmap, std::uint32_t present, const char* at, unsigned image,
                                  std::vector<Value>& row) {
  const char* const end = end_;
  const char* const nulls = at;
  const std::size_t null_bytes = (present + 7) / 8;
  const auto columns = static_cast<std::uint32_t>(plan_->steps().size());
  const RowPlan::Step* step = plan_->steps().data();
  Value* value = row.data();
  std::uint32_t column = 0;
  std::uint32_t bit = 0;
  ErrorCode code = ErrorCode::data_event_malformed;
  failed_reason_.clear();

  const auto failed = [&]() -> const char* {
    failed_at_ = at;
    failed_column_ = column;
    failed_code_ = code;
    return nullptr;
  };
  const auto has = [&](std::size_t n) { return static_cast<std::size_t>(end - at) >= n; };
  // Bytes after a length of N bytes; false if they are not there.
  std::string_view text;
  const auto sized = [&]<int n>(std::integral_constant<int, n>) {
    if (!has(n)) return false;
    const auto size = static_cast<std::size_t>(little<n>(at));
    if (static_cast<std::size_t>(end - at - n) < size) return false;
    text = {at + n, size};
    at += n + static_cast<std::ptrdiff_t>(size);
    return true;
  };
  const auto sized_by = [&](unsigned length_bytes) {
    switch (length_bytes) {
      case 1:
        return sized(std::integral_constant<int, 1>());
      case 2:
        return sized(std::integral_constant<int, 2>());
      case 3:
        return sized(std::integral_constant<int, 3>());
      default:
        return sized(std::integral_constant<int, 4>());
    }
  };
  // The text with zeros behind it up to the column's length, in scratch.
  const auto padded = [&](std::size_t length) {
    if (text.size() == length) return true;
    if (text.size() > length) return false;
    if (!text.empty()) std::memcpy(scratch_at_, text.data(), text.size());
    std::memset(scratch_at_ + text.size(), 0, length - text.size());
    text = {scratch_at_, length};
    scratch_at_ += length;
    return true;
  };
  const auto address = [&](std::size_t length, char* (*put)(const char*, char*)) {
    char bytes[16] = {};
    if (text.size() > length) return false;
    if (!text.empty()) std::memcpy(bytes, text.data(), text.size());
    char* const to = scratch_at_;
    scratch_at_ = put(bytes, to);
    value->text = {to, static_cast<std::size_t>(scratch_at_ - to)};
    value->kind = ValueKind::bytes;
    return true;
  };

  if (!has(null_bytes)) {
    column = columns;
    return failed();
  }
  at += null_bytes;
  for (; column < columns; ++column, ++step, ++value) {
    if constexpr (!every_column) {
      if ((static_cast<unsigned>(bitmap[column >> 3]) >> (column & 7) & 1) == 0) {
        value->kind = ValueKind::absent;
        continue;
      }
    }
    const bool is_null = (static_cast<unsigned>(nulls[bit >> 3]) >> (bit & 7) & 1) != 0;
    ++bit;
    if (is_null) {
      value->kind = ValueKind::null;
      continue;
    }

#define TRIBUTARY_NUMBER(bytes, kind_, field, expression) \
  if (!has(bytes)) return failed();                       \
  value->kind = ValueKind::kind_;                         \
  value->field = (expression);                            \
  at += (bytes);                                          \
  break
#define TRIBUTARY_TEXT(n)                                        \
  if (!sized(std::integral_constant<int, n>())) return failed(); \
  value->kind = ValueKind::bytes;                                \
  value->text = text;                                            \
  break

    switch (step->opcode) {
      case Opcode::i8:
        TRIBUTARY_NUMBER(1, integer, i, static_cast<std::int8_t>(*at));
      case Opcode::i16:
        TRIBUTARY_NUMBER(2, integer, i, static_cast<std::int16_t>(little<2>(at)));
      case Opcode::i24:
        TRIBUTARY_NUMBER(3, integer, i, static_cast<std::int32_t>(little<3>(at) << 8) >> 8);
      case Opcode::i32:
        TRIBUTARY_NUMBER(4, integer, i, static_cast<std::int32_t>(little<4>(at)));
      case Opcode::i64:
        TRIBUTARY_NUMBER(8, integer, i, static_cast<std::int64_t>(little<8>(at)));
      case Opcode::u8:
        TRIBUTARY_NUMBER(1, integer_unsigned, u, static_cast<std::uint8_t>(*at));
      case Opcode::u16:
        TRIBUTARY_NUMBER(2, integer_unsigned, u, little<2>(at));
      case Opcode::u24:
        TRIBUTARY_NUMBER(3, integer_unsigned, u, little<3>(at));
      case Opcode::u32:
        TRIBUTARY_NUMBER(4, integer_unsigned, u, little<4>(at));
      case Opcode::u64:
        TRIBUTARY_NUMBER(8, integer_unsigned, u, little<8>(at));
      case Opcode::real4: {
        if (!has(4)) return failed();
        float number;
        std::memcpy(&number, at, 4);
        if (!std::isfinite(number)) {
          code = ErrorCode::data_value_malformed;
          return failed();
        }
        value->kind = ValueKind::real;
        value->d = widen(number);
        at += 4;
        break;
      }
      case Opcode::real8: {
        if (!has(8)) return failed();
        double number;
        std::memcpy(&number, at, 8);
        if (!std::isfinite(number)) {
          code = ErrorCode::data_value_malformed;
          return failed();
        }
        value->kind = ValueKind::real;
        value->d = number;
        at += 8;
        break;
      }
      case Opcode::decimal: {
        if (!has(step->length)) return failed();
        char* const to = scratch_at_;
        char* const text_end = decimal_text(at, step->a, step->b, to);
        if (text_end == nullptr) {
          code = ErrorCode::data_value_malformed;
          return failed();
        }
        value->kind = ValueKind::decimal_text;
        value->text = {to, static_cast<std::size_t>(text_end - to)};
        scratch_at_ = text_end;
        at += step->length;
        break;
      }
      case Opcode::bits:
        TRIBUTARY_NUMBER(step->length, integer_unsigned, u, big_of(at, step->length));
      case Opcode::set: {
        std::uint64_t number = 0;
        if (!has(step->length)) return failed();
        if (step->length == 1) {
          number = static_cast<std::uint8_t>(*at);
        } else {
          std::memcpy(&number, at, step->length);
        }
        value->kind = ValueKind::integer_unsigned;
        value->u = number;
        at += step->length;
        break;
      }
      case Opcode::year: {
        if (!has(1)) return failed();
        const auto stored = static_cast<std::uint8_t>(*at);
        value->kind = ValueKind::year;
        if (step->a != 0) [[unlikely]]  // as the server shows it, which does not tell 0 from 2000
          value->t.year = static_cast<std::uint16_t>(stored % 100 < 70 ? 2000 + stored % 100 : 1900 + stored % 100);
        else
          value->t.year = static_cast<std::uint16_t>(stored == 0 ? 0 : 1900 + stored);
        ++at;
        break;
      }

#define TRIBUTARY_TEMPORAL(bytes, kind_, is_good) \
  if (!has(bytes)) return failed();               \
  value->kind = ValueKind::kind_;                 \
  if (!(is_good)) {                               \
    code = ErrorCode::data_value_malformed;       \
    return failed();                              \
  }                                               \
  at += (bytes);                                  \
  break
      case Opcode::date:
        TRIBUTARY_TEMPORAL(3, date, date_of(static_cast<std::uint32_t>(little<3>(at)), value->t));
      case Opcode::time3:
        TRIBUTARY_TEMPORAL(3, time, time3_of(at, value->negative, value->t));
      case Opcode::datetime8:
        TRIBUTARY_TEMPORAL(8, datetime, datetime8_of(little<8>(at), value->t));
      case Opcode::timestamp4:
        value->t.micros = 0;
        TRIBUTARY_NUMBER(4, timestamp, i, static_cast<std::int64_t>(little<4>(at)));
      case Opcode::time2:
        TRIBUTARY_TEMPORAL(3 + fraction_bytes(step->a), time, time2_of(at, step->a, value->negative, value->t));
      case Opcode::datetime2:
        TRIBUTARY_TEMPORAL(5 + fraction_bytes(step->a), datetime,
                           (static_cast<std::uint8_t>(*at) & 0x80) != 0 &&
                               datetime_of(big<5>(at) & 0x7fffffffff, fraction_of(at + 5, step->a), value->t));
      case Opcode::timestamp2:
        TRIBUTARY_TEMPORAL(4 + fraction_bytes(step->a), timestamp,
                           (value->i = static_cast<std::int64_t>(big<4>(at)),
                            value->t.micros = fraction_of(at + 4, step->a), value->t.micros < micros_per_second));
      case Opcode::time_hires:
        TRIBUTARY_TEMPORAL(step->length, time, time_hires_of(at, step->a, value->negative, value->t));
      case Opcode::datetime_hires:
        TRIBUTARY_TEMPORAL(step->length, datetime, datetime_hires_of(at, step->a, value->t));
      case Opcode::timestamp_hires:
        TRIBUTARY_TEMPORAL(
            step->length, timestamp,
            (value->i = static_cast<std::int64_t>(big<4>(at)),
             value->t.micros = static_cast<std::uint32_t>(big_of(at + 4, step->length - 4)) * micros_per_unit[step->a],
             value->t.micros < micros_per_second));
#undef TRIBUTARY_TEMPORAL

      case Opcode::text1:
        TRIBUTARY_TEXT(1);
      case Opcode::text2:
        TRIBUTARY_TEXT(2);
      case Opcode::text3:
        TRIBUTARY_TEXT(3);
      case Opcode::text4:
        TRIBUTARY_TEXT(4);
      case Opcode::binary1:
      case Opcode::binary2:
        if (!sized_by(step->opcode == Opcode::binary1 ? 1 : 2)) return failed();
        if (!padded(step->length)) {
          code = ErrorCode::data_value_malformed;
          return failed();
        }
        value->kind = ValueKind::bytes;
        value->text = text;
        break;
      case Opcode::uuid:
      case Opcode::inet4:
      case Opcode::inet6: {
        if (!sized(std::integral_constant<int, 1>())) return failed();
        const bool is_good = step->opcode == Opcode::uuid    ? address(16, put_uuid)
                             : step->opcode == Opcode::inet4 ? address(4, put_inet4)
                                                             : address(16, put_inet6);
        if (!is_good) {
          code = ErrorCode::data_value_malformed;
          return failed();
        }
        break;
      }
      case Opcode::json: {
        if (!sized_by(step->a)) return failed();
        base::Buffer& out = texts_[image * plan_->text_count() + step->length];
        out.clear();
        if (auto printed = append_json(*step, image, text, out); !printed) {
          failed_reason_ = printed.error().what + " at " + printed.error().where;
          code = ErrorCode::data_value_malformed;
          return failed();
        }
        value->kind = ValueKind::bytes;
        value->text = out.view();
        break;
      }
      case Opcode::geometry: {
        if (!sized_by(step->a)) return failed();
        value->kind = ValueKind::bytes;
        value->text = without_srid(text);
        break;
      }
      case Opcode::compressed1:
      case Opcode::compressed2:
      case Opcode::compressed3:
      case Opcode::compressed4: {
        const auto length_bytes = static_cast<unsigned>(step->opcode) - static_cast<unsigned>(Opcode::compressed1) + 1;
        if (!sized_by(length_bytes)) return failed();
        value->kind = ValueKind::bytes;
        if (!read_compressed_column(text, texts_[image * plan_->text_count() + step->length], value->text)) {
          code = ErrorCode::data_value_malformed;
          return failed();
        }
        break;
      }
    }
#undef TRIBUTARY_NUMBER
#undef TRIBUTARY_TEXT
  }
  return at;
}

}  // namespace tributary::source
