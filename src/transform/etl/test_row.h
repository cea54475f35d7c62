// A table and one row of it, written as text, for tests and for the examples of docs/etl.md:
//   NAME TYPE [CHARSET] = VALUE [was VALUE]
// The second value is that of the before image. Values: null, digits, '...', X'hex', 2024-01-31 10:20:30.500.
#pragma once

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/schema.h"
#include "model/text.h"
#include "model/value.h"
#include "transform/etl/program.h"
#include "transform/etl/syntax.h"

namespace tributary::transform::etl {

class TestRow {
 public:
  static constexpr std::int64_t commit_s = 1'600'000'000;  // 2020-09-13 12:26:40

  explicit TestRow(std::string_view lines) {
    schema_.database = "shop";
    schema_.table = "orders";
    schema_.identity = {0};
    schema_.keys = {{"PRIMARY", true, {0}}};
    while (!lines.empty()) {
      const std::size_t size = std::min(lines.find('\n'), lines.size());
      add(std::string(lines.substr(0, size)));
      lines.remove_prefix(std::min(size + 1, lines.size()));
    }
  }

  const model::TableSchema& schema() const { return schema_; }
  model::TableSchema& schema() { return schema_; }
  std::vector<model::Value>& before() { return before_; }
  std::vector<model::Value>& after() { return after_; }
  base::ManualClock& clock() { return clock_; }
  void use(ErrorPolicy policy) { policy_ = policy; }

  base::Result<EtlProgram> compile(std::string_view script) const {
    return EtlProgram::compile(script, schema_, {.policy = policy_, .clock = &clock_});
  }

  // What an expression gives, or "error " and its code.
  std::string value_of(std::string_view expression) {
    const std::string script = "e_set(`result`, " + std::string(expression) + ")";
    const auto program = compile(script);
    if (!program) return error(program.error());
    const auto outcome = run(*program, model::Operation::insert);
    if (!outcome) return error(outcome.error());
    return print(after_out.back(), program->output()->columns.back());
  }

  // What an action does: "dropped", "skipped", "unchanged", "error ...", or the columns that changed: `a` = 1, `b` =
  // 'x'. Those of the before image are told behind "was" where they differ from what they were.
  std::string effect_of(std::string_view action, model::Operation operation = model::Operation::insert) {
    const auto program = compile(action);
    if (!program) return error(program.error());
    const auto outcome = run(*program, operation);
    if (!outcome) return error(outcome.error());
    if (outcome->verdict == Outcome::Verdict::dropped) return "dropped";
    if (outcome->verdict == Outcome::Verdict::skipped) return "skipped";
    const auto& columns = program->output()->columns;
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string after = shown(after_, after_out, i, columns[i]),
                        before = shown(before_, before_out, i, columns[i]);
      if (after.empty() && before.empty()) continue;
      text += (text.empty() ? "`" : ", `") + columns[i].name + "`";
      if (!after.empty()) text += " = " + after;
      if (!before.empty()) text += " was " + before;
    }
    return text.empty() ? "unchanged" : text;
  }

  base::Result<Outcome> run(const EtlProgram& program, model::Operation operation) {
    Change change{.operation = operation, .commit_s = commit_s, .commit_micros = 0, .before = {}, .after = {}};
    if (operation == model::Operation::update || operation == model::Operation::delete_) change.before = before_;
    if (operation != model::Operation::delete_) change.after = after_;
    return program.run(change, scratch_, before_out, after_out);
  }

  static std::string print(const model::Value& v, const model::Column& column) {
    using enum model::ValueKind;
    char room[64];
    const auto until = [&](const char* end) { return std::string(room, static_cast<std::size_t>(end - room)); };
    switch (v.kind) {
      case null:
        return "null";
      case absent:
        return "absent";
      case integer:
        return std::to_string(v.i);
      case integer_unsigned:
        if (column.type == model::ColumnType::enum_) return v.u == 0 ? "''" : print_string(column.labels[v.u - 1]);
        return std::to_string(v.u);
      case integer_text:
      case decimal_text:
        return std::string(v.text);
      case real:
        return until(model::write_real(room, v.d));
      case bytes:
        return column.charset.empty() && column.type != model::ColumnType::json ? "X'" + model::hex(v.text) + "'"
                                                                                : print_string(v.text);
      case date:
        return until(model::write_date(room, v.t));
      case time:
        return until(model::write_time(room, v.t, v.negative));
      case datetime:
        return until(model::write_datetime(room, v.t));
      case timestamp:
        return until(model::write_timestamp(room, v.i, v.t.micros));
      case year:
        return std::to_string(v.t.year);
    }
    return "?";
  }

  static std::string error(const base::Error& e) { return "error " + std::string(e.info().name); }

  std::vector<model::Value> before_out, after_out;

 private:
  static std::string shown(const std::vector<model::Value>& from, const std::vector<model::Value>& to, std::size_t i,
                           const model::Column& column) {
    if (to.empty()) return {};
    const std::string now = print(to[i], column);
    return i < from.size() && print(from[i], column) == now ? std::string() : now;
  }

  void add(const std::string& line) {
    if (line.find_first_not_of(" ") == std::string::npos) return;
    const std::size_t equals = line.find(" = ");
    if (equals == std::string::npos) throw std::runtime_error("no value: " + line);
    std::string head = line.substr(0, equals), value = line.substr(equals + 3), was;
    if (const std::size_t at = value.find(" was "); at != std::string::npos) {
      was = value.substr(at + 5);
      value.resize(at);
    }
    while (value.ends_with(' ')) value.pop_back();
    model::Column column;
    const std::size_t name_end = head.find(' ');
    column.name = head.substr(0, name_end);
    head.erase(0, head.find_first_not_of(' ', name_end));
    while (head.ends_with(' ')) head.pop_back();
    set_type(column, head);
    schema_.columns.push_back(column);
    after_.push_back(read(value, column));
    before_.push_back(was.empty() ? after_.back() : read(was, column));
  }

  static void set_type(model::Column& column, const std::string& declared) {
    using enum model::ColumnType;
    static constexpr std::pair<const char*, model::ColumnType> names[] = {
        {"tinyint", tinyint},   {"smallint", smallint},   {"mediumint", mediumint},
        {"int", int_},          {"bigint", bigint},       {"decimal", decimal},
        {"float", float_},      {"double", double_},      {"bit", bit},
        {"year", year},         {"date", date},           {"time", time},
        {"datetime", datetime}, {"timestamp", timestamp}, {"char", char_},
        {"varchar", varchar},   {"tinytext", tinytext},   {"text", text},
        {"longtext", longtext}, {"binary", binary},       {"varbinary", varbinary},
        {"blob", blob},         {"enum", enum_},          {"set", set},
        {"json", json},         {"geometry", geometry},   {"uuid", uuid},
        {"inet4", inet4},       {"inet6", inet6}};
    const std::string word = declared.substr(0, declared.find_first_of(" ("));
    bool is_known = false;
    for (const auto& [name, type] : names) {
      if (word != name) continue;
      column.type = type;
      is_known = true;
    }
    if (!is_known) throw std::runtime_error("no type: " + declared);
    column.declared_type = declared;
    column.is_unsigned = declared.find("unsigned") != std::string::npos;
    unsigned first = 0, second = 0;
    const std::size_t open = declared.find('('), close = declared.find(')');
    if (open != std::string::npos) std::sscanf(declared.c_str() + open, "(%u,%u)", &first, &second);
    const bool is_clock = column.type == datetime || column.type == time || column.type == timestamp;
    if (column.type == decimal) {
      column.precision = static_cast<std::uint8_t>(first);
      column.scale = static_cast<std::uint8_t>(second);
    } else if (is_clock) {
      column.fraction_digits = static_cast<std::uint8_t>(first);
    } else {
      column.length = first;
    }
    if (column.type == char_ || column.type == varchar || column.type == tinytext || column.type == text ||
        column.type == longtext) {
      const std::size_t at = close == std::string::npos ? declared.find(' ') : declared.find(' ', close);
      column.charset = at == std::string::npos ? "utf8mb4" : declared.substr(at + 1);
    }
    if (column.type == enum_ || column.type == set) {
      for (std::size_t at = open; (at = declared.find('\'', at)) != std::string::npos;) {
        const std::size_t end = declared.find('\'', at + 1);
        column.labels.push_back(declared.substr(at + 1, end - at - 1));
        at = end + 1;
      }
    }
  }

  // As the binlog reader gives it.
  model::Value read(const std::string& source, const model::Column& column) {
    using enum model::ColumnType;
    using model::Value;
    using model::ValueKind;
    if (source == "null") return {};
    std::string bytes = source;
    if (source.starts_with("'")) bytes = source.substr(1, source.size() - 2);
    if (source.starts_with("X'")) {
      bytes.clear();
      for (std::size_t i = 2; i + 1 < source.size(); i += 2)
        bytes += static_cast<char>(std::stoi(source.substr(i, 2), nullptr, 16));
    }
    Value v;
    unsigned y = 0, mo = 0, d = 0, h = 0, mi = 0;
    double s = 0;
    switch (column.type) {
      case tinyint:
      case smallint:
      case mediumint:
      case int_:
      case bigint:
      case bit:
        if (column.is_unsigned || column.type == bit) return Value::integer_unsigned(std::stoull(source));
        return Value::integer(std::stoll(source));
      case decimal:
        return Value::of_text(ValueKind::decimal_text, kept_.emplace_back(source));
      case float_:
      case double_:
        return Value::real(std::stod(source));
      case year:
        v.kind = ValueKind::year;
        v.t.year = static_cast<std::uint16_t>(std::stoi(source));
        return v;
      case enum_:
      case set: {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < column.labels.size(); ++i) {
          if (column.type == enum_ && column.labels[i] == bytes) return Value::integer_unsigned(i + 1);
          if (("," + bytes + ",").find("," + column.labels[i] + ",") != std::string::npos)
            bits |= std::uint64_t{1} << i;
        }
        return Value::integer_unsigned(bits);
      }
      case time:
        v.kind = ValueKind::time;
        v.negative = source.starts_with('-');
        std::sscanf(source.c_str() + (v.negative ? 1 : 0), "%u:%u:%lf", &h, &mi, &s);
        break;
      case date:
      case datetime:
      case timestamp:
        v.kind = column.type == date ? ValueKind::date : ValueKind::datetime;
        std::sscanf(source.c_str(), "%u-%u-%u %u:%u:%lf", &y, &mo, &d, &h, &mi, &s);
        break;
      default:
        return Value::of_text(ValueKind::bytes, kept_.emplace_back(column.charset == "latin1" ? latin1(bytes) : bytes));
    }
    v.t = {.year = static_cast<std::uint16_t>(y),
           .month = static_cast<std::uint8_t>(mo),
           .day = static_cast<std::uint8_t>(d),
           .hour = static_cast<std::uint16_t>(h),
           .minute = static_cast<std::uint8_t>(mi),
           .second = static_cast<std::uint8_t>(s),
           .micros = static_cast<std::uint32_t>((s - static_cast<unsigned>(s)) * 1e6 + 0.5)};
    if (column.type != timestamp) return v;
    std::tm parts{};
    parts.tm_year = static_cast<int>(y) - 1900;
    parts.tm_mon = static_cast<int>(mo) - 1;
    parts.tm_mday = static_cast<int>(d);
    parts.tm_hour = static_cast<int>(h);
    parts.tm_min = static_cast<int>(mi);
    parts.tm_sec = static_cast<int>(s);
    Value t;
    t.kind = ValueKind::timestamp;
    t.t.micros = v.t.micros;
    t.i = timegm(&parts);
    return t;
  }

  static std::string latin1(const std::string& utf8) {
    std::string out;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
      const auto c = static_cast<unsigned char>(utf8[i]);
      out += c < 0x80 ? utf8[i] : static_cast<char>((c & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3F));
    }
    return out;
  }

  model::TableSchema schema_;
  std::vector<model::Value> before_, after_;
  std::deque<std::string> kept_;
  Scratch scratch_;
  base::ManualClock clock_;  // 2023-11-14 22:13:20
  ErrorPolicy policy_ = ErrorPolicy::stop;
};

}  // namespace tributary::transform::etl
