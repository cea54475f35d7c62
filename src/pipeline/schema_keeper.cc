#include "pipeline/schema_keeper.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "pipeline/start_position.h"
#include "source/binlog/statement_context.h"
#include "source/binlog/statement_scan.h"
#include "source/ddl/charsets.h"
#include "source/ddl/server_schema.h"
#include "source/snapshot/view.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using checkpoint::KeptStatement;
using source::CapturedChange;
using source::CapturedTable;
using source::TableName;
using source::TableState;

namespace {

constexpr int lock_wait_s = 20;  // a statement under way holds the table; the question is asked again

std::string name_of(const TableName& name) { return name.database + "." + name.table; }

// Records are UTF-8, whatever the client spoke. What can't be turned into it would make the record unreadable.
std::string utf8_text(std::string_view sql, const std::string& charset) {
  if (auto text = source::ddl::to_utf8(sql, charset.empty() ? "utf8mb4" : source::ddl::long_name(charset)))
    return *std::move(text);
  std::string text(sql);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  return text;
}

// The first statement behind `from` that names one of the tables; empty if there is none.
Result<std::string> changed_again(const source::Instance& instance, const model::BinlogPosition& from,
                                  const model::BinlogPosition& to, const std::vector<TableName>& tables,
                                  base::CancelToken& cancel) {
  source::StatementNames names;
  for (const TableName& table : tables) names.add(table.database, table.table);
  std::string found;
  source::StreamPosition begin;
  begin.at = from;
  TRY(source::scan_statements(
      instance, begin, to,
      [&](const source::QueryEvent& query, const model::BinlogPosition& end) {
        const auto named = names.captured(query.database, query.sql);
        if (named && !named->empty()) found = fmt::format("{:.200}, at {}", query.sql, end.text());
        return found.empty();
      },
      cancel));
  return found;
}

}  // namespace

bool SchemaKeeper::tells(const source::SchemaChange& change) const {
  return setup_.forwards && !change.is_repeat && !change.sql.empty() && !change.captured.empty();
}

Result<std::vector<KeptStatement>> SchemaKeeper::keep(const source::SchemaChange& change,
                                                      const source::LiveTables& live, const source::RowContext& context,
                                                      std::uint64_t record_id) {
  std::vector<KeptStatement> statements;
  if (tells(change)) {
    KeptStatement statement;
    statement.number = change.number;
    statement.text = utf8_text(change.sql, change.session->client_charset);
    std::map<TableName, std::string> new_names;
    bool is_renamed = false;
    for (const CapturedChange& one : change.captured) {
      const CapturedTable& names = live.captured(one.table);
      const transform::TableNames target = setup_.transformation.names(names.logical_database, names.logical_table);
      is_renamed |= names.table != target.table || names.database != target.database;
      new_names[{names.database, names.table}] = target.table;
      if (one.former && names.database == names.logical_database)
        new_names[{one.former->database, one.former->table}] =
            setup_.transformation.names(one.former->database, one.former->table).table;
    }
    if (is_renamed)
      if (auto text = source::rename_tables(setup_.traits, *change.session, statement.text, new_names))
        statement.text = *std::move(text);
    statement.record_id = record_id;
    statement.timestamp_s = context.timestamp_s;
    statement.position = context.position.dts_text();
    statement.safe_position = context.safe_position.dts_text();
    statement.server_id = context.server_id;
    statement.thread_id = context.thread_id;
    // One statement is told once: about the first table it names.
    const CapturedTable& first = live.captured(change.captured.front().table);
    statement.logical_database = first.logical_database;
    statement.logical_table = first.logical_table;
    for (const CapturedChange& one : change.captured) {
      const CapturedTable& names = live.captured(one.table);
      if (names.logical_database != first.logical_database || names.logical_table != first.logical_table) continue;
      statement.database = names.database;
      statement.table = names.table;
      statement.structure = one.after ? one.after->version : 0;
      statements.push_back(statement);
    }
  }
  TRY(setup_.history.keep(change, live, statements));
  std::vector<KeptStatement> told;
  for (const KeptStatement& statement : statements)
    for (KeptStatement& one : setup_.board.passed(setup_.instance.name, statement)) told.push_back(std::move(one));
  return told;
}

// Under the tables' metadata locks no statement can change them: what they are like there is what they are like at the
// end of the log. If none has changed them since the place asked for, it is what they were like there.
Result<std::vector<TableState>> SchemaKeeper::ask(const source::StructureQuestion& question) {
  std::string tables;
  for (const TableName& name : question.tables) tables += (tables.empty() ? "" : ", ") + name_of(name);
  const std::string what =
      question.sql.empty() ? question.reason : fmt::format("{} in: {:.500}", question.reason, question.sql);
  base::log::info("{}: {}; asking for the structure of {}", question.behind.text(), what, tables);
  TRY_VALUE(mysql::Connection connection, open_for_questions(setup_.instance));
  TRY(connection.execute(fmt::format("SET SESSION lock_wait_timeout = {}", lock_wait_s)));
  TRY(connection.execute("START TRANSACTION"));
  for (const TableName& name : question.tables) {
    auto locked = connection.query(
        fmt::format("SELECT 1 FROM {}.{} LIMIT 0", mysql::quote_name(name.database), mysql::quote_name(name.table)));
    constexpr unsigned no_such_table = 1146, no_such_database = 1049;
    const unsigned number = connection.server_errno();
    if (!locked && number != no_such_table && number != no_such_database) return fail(std::move(locked.error()));
  }
  TRY_VALUE(const source::LogEnd end, source::read_log_end(connection));
  std::vector<TableState> states;
  for (const TableName& name : question.tables) {
    TRY_VALUE(std::vector<source::TrackedTable> found,
              source::read_tracked_tables(connection, name.database, {name.table}));
    TableState state{name, nullptr, {}};
    if (!found.empty()) state.table = std::make_shared<const source::TrackedTable>(std::move(found.front()));
    states.push_back(std::move(state));
  }
  TRY(connection.execute("ROLLBACK"));
  TRY_VALUE(const std::string again,
            changed_again(setup_.instance, question.behind, end.position, question.tables, setup_.cancel));
  if (again.empty()) return states;
  AcceptStructure& accept = setup_.accept;
  if (accept.is_allowed && (accept.used_for.empty() || accept.used_for == question.behind)) {
    accept.used_for = question.behind;
    base::log::warn("{}: {}: the present structure is taken, as was asked for, although it was changed again by {}",
                    question.behind.text(), tables, again);
    for (TableState& state : states) state.ignores_until = end.position;
    return states;
  }
  const ErrorCode code = question.sql.empty() ? ErrorCode::data_schema_mismatch : ErrorCode::data_ddl_not_understood;
  return fail(code, fmt::format("{}, and the table was changed again since then, by {}", what, again),
              fmt::format("{}, {}", question.behind.text(), tables));
}

std::uint32_t SchemaKeeper::logical_number(const CapturedTable& names) const {
  const auto& tables = setup_.topology.tables;
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const source::LogicalTable& table) {
    return table.schema->database == names.logical_database && table.schema->table == names.logical_table;
  });
  return static_cast<std::uint32_t>(found - tables.begin());
}

}  // namespace tributary::pipeline
