#include "encode/canal_json.h"

#include <algorithm>

#include "base/put_raw.h"
#include "encode/json_values.h"
#include "encode/key_plan.h"
#include "encode/row_check.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

using model::Column;
using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;

// Of java.sql.Types.
enum JavaType : std::int32_t {
  java_bit = -7,
  java_tinyint = -6,
  java_bigint = -5,
  java_char = 1,
  java_decimal = 3,
  java_integer = 4,
  java_smallint = 5,
  java_real = 7,
  java_double = 8,
  java_varchar = 12,
  java_date = 91,
  java_time = 92,
  java_timestamp = 93,
  java_blob = 2004,
  java_clob = 2005,
};

enum class Form : std::uint8_t {
  number,
  decimal,
  real,
  text,
  binary,
  label,   // ENUM as text
  labels,  // SET as text
  date,
  time,
  datetime,
  timestamp,
  year
};

// Canal takes the next larger type for an unsigned column whose value needs it; here all values of a column have one.
JavaType java_type(const Column& column) {
  switch (column.type) {
    case ColumnType::tinyint:
      return column.is_unsigned ? java_smallint : java_tinyint;
    case ColumnType::smallint:
      return column.is_unsigned ? java_integer : java_smallint;
    case ColumnType::mediumint:
    case ColumnType::enum_:
      return java_integer;
    case ColumnType::int_:
      return column.is_unsigned ? java_bigint : java_integer;
    case ColumnType::bigint:
      return column.is_unsigned ? java_decimal : java_bigint;
    case ColumnType::decimal:
      return java_decimal;
    case ColumnType::float_:
      return java_real;
    case ColumnType::double_:
      return java_double;
    case ColumnType::bit:
    case ColumnType::set:
      return java_bit;
    case ColumnType::date:
      return java_date;
    case ColumnType::time:
      return java_time;
    case ColumnType::datetime:
    case ColumnType::timestamp:
      return java_timestamp;
    case ColumnType::year:
    case ColumnType::varchar:
    case ColumnType::json:
      return java_varchar;
    case ColumnType::char_:
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
      return java_char;
    case ColumnType::tinytext:
    case ColumnType::text:
    case ColumnType::mediumtext:
    case ColumnType::longtext:
      return java_clob;
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::tinyblob:
    case ColumnType::blob:
    case ColumnType::mediumblob:
    case ColumnType::longblob:
    case ColumnType::geometry:
    case ColumnType::vector:
      return java_blob;
  }
  return java_varchar;
}

Form form_of(const Column& column, bool labels_as_text) {
  switch (column.type) {
    case ColumnType::enum_:
      return labels_as_text ? Form::label : Form::number;
    case ColumnType::set:
      return labels_as_text ? Form::labels : Form::number;
    case ColumnType::decimal:
      return Form::decimal;
    case ColumnType::float_:
    case ColumnType::double_:
      return Form::real;
    case ColumnType::year:
      return Form::year;
    case ColumnType::date:
      return Form::date;
    case ColumnType::time:
      return Form::time;
    case ColumnType::datetime:
      return Form::datetime;
    case ColumnType::timestamp:
      return Form::timestamp;
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::int_:
    case ColumnType::bigint:
    case ColumnType::bit:
      return Form::number;
    default:
      return text_charset(column) != nullptr ? Form::text : Form::binary;
  }
}

struct ColumnPlan {
  std::string name;  // "name": with its colon
  Form form = Form::number;
  std::uint8_t fraction_digits = 0;
  std::uint32_t source = 0;  // index into the row
  const model::Charset* charset = nullptr;
  std::vector<std::string> labels;  // the inside of JSON strings; ENUM: '' first
};

bool is_decimal_text(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == '-'; });
}

template <typename Write>
void add_short(base::Buffer& out, Write write) {
  char* to = out.ensure(model::text_bytes_max + 2);
  *to++ = '"';
  to = write(to);
  *to++ = '"';
  out.commit(to);
}

void add_bare(base::Buffer& out, std::string_view quoted_text) {
  char* to = out.ensure(quoted_text.size() + 2);
  *to++ = '"';
  to = base::put_raw(to, quoted_text);
  *to++ = '"';
  out.commit(to);
}

bool is_same(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case ValueKind::null:
    case ValueKind::absent:
      return true;
    case ValueKind::integer:
    case ValueKind::integer_unsigned:
      return a.u == b.u;
    case ValueKind::real:
      return a.d == b.d;
    case ValueKind::timestamp:
      return a.i == b.i && a.t.micros == b.t.micros;
    case ValueKind::integer_text:
    case ValueKind::decimal_text:
    case ValueKind::bytes:
      return a.text == b.text;
    case ValueKind::date:
    case ValueKind::time:
    case ValueKind::datetime:
    case ValueKind::year:
      return a.negative == b.negative && a.t.year == b.t.year && a.t.month == b.t.month && a.t.day == b.t.day &&
             a.t.hour == b.t.hour && a.t.minute == b.t.minute && a.t.second == b.t.second && a.t.micros == b.t.micros;
  }
  return false;
}

void add_number(base::Buffer& out, std::int64_t number) {
  out.commit(model::write_signed(out.ensure(model::text_bytes_max), number));
}

class CanalJsonEncoder final : public RowEncoder {
 public:
  CanalJsonEncoder(model::TableSchemaPtr schema, const CanalJsonOptions& options)
      : schema_(std::move(schema)), offset_s_(options.time_zone_offset_s), key_(*schema_) {
    std::string mysql_types, sql_types, pk_names;
    for (std::uint32_t index = 0; index < schema_->columns.size(); ++index) {
      const Column& column = schema_->columns[index];
      if (column.is_hidden) continue;
      ColumnPlan& plan = columns_.emplace_back();
      plan.name = json::quoted(column.name) + ":";
      plan.form = form_of(column, options.labels_as_text);
      plan.fraction_digits = column.fraction_digits;
      plan.source = index;
      plan.charset = text_charset(column);
      if (plan.form == Form::label || plan.form == Form::labels) plan.labels = json::inner_labels(column.labels);
      if (plan.form == Form::label) plan.labels.insert(plan.labels.begin(), std::string());
      const std::string_view comma = mysql_types.empty() ? "" : ",";
      mysql_types += comma;
      mysql_types += plan.name + json::quoted(column.declared_type.empty() ? model::to_string(column.type)
                                                                           : std::string_view(column.declared_type));
      sql_types += comma;
      sql_types += plan.name + std::to_string(java_type(column));
    }
    for (const model::Key& key : schema_->keys) {
      if (!key.is_primary) continue;
      for (const std::uint32_t index : key.columns) {
        if (schema_->columns[index].is_hidden) continue;
        pk_names += (pk_names.empty() ? "" : ",") + json::quoted(schema_->columns[index].name);
      }
    }
    database_ = R"(}],"database":)" + json::quoted(schema_->database) + R"(,"es":)";
    types_ = R"(,"isDdl":false,"mysqlType":{)" + mysql_types + R"(},"old":)";
    tail_ = R"(,"pkNames":)" + (pk_names.empty() ? std::string("null") : "[" + pk_names + "]") +
            R"(,"sql":"","sqlType":{)" + sql_types + R"(},"table":)" + json::quoted(schema_->table) + R"(,"ts":)";
  }

  base::Status encode(Operation operation, const ChangeHeader& header, std::span<const Value> before,
                      std::span<const Value> after, base::Buffer& out) const override {
    TRY_VALUE(const Images images, images_of(operation, *schema_, before, after));
    const std::size_t begin = out.size();
    const auto refuse = [&](const ColumnPlan& column, const Value& value) {
      out.resize_down(begin);
      return misfit(*schema_, column.source, value);
    };
    const std::span<const Value> row = images.after ? after : before;
    out.append(R"({"data":[{)");
    bool is_first = true;
    for (const ColumnPlan& column : columns_) {
      add_name(out, column, is_first);
      if (!add_value(out, column, row[column.source])) [[unlikely]]
        return refuse(column, row[column.source]);
    }
    out.append(database_);
    add_number(out, header.timestamp_s * 1000);
    if (!header.gtid.empty()) {
      out.append(R"(,"gtid":)");
      json::add_quoted(out, header.gtid);
    }
    out.append(R"(,"id":)");
    add_number(out, static_cast<std::int64_t>(header.id));
    out.append(types_);
    if (images.before && images.after) {
      out.append("[{");
      is_first = true;
      for (const ColumnPlan& column : columns_) {
        if (is_same(before[column.source], after[column.source])) continue;
        add_name(out, column, is_first);
        if (!add_value(out, column, before[column.source])) [[unlikely]]
          return refuse(column, before[column.source]);
      }
      out.append("}]");
    } else {
      out.append("null");
    }
    out.append(tail_);
    add_number(out, header.read_ms);
    out.append(images.before ? images.after ? std::string_view(R"(,"type":"UPDATE"})") : R"(,"type":"DELETE"})"
                             : R"(,"type":"INSERT"})");
    return {};
  }

  bool key(std::span<const Value> row, base::Buffer& out) const override { return key_.key(row, out); }
  void identity(std::span<const Value> row, base::Buffer& out) const override { key_.identity(row, out); }

 private:
  static void add_name(base::Buffer& out, const ColumnPlan& column, bool& is_first) {
    char* to = out.ensure(column.name.size() + 1);
    if (!is_first) *to++ = ',';
    is_first = false;
    out.commit(base::put_raw(to, column.name));
  }

  // False: the value does not fit the column.
  bool add_value(base::Buffer& out, const ColumnPlan& column, const Value& value) const {
    if (value.is_null()) {
      out.append("null");
      return true;
    }
    switch (column.form) {
      case Form::number:
        if (value.kind == ValueKind::integer_text) {
          if (!is_integer_text(value.text)) return false;
          add_bare(out, value.text);
        } else if (value.kind == ValueKind::integer) {
          add_short(out, [&](char* to) { return model::write_signed(to, value.i); });
        } else if (value.kind == ValueKind::integer_unsigned) {
          add_short(out, [&](char* to) { return model::write_unsigned(to, value.u); });
        } else {
          return false;
        }
        return true;
      case Form::decimal:
        if (value.kind != ValueKind::decimal_text || !is_decimal_text(value.text)) return false;
        add_bare(out, value.text);
        return true;
      case Form::real:
        if (value.kind != ValueKind::real) return false;
        add_short(out, [&](char* to) { return json::write_java_real(to, value.d); });
        return true;
      case Form::text:
        if (value.kind != ValueKind::bytes) return false;
        json::add_text(out, *column.charset, value.text);
        return true;
      case Form::binary:
        if (value.kind != ValueKind::bytes) return false;
        json::add_latin1(out, value.text);
        return true;
      case Form::label:
        if (value.kind != ValueKind::integer_unsigned || value.u >= column.labels.size()) return false;
        add_bare(out, column.labels[value.u]);
        return true;
      case Form::labels:
        return value.kind == ValueKind::integer_unsigned && json::add_set(out, column.labels, value.u);
      case Form::date:
        if (value.kind != ValueKind::date) return false;
        add_short(out, [&](char* to) { return model::write_date(to, value.t); });
        return true;
      case Form::time:
        if (value.kind != ValueKind::time) return false;
        add_short(out,
                  [&](char* to) { return write_clock_digits(to, value.t, value.negative, column.fraction_digits); });
        return true;
      case Form::datetime:
        if (value.kind != ValueKind::datetime) return false;
        add_short(out, [&](char* to) { return write_datetime_digits(to, value.t, column.fraction_digits); });
        return true;
      case Form::timestamp:
        if (value.kind != ValueKind::timestamp) return false;
        add_short(out, [&](char* to) {
          return write_timestamp_digits(to, value.i, value.t.micros, column.fraction_digits, offset_s_);
        });
        return true;
      case Form::year:
        if (value.kind != ValueKind::year) return false;
        add_short(out, [&](char* to) {
          return value.t.year == 0 ? base::put_raw(to, "0000") : model::write_unsigned(to, value.t.year);
        });
        return true;
    }
    return false;
  }

  model::TableSchemaPtr schema_;
  std::int32_t offset_s_;
  KeyPlan key_;
  std::vector<ColumnPlan> columns_;
  std::string database_, types_, tail_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_canal_json_encoder(model::TableSchemaPtr schema, const CanalJsonOptions& options) {
  return std::make_unique<CanalJsonEncoder>(std::move(schema), options);
}

}  // namespace tributary::encode
