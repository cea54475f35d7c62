// ETL scripts. The first byte chooses the policy and how the text is made: as it is, or put together of words here;
// then come values of a row, the rest is the script. What compiles is printed, and what is printed compiles to the same
// text and the same structure; running it gives an outcome or an error of the value, and both programs give the same.
#include <cstring>

#include "input.h"
#include "transform/etl/program.h"

namespace {

using namespace tributary;
using fuzz::Input;
using fuzz::require;
using model::ColumnType;
using model::Operation;
using model::Value;
using model::ValueKind;
using namespace transform::etl;

model::TableSchema make_schema() {
  model::TableSchema schema;
  schema.database = "d";
  schema.table = "t";
  schema.identity = {0};
  const auto add = [&](const char* name, ColumnType type, const char* charset = "") {
    model::Column& column = schema.columns.emplace_back();
    column.name = name;
    column.type = type;
    column.charset = charset;
    if (type == ColumnType::enum_ || type == ColumnType::set) column.labels = {"a", "b", "c"};
    if (type == ColumnType::varchar) column.length = 20;
    if (type == ColumnType::decimal) {
      column.precision = 20;
      column.scale = 4;
    }
  };
  add("i", ColumnType::bigint);
  add("u", ColumnType::bigint);
  schema.columns.back().is_unsigned = true;
  add("n", ColumnType::decimal);
  add("r", ColumnType::double_);
  add("s", ColumnType::varchar, "utf8mb4");
  add("l", ColumnType::text, "latin1");
  add("g", ColumnType::text, "gbk");
  add("e", ColumnType::enum_);
  add("k", ColumnType::set);
  add("j", ColumnType::json);
  add("b", ColumnType::blob);
  add("t", ColumnType::datetime);
  add("m", ColumnType::timestamp);
  add("c", ColumnType::time);
  add("y", ColumnType::year);
  return schema;
}

// Any values that a decoder may give: numbers and dates out of their ranges too.
std::vector<Value> make_row(Input& in, const model::TableSchema& schema) {
  std::vector<Value> row;
  static const std::string_view decimals[] = {"0.0000", "-1.5000", "9999999999999999.9999", "12.3400"};
  for (const model::Column& column : schema.columns) {
    Value v;
    if (in.byte() % 8 != 0) {
      switch (column.type) {
        case ColumnType::bigint:
          v = column.is_unsigned ? Value::integer_unsigned(in.number(8))
                                 : Value::integer(static_cast<std::int64_t>(in.number(8)));
          break;
        case ColumnType::decimal:
          v = Value::of_text(ValueKind::decimal_text, decimals[in.below(4)]);
          break;
        case ColumnType::double_:
          v = Value::real(static_cast<double>(static_cast<std::int64_t>(in.number(8))) / 256);
          break;
        case ColumnType::enum_:
        case ColumnType::set:
          v = Value::integer_unsigned(in.below(9));
          break;
        case ColumnType::datetime:
        case ColumnType::time:
          v.kind = column.type == ColumnType::time ? ValueKind::time : ValueKind::datetime;
          v.t = {.year = static_cast<std::uint16_t>(in.number(2)),
                 .month = in.byte(),
                 .day = in.byte(),
                 .hour = in.byte(),
                 .minute = in.byte(),
                 .second = in.byte(),
                 .micros = static_cast<std::uint32_t>(in.number(4))};
          break;
        case ColumnType::timestamp:
          v.kind = ValueKind::timestamp;
          v.i = static_cast<std::int64_t>(in.number(4));
          break;
        case ColumnType::year:
          v.kind = ValueKind::year;
          v.t.year = static_cast<std::uint16_t>(in.number(2));
          break;
        default:
          v = Value::of_text(ValueKind::bytes, in.text(24));
      }
    }
    row.push_back(v);
  }
  return row;
}

bool same(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.text != b.text || a.negative != b.negative) return false;
  return a.t.year == b.t.year && a.t.micros == b.t.micros &&
         (a.kind == ValueKind::bytes || a.kind == ValueKind::decimal_text || std::memcmp(&a.i, &b.i, 8) == 0);
}

std::string made_of_words(Input& in) {
  static const std::string_view words[] = {"(",
                                           ")",
                                           ", ",
                                           "`i`",
                                           "`u`",
                                           "`n`",
                                           "`r`",
                                           "`s`",
                                           "`l`",
                                           "`g`",
                                           "`e`",
                                           "`k`",
                                           "`j`",
                                           "`b`",
                                           "`t`",
                                           "`m`",
                                           "`c`",
                                           "`y`",
                                           "`new`",
                                           "'*'",
                                           "'a'",
                                           "''",
                                           "'yyyy-MM-dd'",
                                           "'[1, \"a\"]'",
                                           "'{}'",
                                           "'\\d+'",
                                           "0",
                                           "3",
                                           "-1",
                                           "1.5",
                                           "1e3",
                                           "true",
                                           "null",
                                           "__OPERATION__",
                                           "__COMMIT_TIMESTAMP__",
                                           "__BEFORE__",
                                           "'GMT+08'",
                                           "'Europe/Berlin'",
                                           "days = ",
                                           "default = ",
                                           " ? ",
                                           " : "};
  static const std::vector<FunctionText> functions = describe_functions();
  std::string script;
  while (!in.empty() && script.size() < 4096) {
    const std::uint64_t at = in.byte() % (std::size(words) + functions.size());
    if (at < std::size(words))
      script += words[at];
    else
      script.append(functions[at - std::size(words)].name).append("(");
  }
  return script;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const model::TableSchema schema = make_schema();
  static const base::ManualClock clock;
  static Scratch scratch, other_scratch;
  Input in(data, size);
  const std::uint8_t how = in.byte();
  const std::string values(in.text(200));
  const std::string script = (how & 4) != 0 ? made_of_words(in) : std::string(in.rest());
  const EtlProgram::Options options{.policy = static_cast<ErrorPolicy>(how % 3), .clock = &clock};
  const auto program = EtlProgram::compile(script, schema, options);
  if (!program) {
    const std::string_view name = program.error().info().name;
    require(name.starts_with("etl.") && name != "etl.value", "compiling gives errors of the script", name);
    require(program.error().where.find(':') != std::string::npos, "which name a place", program.error().message());
    return 0;
  }
  require(check_syntax(script).has_value(), "what compiles is right without a table", script);
  const auto again = EtlProgram::compile(program->text(), schema, options);
  require(again.has_value() && again->text() == program->text(), "what is printed is the same script", program->text());
  const auto& columns = program->output()->columns;
  require(columns.size() == again->output()->columns.size() && columns.size() >= schema.columns.size(),
          "with the same columns");

  Input row_bytes(values);
  const std::vector<Value> before = make_row(row_bytes, schema), after = make_row(row_bytes, schema);
  std::vector<Value> before_out, after_out, other_before, other_after;
  for (const Operation operation : {Operation::insert, Operation::update, Operation::delete_, Operation::init}) {
    Change change{.operation = operation, .commit_s = 1'600'000'000, .commit_micros = 5, .before = {}, .after = {}};
    if (operation == Operation::update || operation == Operation::delete_) change.before = before;
    if (operation != Operation::delete_) change.after = after;
    const auto outcome = program->run(change, scratch, before_out, after_out);
    const auto other = again->run(change, other_scratch, other_before, other_after);
    require(outcome.has_value() == other.has_value(), "both end alike", program->text());
    if (!outcome) {
      require(outcome.error().code == base::ErrorCode::etl_value && options.policy == ErrorPolicy::stop,
              "running gives errors of the value", outcome.error().message());
      continue;
    }
    require(outcome->verdict == other->verdict && outcome->nulls == other->nulls, "with the same outcome",
            program->text());
    require(after_out.size() == other_after.size() && before_out.size() == other_before.size(), "and as many values");
    if (outcome->verdict == Outcome::Verdict::kept)
      require(after_out.size() == (change.after.empty() ? 0 : columns.size()), "one for each column", program->text());
    for (std::size_t i = 0; i < after_out.size(); ++i) {
      fuzz::touch(after_out[i].text);
      require(same(after_out[i], other_after[i]), "which are the same", columns[i].name + " " + program->text());
    }
    for (const Value& v : before_out) fuzz::touch(v.text);
  }
  return 0;
}
