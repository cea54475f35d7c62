#include "transform/etl/columns.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/put_raw.h"
#include "model/text.h"
#include "transform/etl/civil_time.h"
#include "transform/etl/decimal.h"
#include "transform/etl/json_text.h"
#include "transform/etl/scalars.h"

namespace tributary::transform::etl {

using model::Column;
using model::ColumnType;
using model::Value;
using model::ValueKind;

namespace {

// The number in "varchar(20)", where the schema does not tell it.
std::uint32_t declared_length(const Column& column) {
  if (column.length != 0) return column.length;
  const std::size_t open = column.declared_type.find('(');
  std::uint32_t length = 0;
  if (open != std::string::npos)
    std::from_chars(column.declared_type.data() + open + 1, column.declared_type.data() + column.declared_type.size(),
                    length);
  return length;
}

void set_range(ColumnAccess& access, int bits) {
  if (access.column->is_unsigned) {
    access.most = ~std::uint64_t{0} >> (64 - bits);
  } else {
    access.most = ~std::uint64_t{0} >> (65 - bits);
    access.least = -static_cast<std::int64_t>(access.most) - 1;
  }
  access.type.is_unsigned = access.column->is_unsigned && bits == 64;
}

void set_text(ColumnAccess& access, std::uint64_t bytes_max, bool is_counted) {
  const bool is_binary = access.column->charset == "binary";
  access.form = is_binary ? Form::bytes : Form::text;
  access.type.kind = is_binary ? Kind::bytes : Kind::string;
  access.bytes_max = bytes_max;
  if (is_counted) access.type.length = access.characters_max = declared_length(*access.column);
  access.charset = &model::Charset::find(access.column->charset.empty() ? "utf8mb4" : access.column->charset);
}

// Text in the arena; nothing when it is full.
bool keep(std::string_view text, Arena& arena, std::string_view& kept) {
  char* room = arena.take(text.size());
  if (room == nullptr) return false;
  if (!text.empty()) std::memcpy(room, text.data(), text.size());
  kept = {room, text.size()};
  return true;
}

Datum fault(std::string& problem, std::string text) {
  problem = std::move(text);
  return Datum::failed();
}

Datum load_labels(const ColumnAccess& access, std::uint64_t bits, Arena& arena, std::string& problem) {
  const std::vector<std::string>& labels = access.column->labels;
  std::string joined;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if ((bits >> i & 1) == 0) continue;
    if (!joined.empty()) joined += ',';
    joined += labels[i];
  }
  Datum d = Datum::string({});
  if (!keep(joined, arena, d.s)) return fault(problem, "the values of this row are too large");
  return d;
}

}  // namespace

ColumnAccess access_of(const Column& column) {
  ColumnAccess a;
  a.column = &column;
  const auto simple = [&](Form form, Kind kind) {
    a.form = form;
    a.type.kind = kind;
  };
  const auto integer = [&](int bits) {
    simple(Form::integer, Kind::integer);
    set_range(a, bits);
  };
  switch (column.type) {
    case ColumnType::tinyint:
      integer(8);
      break;
    case ColumnType::smallint:
      integer(16);
      break;
    case ColumnType::mediumint:
      integer(24);
      break;
    case ColumnType::int_:
      integer(32);
      break;
    case ColumnType::bigint:
      integer(64);
      break;
    case ColumnType::bit: {
      simple(Form::bit, Kind::integer);
      const std::uint32_t bits = std::clamp<std::uint32_t>(declared_length(column), 1, 64);
      a.most = ~std::uint64_t{0} >> (64 - bits);
      a.type.is_unsigned = bits == 64;
      break;
    }
    case ColumnType::decimal:
      simple(Form::decimal, Kind::decimal);
      a.type.scale = column.scale;
      break;
    case ColumnType::float_:
      simple(Form::real_of_4, Kind::real);
      break;
    case ColumnType::double_:
      simple(Form::real, Kind::real);
      break;
    case ColumnType::year:
      simple(Form::year, Kind::integer);
      break;
    case ColumnType::date:
      simple(Form::date, Kind::datetime);
      break;
    case ColumnType::time:
      simple(Form::time, Kind::string);
      a.type.length = 17;
      break;
    case ColumnType::datetime:
      simple(Form::datetime, Kind::datetime);
      break;
    case ColumnType::timestamp:
      simple(Form::timestamp, Kind::datetime);
      break;
    case ColumnType::char_:
    case ColumnType::varchar:
      set_text(a, 0, true);
      break;
    case ColumnType::tinytext:
      set_text(a, 0xFF, false);
      a.type.length = 0xFF;
      break;
    case ColumnType::text:
      set_text(a, 0xFFFF, false);
      break;
    case ColumnType::mediumtext:
      set_text(a, 0xFFFFFF, false);
      break;
    case ColumnType::longtext:
      set_text(a, 0xFFFFFFFF, false);
      break;
    case ColumnType::binary:
    case ColumnType::varbinary:
      simple(Form::bytes, Kind::bytes);
      a.bytes_max = declared_length(column);
      break;
    case ColumnType::tinyblob:
      simple(Form::bytes, Kind::bytes);
      a.bytes_max = 0xFF;
      break;
    case ColumnType::blob:
      simple(Form::bytes, Kind::bytes);
      a.bytes_max = 0xFFFF;
      break;
    case ColumnType::mediumblob:
      simple(Form::bytes, Kind::bytes);
      a.bytes_max = 0xFFFFFF;
      break;
    case ColumnType::longblob:
      simple(Form::bytes, Kind::bytes);
      break;
    case ColumnType::enum_:
      simple(Form::label, Kind::string);
      a.type.length = 0xFF;
      break;
    case ColumnType::set:
      simple(Form::labels, Kind::string);
      break;
    case ColumnType::json:
      simple(Form::json, Kind::string);
      break;
    case ColumnType::geometry:
    case ColumnType::vector:
      simple(Form::opaque, Kind::bytes);
      break;
    case ColumnType::uuid:
      simple(Form::uuid, Kind::string);
      a.type.length = 36;
      break;
    case ColumnType::inet4:
    case ColumnType::inet6:
      simple(Form::inet, Kind::string);
      a.type.length = 45;
      break;
  }
  return a;
}

Datum load(const ColumnAccess& access, const Value& value, Arena& arena, std::string& problem) {
  switch (value.kind) {
    case ValueKind::null:
    case ValueKind::absent:
      return {};
    case ValueKind::integer:
      return Datum::integer(value.i);
    case ValueKind::integer_unsigned: {
      if (access.form != Form::label && access.form != Form::labels) return Datum::integer(value.u);
      if (access.form == Form::labels) return load_labels(access, value.u, arena, problem);
      if (value.u > access.column->labels.size()) return fault(problem, fmt::format("there is no label {}", value.u));
      return Datum::string(value.u == 0 ? std::string_view() : access.column->labels[value.u - 1]);
    }
    case ValueKind::integer_text: {
      Datum d = Datum::integer(0);
      if (!read_integer(value.text, d.i)) return fault(problem, show_text(value.text) + " is no integer");
      return d;
    }
    case ValueKind::decimal_text:
      return Datum::of_text(Kind::decimal, value.text);
    case ValueKind::real:
      return Datum::real(value.d);
    case ValueKind::bytes: {
      if (access.type.kind == Kind::bytes) return Datum::of_text(Kind::bytes, value.text);
      Datum d = Datum::string(value.text);
      if (access.form == Form::text && !access.charset->is_utf8()) {
        const auto text = access.charset->utf8(value.text);
        if (!text.has_value()) return fault(problem, "the text is not of the character set " + access.column->charset);
        if (!keep(*text, arena, d.s)) return fault(problem, "the values of this row are too large");
        return d;
      }
      if (!model::is_utf8(value.text)) return fault(problem, "the text is not UTF-8");
      return d;
    }
    case ValueKind::date: {
      model::TimeParts t = value.t;
      t.hour = 0;
      t.minute = t.second = 0;
      t.micros = 0;
      return Datum::datetime(t);
    }
    case ValueKind::datetime:
      return Datum::datetime(value.t);
    case ValueKind::time: {
      char* room = arena.take(model::text_bytes_max);
      if (room == nullptr) return fault(problem, "the values of this row are too large");
      const char* end = model::write_time(room, value.t, value.negative);
      return Datum::string({room, static_cast<std::size_t>(end - room)});
    }
    case ValueKind::timestamp: {
      model::TimeParts t;
      if (value.i == 0 && value.t.micros == 0) return Datum::datetime(t);
      if (!micros_to_civil(value.i * 1'000'000 + value.t.micros, t)) return fault(problem, "the timestamp is no date");
      return Datum::datetime(t);
    }
    case ValueKind::year:
      return Datum::integer(value.t.year);
  }
  return {};
}

bool can_store(const ColumnAccess& access, Kind kind) {
  if (kind == Kind::null) return true;
  if (kind == Kind::list || kind == Kind::action) return false;
  const bool is_number = kind == Kind::boolean || kind == Kind::integer || kind == Kind::decimal || kind == Kind::real;
  switch (access.form) {
    case Form::integer:
    case Form::bit:
    case Form::decimal:
    case Form::real:
    case Form::real_of_4:
    case Form::year:
      return is_number || kind == Kind::string;
    case Form::text:
      return kind != Kind::bytes;
    case Form::json:
      return is_number || kind == Kind::string;
    case Form::label:
    case Form::labels:
    case Form::uuid:
    case Form::inet:
      return kind == Kind::string;
    case Form::bytes:
      return kind == Kind::bytes || kind == Kind::string;
    case Form::opaque:
      return kind == Kind::bytes;
    case Form::date:
    case Form::time:
    case Form::datetime:
    case Form::timestamp:
      return kind == Kind::datetime || kind == Kind::string;
  }
  return false;
}

namespace {

class Store {
 public:
  Store(const ColumnAccess& access, Arena& arena, Value& value, std::string& problem)
      : access_(access), arena_(arena), value_(value), problem_(problem) {}

  bool put(const Datum& d) {
    value_ = Value();
    if (d.is_null()) return true;
    switch (access_.form) {
      case Form::integer:
      case Form::bit:
        return put_integer(d);
      case Form::decimal:
        return put_decimal(d);
      case Form::real:
      case Form::real_of_4:
        return put_real(d);
      case Form::year:
        return put_year(d);
      case Form::text:
      case Form::json:
        return put_text(d);
      case Form::bytes:
      case Form::opaque:
        return put_bytes(d.s);
      case Form::label:
        return put_label(d.s);
      case Form::labels:
        return put_labels(d.s);
      case Form::uuid:
      case Form::inet:
        return put_address(d.s);
      case Form::date:
      case Form::datetime:
      case Form::timestamp:
        return put_moment(d);
      case Form::time:
        return put_time(d);
    }
    return false;
  }

 private:
  bool wrong(std::string text) {
    problem_ = std::move(text);
    return false;
  }
  bool too_large() { return wrong("the values of this row are too large"); }
  std::string declared() const {
    const Column& c = *access_.column;
    return c.declared_type.empty() ? std::string(model::to_string(c.type)) : c.declared_type;
  }
  bool does_not_fit(const Datum& d) { return wrong(show(d) + " does not fit into " + declared()); }

  // The decimal that any number, or a string, is.
  bool to_decimal(const Datum& d, Decimal& number) {
    switch (d.kind) {
      case Kind::boolean:
      case Kind::integer:
        number = Decimal::of(d.i);
        return true;
      case Kind::decimal:
        return number.read(d.s) || does_not_fit(d);
      case Kind::real: {
        char room[400];
        char* end = model::write_real(room, d.d);
        if (std::memchr(room, 'e', static_cast<std::size_t>(end - room)) != nullptr)
          end = std::to_chars(room, room + sizeof room, d.d, std::chars_format::fixed, decimal_scale_max + 1).ptr;
        return number.read({room, static_cast<std::size_t>(end - room)}) || does_not_fit(d);
      }
      default: {
        if (number.read(d.s)) return true;
        double real;
        return read_real(d.s, real) ? to_decimal(Datum::real(real), number) : wrong(show(d) + " is no number");
      }
    }
  }

  bool whole(const Datum& d, Int128& number) {
    if (d.kind == Kind::integer || d.kind == Kind::boolean) {
      number = d.i;
      return true;
    }
    if (d.kind == Kind::string && read_integer(d.s, number)) return true;
    Decimal decimal;
    if (!to_decimal(d, decimal)) return false;
    decimal.round(0);
    return decimal.integer(number) || does_not_fit(d);
  }

  bool put_integer(const Datum& d) {
    Int128 number;
    if (!whole(d, number)) return false;
    if (number < access_.least || number > static_cast<Int128>(access_.most)) return does_not_fit(d);
    value_ = access_.form == Form::bit || access_.column->is_unsigned
                 ? Value::integer_unsigned(static_cast<std::uint64_t>(number))
                 : Value::integer(static_cast<std::int64_t>(number));
    return true;
  }

  bool put_decimal(const Datum& d) {
    const int scale = access_.column->scale;
    const int precision = access_.column->precision == 0 ? decimal_digits_max : access_.column->precision;
    Decimal number;
    if (!to_decimal(d, number)) return false;
    number.round(scale);
    number.widen(scale);
    if (number.whole_digits() > precision - scale || (number.is_negative() && access_.column->is_unsigned))
      return does_not_fit(d);
    char* room = arena_.take(decimal_text_max + 32);
    if (room == nullptr) return too_large();
    const char* end = number.write(room);
    value_ = Value::of_text(ValueKind::decimal_text, {room, static_cast<std::size_t>(end - room)});
    return true;
  }

  bool put_real(const Datum& d) {
    double number = 0;
    if (d.kind == Kind::real) {
      number = d.d;
    } else if (d.kind == Kind::integer || d.kind == Kind::boolean) {
      number = static_cast<double>(d.i);
    } else if (!read_real(d.s, number)) {
      return wrong(show(d) + " is no number");
    }
    if (access_.column->is_unsigned && number < 0) return does_not_fit(d);
    if (access_.form == Form::real_of_4) {
      const auto narrow = static_cast<float>(number);
      if (!std::isfinite(narrow)) return does_not_fit(d);
      char room[64];
      const auto end = std::to_chars(room, room + sizeof room, narrow).ptr;
      std::from_chars(room, end, number);
    }
    value_ = Value::real(number);
    return true;
  }

  bool put_year(const Datum& d) {
    Int128 number;
    if (!whole(d, number)) return false;
    if (number != 0 && (number < 1901 || number > 2155)) return does_not_fit(d);
    value_.kind = ValueKind::year;
    value_.t.year = static_cast<std::uint16_t>(number);
    return true;
  }

  bool put_text(const Datum& d) {
    std::string_view text = d.s;
    if (d.kind != Kind::string) {
      char* room = arena_.take(text_room(d));
      if (room == nullptr) return too_large();
      text = {room, static_cast<std::size_t>(write_text(room, d) - room)};
    }
    if (access_.form == Form::json) {
      if (!is_json(text)) return wrong(show(d) + " is no JSON");
      value_ = Value::of_text(ValueKind::bytes, text);
      return true;
    }
    if (access_.column->type == ColumnType::char_) {
      while (text.ends_with(' ')) text.remove_suffix(1);
    }
    if (access_.characters_max != 0 && text.size() > access_.characters_max &&
        count_characters(text) > access_.characters_max)
      return does_not_fit(d);
    if (access_.column->charset != "utf8mb4" && !access_.column->charset.empty()) {
      const auto bytes = access_.charset->from_utf8(text);
      if (!bytes.has_value())
        return wrong(fmt::format("{} has characters that {} lacks", show(d), access_.column->charset));
      // Sets that are UTF-8 themselves leave it as it is.
      if (*bytes != text && !keep(*bytes, arena_, text)) return too_large();
    }
    if (access_.bytes_max != 0 && text.size() > access_.bytes_max) return does_not_fit(d);
    value_ = Value::of_text(ValueKind::bytes, text);
    return true;
  }

  bool put_bytes(std::string_view bytes) {
    if (access_.bytes_max != 0 && bytes.size() > access_.bytes_max)
      return wrong(fmt::format("{} bytes do not fit into {}", bytes.size(), declared()));
    if (access_.column->type == ColumnType::binary && bytes.size() < access_.bytes_max) {
      char* room = arena_.take(access_.bytes_max);
      if (room == nullptr) return too_large();
      std::memset(base::put_raw(room, bytes), 0, access_.bytes_max - bytes.size());
      bytes = {room, access_.bytes_max};
    }
    value_ = Value::of_text(ValueKind::bytes, bytes);
    return true;
  }

  bool put_label(std::string_view text) {
    const std::vector<std::string>& labels = access_.column->labels;
    const auto found = std::ranges::find(labels, text);
    if (found == labels.end()) return wrong(show_text(text) + " is no label of " + declared());
    value_ = Value::integer_unsigned(static_cast<std::uint64_t>(found - labels.begin()) + 1);
    return true;
  }

  bool put_labels(std::string_view text) {
    const std::vector<std::string>& labels = access_.column->labels;
    std::uint64_t bits = 0;
    while (!text.empty()) {
      const std::size_t size = std::min(text.find(','), text.size());
      const auto found = std::ranges::find(labels, text.substr(0, size));
      if (found == labels.end()) return wrong(show_text(text.substr(0, size)) + " is no label of " + declared());
      bits |= std::uint64_t{1} << (found - labels.begin());
      text.remove_prefix(std::min(size + 1, text.size()));
    }
    value_ = Value::integer_unsigned(bits);
    return true;
  }

  bool put_address(std::string_view text) {
    bool fits = false;
    if (access_.form == Form::uuid) {
      fits = text.size() == 36;
      for (std::size_t i = 0; fits && i < 36; ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        fits = is_dash ? text[i] == '-' : (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
      }
    } else {
      unsigned char address[16];
      const int family = access_.column->type == ColumnType::inet4 ? AF_INET : AF_INET6;
      fits = text.size() < 64 && inet_pton(family, std::string(text).c_str(), address) == 1;
    }
    if (!fits) return wrong(fmt::format("{} is no {}", show_text(text), declared()));
    value_ = Value::of_text(ValueKind::bytes, text);
    return true;
  }

  bool put_moment(const Datum& d) {
    model::TimeParts t = d.t;
    if (d.kind == Kind::string && !read_datetime(d.s, t)) return wrong(show(d) + " is no date and time");
    if (access_.form == Form::date) {
      value_.kind = ValueKind::date;
      value_.t.year = t.year;
      value_.t.month = t.month;
      value_.t.day = t.day;
      return true;
    }
    if (!round_micros(t, access_.column->fraction_digits)) return does_not_fit(d);
    value_.t = t;
    if (access_.form == Form::datetime) {
      value_.kind = ValueKind::datetime;
      return true;
    }
    value_.kind = ValueKind::timestamp;
    const std::uint32_t micros = t.micros;
    value_.t = {};
    if (t.year == 0 && t.month == 0 && t.day == 0) return true;
    std::int64_t moment;
    if (!civil_to_micros(t, moment) || moment < 1'000'000 || moment > 4294967295999999) return does_not_fit(d);
    value_.i = moment / 1'000'000;
    value_.t.micros = micros;
    return true;
  }

  bool put_time(const Datum& d) {
    bool is_negative = false;
    model::TimeParts t = d.t;
    if (d.kind == Kind::string && !read_clock(d.s, t, is_negative)) return wrong(show(d) + " is no time");
    // Rounded as a clock of some day.
    model::TimeParts day{
        .year = 2000, .month = 1, .day = 1, .hour = 0, .minute = t.minute, .second = t.second, .micros = t.micros};
    if (!round_micros(day, access_.column->fraction_digits)) return does_not_fit(d);
    value_.kind = ValueKind::time;
    value_.negative = is_negative;
    value_.t.hour = static_cast<std::uint16_t>(t.hour + day.hour);
    value_.t.minute = day.minute;
    value_.t.second = day.second;
    value_.t.micros = day.micros;
    return value_.t.hour <= 838 || does_not_fit(d);
  }

  const ColumnAccess& access_;
  Arena& arena_;
  Value& value_;
  std::string& problem_;
};

}  // namespace

bool store(const ColumnAccess& access, const Datum& datum, Arena& arena, Value& value, std::string& problem) {
  return Store(access, arena, value, problem).put(datum);
}

Column column_for(std::string name, const Type& type) {
  constexpr std::uint32_t varchar_max = 16383;  // characters of utf8mb4 in a row of 65,535 bytes
  Column c;
  c.name = std::move(name);
  switch (type.kind) {
    case Kind::boolean:
      c.type = ColumnType::tinyint;
      c.declared_type = "tinyint(1)";
      break;
    case Kind::integer:
      c.type = ColumnType::bigint;
      c.is_unsigned = type.is_unsigned;
      c.declared_type = type.is_unsigned ? "bigint unsigned" : "bigint";
      break;
    case Kind::decimal:
      c.type = ColumnType::decimal;
      c.precision = decimal_digits_max;
      c.scale = type.scale;
      c.declared_type = fmt::format("decimal({},{})", decimal_digits_max, type.scale);
      break;
    case Kind::real:
      c.type = ColumnType::double_;
      c.declared_type = "double";
      break;
    case Kind::datetime:
      c.type = ColumnType::datetime;
      c.fraction_digits = 6;
      c.declared_type = "datetime(6)";
      break;
    case Kind::bytes:
      c.type = ColumnType::longblob;
      c.declared_type = "longblob";
      break;
    default: {
      const bool is_short = type.length != 0 && type.length <= varchar_max;
      c.type = is_short ? ColumnType::varchar : ColumnType::longtext;
      c.length = is_short ? type.length : 0;
      c.charset = "utf8mb4";
      c.collation = "utf8mb4_bin";
      c.declared_type = is_short ? fmt::format("varchar({})", type.length) : "longtext";
    }
  }
  return c;
}

std::string type_name(const Type& type) {
  switch (type.kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "boolean";
    case Kind::integer:
      return "integer";
    case Kind::decimal:
      return "decimal";
    case Kind::real:
      return "float";
    case Kind::string:
      return "string";
    case Kind::bytes:
      return "binary";
    case Kind::datetime:
      return "datetime";
    case Kind::list:
      return "list";
    case Kind::action:
      return "action";
    case Kind::failed:
      break;
  }
  return "?";
}

}  // namespace tributary::transform::etl
