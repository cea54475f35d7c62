// Tests conditions on the rows of a table, for tests/e2e/test_filter.py: rows are read as the snapshot reads them, and
// as the binlog has them (the table was made in the log's files that still are there, by INSERTs in the order of `id`),
// and each condition is given to the server, too.
//
//   filter_rows HOST PORT USER PASSWORD DATABASE TABLE < one condition a line > one answer a line
//
// same N                  N rows, the same verdict from both for all of them
// refused CODE WHAT       the condition is not compiled
// neither CODE WHAT       nor does the server take it
// failed                  the server gives an error, and so does at least one row here
// invalid MESSAGE         the server gives an error, and no row does here
// louder                  a row fails here, and the server does not look at what fails there
// differs ID OURS THEIRS  -1: unknown
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <string>

#include "mysql/connection.h"
#include "source/binlog/row_reader.h"
#include "source/snapshot/text_row.h"
#include "source/topology/schema_reader.h"
#include "transform/filter/filter.h"

namespace {

using namespace tributary;
using transform::Filter;

template <typename T>
T must(base::Result<T> result) {
  if (!result) {
    fmt::print(stderr, "{}\n", result.error().message());
    std::exit(3);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Rows {
  std::deque<std::string> kept;
  std::vector<std::vector<model::Value>> values;
};

Rows read_rows(mysql::Connection& connection, const std::string& table, const source::TextRowPlan& plan) {
  Rows rows;
  auto stream = must(connection.stream(fmt::format("SELECT {} FROM {} ORDER BY id", plan.select_list(), table)));
  mysql::RowView row;
  while (must(stream.next(row))) {
    std::vector<const char*> texts(row.values.size());
    std::vector<unsigned long> lengths(row.lengths.begin(), row.lengths.end());
    for (std::size_t i = 0; i < texts.size(); ++i)
      texts[i] = row.values[i] == nullptr ? nullptr : rows.kept.emplace_back(row.values[i], lengths[i]).data();
    must(plan.read({texts, lengths}, rows.values.emplace_back()));
  }
  return rows;
}

Rows read_log(const mysql::Endpoint& endpoint, const std::string& first_file, const std::string& table,
              const model::TableSchema& schema) {
  Rows rows;
  auto connection = must(mysql::Connection::open(endpoint));
  mysql::DumpStart start;
  start.at = {first_file, 4};
  start.non_blocking = true;
  must(connection.start_dump(start));
  source::FormatDescription format;
  source::TableMap map;
  std::unique_ptr<source::RowPlan> plan;
  source::RowReader reader;
  std::vector<model::Value> before, after;
  bool is_ours = false;
  while (true) {
    const std::string_view raw = must(connection.read_event());
    if (raw.empty()) return rows;
    const source::EventView event = must(source::parse_event(raw, format));
    if (event.header.type == source::EventType::format_description)
      format = must(source::parse_format_description(event));
    if (event.header.type == source::EventType::table_map) {
      const auto mapped = must(source::parse_mapped_table(event, format));
      is_ours = mapped.database == endpoint.database && mapped.table == table;
      if (is_ours) must(map.parse(event, format));
      if (is_ours && (!plan || !plan->fits(map)))
        plan = std::make_unique<source::RowPlan>(
            must(source::RowPlan::make(map, std::make_shared<model::TableSchema>(schema))));
    }
    if (!is_ours || !source::is_rows_event(event.header.type)) continue;
    must(reader.open(event, format, *plan));
    while (must(reader.next(before, after))) {
      std::vector<model::Value>& row = rows.values.emplace_back(after);
      for (model::Value& value : row)
        if (value.text.data() != nullptr) value.text = rows.kept.emplace_back(value.text);
    }
  }
}

std::string judge(mysql::Connection& connection, const std::string& table, const Rows& rows, const Rows& logged,
                  std::string_view condition, const Filter& filter) {
  const auto answer =
      connection.query(fmt::format("SELECT ({0}) IS TRUE, ({0}) IS FALSE FROM {1} ORDER BY id", condition, table));
  const auto kept = connection.query(fmt::format("SELECT id FROM {} WHERE {} ORDER BY id", table, filter.sql()));
  Filter::Scratch scratch;
  std::size_t kept_at = 0;
  bool has_failed = false;
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    const auto verdict = filter.test(rows.values[i], scratch);
    const auto other = filter.test(logged.values[i], scratch);
    if (verdict.has_value() != other.has_value() || (verdict && *verdict != *other))
      return fmt::format("differs {}: the row of the log", i);
    if (!verdict) {
      has_failed = true;
      if (kept && kept_at < kept->rows.size() && *kept->rows[kept_at][0] == rows.values[i][0].text) ++kept_at;
      continue;
    }
    if (!answer || !kept) continue;
    const int ours = *verdict == Filter::Verdict::yes ? 1 : *verdict == Filter::Verdict::no ? 0 : -1;
    const int theirs = *answer->rows[i][0] == "1" ? 1 : *answer->rows[i][1] == "1" ? 0 : -1;
    const std::string id(rows.values[i][0].text);
    const bool is_kept = kept_at < kept->rows.size() && *kept->rows[kept_at][0] == id;
    if (is_kept) ++kept_at;
    if (ours != theirs || is_kept != (ours == 1))
      return fmt::format("differs {} {} {}{}", id, ours, theirs,
                         is_kept == (theirs == 1) ? "" : " (WHERE has another)");
  }
  if (answer && kept) return has_failed ? "louder" : fmt::format("same {}", rows.values.size());
  if (has_failed) return "failed";
  std::string message = (answer ? kept.error() : answer.error()).what;
  std::ranges::replace(message, '\n', ' ');
  return "invalid " + message;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    fmt::print(stderr, "usage: filter_rows HOST PORT USER PASSWORD DATABASE TABLE < conditions\n");
    return 2;
  }
  mysql::Endpoint endpoint;
  endpoint.host = argv[1];
  endpoint.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  endpoint.user = argv[3];
  endpoint.password = argv[4];
  endpoint.database = argv[5];
  const std::string table = argv[6];
  auto connection = must(mysql::Connection::open(endpoint));
  must(connection.execute("SET SESSION time_zone = '+00:00', sql_mode = ''"));
  must(connection.execute(std::string(transform::filter_session)));
  auto schemas = must(source::read_schemas(connection, endpoint.database, {table}));
  const model::TableSchema& schema = schemas.at(table);
  const source::TextRowPlan plan(schema);
  must(connection.execute("SET character_set_results = NULL"));
  const Rows rows = read_rows(connection, table, plan);
  const Rows logged = read_log(endpoint, *must(connection.query("SHOW BINARY LOGS")).rows.at(0).at(0), table, schema);
  if (rows.values.size() != logged.values.size()) {
    fmt::print(stderr, "the log has {} rows, the table {}\n", logged.values.size(), rows.values.size());
    return 3;
  }
  transform::Dialect dialect;
  dialect.is_mariadb = connection.flavour() == mysql::Flavour::mariadb;
  dialect.version = connection.version_number();
  std::string condition;
  while (std::getline(std::cin, condition)) {
    const auto filter = Filter::compile(condition, schema, dialect);
    if (!filter) {
      const auto theirs = connection.query(fmt::format("SELECT id FROM {} WHERE {}", table, condition));
      fmt::print("{} {} {} ({})\n", theirs ? "refused" : "neither", filter.error().info().name, filter.error().what,
                 filter.error().where);
      continue;
    }
    const auto again = Filter::compile(filter->canonical(), schema, dialect);
    if (!again || again->canonical() != filter->canonical())
      fmt::print("differs 0 printed {}\n", filter->canonical());
    else
      fmt::print("{}\n", judge(connection, table, rows, logged, condition, *filter));
    std::fflush(stdout);
  }
  return 0;
}
