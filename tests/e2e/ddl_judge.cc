// Runs DDL scripts on a server, gives the tracker what the server's own binlog says of each statement, and compares the
// tracked tables with information_schema after each. For tests: tributary_ddl_judge HOST PORT USER PASSWORD FILE...
//
// Prints a line for each statement that is not understood or wrong, and at the end one JSON object with the counts.
// Databases of the server are dropped before each file.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "mysql/connection.h"
#include "source/binlog/event.h"
#include "source/binlog/event_body.h"
#include "source/binlog/statement_context.h"
#include "source/ddl/script.h"
#include "source/ddl/server_schema.h"
#include "source/ddl/token_cursor.h"

namespace tributary::source {
namespace {

[[noreturn]] void stop(const base::Error& error) {
  fmt::print(stderr, "{}\n", error.message());
  std::exit(3);
}
template <typename T>
T must(base::Result<T> result) {
  if (!result) stop(result.error());
  return std::move(*result);
}

// What differs, empty if nothing does.
std::string difference(const TrackedTable& ours, const TrackedTable& theirs) {
  const auto& a = ours.schema;
  const auto& b = theirs.schema;
  const auto text = [](const model::Column& c) {
    return fmt::format(
        "{} type={} '{}' null={} unsigned={} hidden={} generated={} length={} precision={} scale={} "
        "fraction={} {} {} labels=[{}]",
        c.name, model::to_string(c.type), c.declared_type, c.is_nullable, c.is_unsigned, c.is_hidden, c.is_generated,
        c.length, c.precision, c.scale, c.fraction_digits, c.charset, c.collation, fmt::join(c.labels, "|"));
  };
  for (std::size_t i = 0; i < std::max(a.columns.size(), b.columns.size()); ++i) {
    const std::string x = i < a.columns.size() ? text(a.columns[i]) : "none";
    const std::string y = i < b.columns.size() ? text(b.columns[i]) : "none";
    if (x != y) return fmt::format("column {}\n    ours   {}\n    theirs {}", i + 1, x, y);
  }
  const auto keys = [](const model::TableSchema& schema) {
    std::string out;
    for (const model::Key& key : schema.keys)
      out += fmt::format("{}{}({}) ", key.name, key.is_primary ? "*" : "", fmt::join(key.columns, ","));
    return out;
  };
  if (keys(a) != keys(b)) return fmt::format("keys\n    ours   {}\n    theirs {}", keys(a), keys(b));
  if (a.identity != b.identity || a.identity_is_hidden != b.identity_is_hidden || a.version != b.version)
    return fmt::format("identity or version of {}.{}", a.database, a.table);
  if (a.tail != b.tail || a.row_end != b.row_end)
    return fmt::format("hidden columns: ours {} and row_end {}, theirs {} and {}", a.tail.size(),
                       a.row_end.value_or(9999), b.tail.size(), b.row_end.value_or(9999));
  if (ours.collation != theirs.collation)
    return fmt::format("collation {} against {}", ours.collation, theirs.collation);
  return {};
}

// Indexes that are no keys have no part in what is decoded; they count for the names the server makes up.
std::string index_difference(const TrackedTable& ours, const TrackedTable& theirs) {
  std::set<std::string> our_indexes, their_indexes;
  const auto index = [](const TrackedIndex& i) {
    return fmt::format("{} unique={} ({}) [{}]", i.name, i.is_unique, fmt::join(i.columns, ","),
                       fmt::join(i.prefixes, ","));
  };
  for (const TrackedIndex& i : ours.indexes) our_indexes.insert(index(i));
  for (const TrackedIndex& i : theirs.indexes) their_indexes.insert(index(i));
  if (our_indexes != their_indexes)
    return fmt::format("indexes\n    ours   {}\n    theirs {}", fmt::join(our_indexes, "; "),
                       fmt::join(their_indexes, "; "));
  return {};
}

class Judge {
 public:
  explicit Judge(mysql::Endpoint endpoint)
      : endpoint_(std::move(endpoint)),
        session_(must(mysql::Connection::open(endpoint_))),
        reader_(must(mysql::Connection::open(endpoint_))),
        dump_(must(mysql::Connection::open(endpoint_))),
        traits_(must(read_server_traits(reader_))),
        tracker_(traits_) {
    must(reader_.execute("SET SESSION lock_wait_timeout = 20"));
    const auto [file, position] = end_of_log();
    mysql::DumpStart start;
    start.at.file = file;
    start.at.offset = position;
    start.server_id = 4'000'000 + static_cast<std::uint32_t>(reader_.connection_id());
    if (auto started = dump_.start_dump(start); !started) stop(started.error());
    file_ = file;
    resync();
  }

  void run(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string script{std::istreambuf_iterator<char>(in), {}};
    open_session();
    for (const auto& [name, collation] : must(read_databases(reader_)))
      if (name != "test")
        (void)reader_.execute("DROP DATABASE " + mysql::quote_name(name));  // some engines leave files
    database_ = fmt::format("corpus_{}", ++file_count_);
    (void)reader_.execute("CREATE DATABASE " + database_);
    must(session_.execute("USE " + database_));
    where_ = "(between files)";
    follow();
    for (const ScriptStatement& statement : split_script(script)) {
      where_ = fmt::format("{}:{}", path.substr(path.rfind('/') + 1), statement.line);
      if (is_kept_away(statement.text)) continue;
      ++run_count_;
      if (auto done = session_.execute(statement.text); !done) {
        if (std::getenv("JUDGE_VERBOSE")) fmt::print("{}: refused: {}\n", where_, done.error().message());
        ++refused_count_;
        if (session_.server_errno() == 0 || session_.server_errno() >= 2000) open_session(true);
        // A statement may have done a part of its work, and logged it.
      }
      follow();
    }
    compare_all();
  }

  void print() const {
    fmt::print(
        "{{\"server\":\"{}\",\"statements\":{},\"refused\":{},\"ddl\":{},\"equal\":{},\"not_understood\":{},\"wrong\":{"
        "}}}\n",
        reader_.server_version(), run_count_, refused_count_, ddl_count_, equal_count_, refusals_, wrong_count_,
        index_count_);
  }
  bool is_wrong() const { return wrong_count_ != 0; }

 private:
  // What would harm the test rather than tables.
  static bool is_kept_away(std::string_view text) {
    const ddl::LexRules rules;
    const auto tokens = ddl::tokenise(text, rules, 6);
    const auto is = [&](std::size_t i, std::string_view word) {
      return i < tokens.size() && ddl::same_word(tokens[i].text, word);
    };
    for (const std::string_view verb : {"reset", "shutdown", "kill", "restart", "purge", "lock", "stop", "start",
                                        "change", "xa", "handler", "backup", "clone"})
      if (is(0, verb)) return true;
    if (is(0, "flush") && (is(1, "tables") || is(1, "table") || is(2, "tables"))) return true;
    if (is(0, "set") && (is(1, "global") || is(1, "password") || is(1, "sql_log_bin") || is(2, "sql_log_bin") ||
                         text.find("global") != text.npos || text.find("GLOBAL") != text.npos ||
                         text.find("sql_log_bin") != text.npos || text.find("SQL_LOG_BIN") != text.npos))
      return true;
    if (is(0, "use") && is(1, "mysql")) return true;
    return (is(0, "drop") || is(0, "alter") || is(0, "rename") || is(0, "grant") || is(0, "revoke")) &&
           text.find("root") != text.npos;
  }

  void open_session(bool keep_database = false) {
    session_ = must(mysql::Connection::open(endpoint_));
    must(session_.execute("SET SESSION lock_wait_timeout = 20, autocommit = 1"));
    if (keep_database) (void)session_.execute("USE " + database_);
  }

  std::pair<std::string, std::uint64_t> end_of_log() {
    auto status = reader_.query("SHOW BINARY LOG STATUS");
    if (!status) status = must(reader_.query("SHOW MASTER STATUS"));
    return {std::string(status->text(0, "File")),
            std::strtoull(std::string(status->text(0, "Position")).c_str(), nullptr, 10)};
  }

  // Reads what was logged since and compares the tables it touched.
  void follow() {
    const auto [file, position] = end_of_log();
    std::set<TableName> touched;
    bool has_ddl = false, is_understood = true;
    while (file_ != file || position_ < position) {
      const std::string_view raw = must(dump_.read_event());
      const EventView event = must(parse_event(raw, format_));
      if (event.header.type == EventType::format_description) {
        format_ = must(parse_format_description(event));
      } else if (event.header.type == EventType::rotate) {
        const RotateEvent rotate = must(parse_rotate(event, format_));
        file_ = rotate.file;
        position_ = rotate.position;
        continue;
      } else if (event.header.type == EventType::query || event.header.type == EventType::query_compressed) {
        base::Buffer scratch;
        judge(must(parse_query(event, format_, scratch)), touched, has_ddl, is_understood);
      }
      if (event.header.next_position != 0 && !event.header.is_artificial()) position_ = event.header.next_position;
    }
    if (!has_ddl) return;
    if (!is_understood) return resync();
    bool is_equal = true;
    for (const TableName& name : touched) is_equal = compare(name) && is_equal;
    if (is_equal)
      equal_count_ += logged_;
    else
      ++wrong_count_, resync();
    logged_ = 0;
  }

  void judge(const QueryEvent& query, std::set<TableName>& touched, bool& has_ddl, bool& is_understood) {
    const std::string sql(query.sql);
    const Effect effect = tracker_.apply(statement_context(query, traits_), sql);
    if (!effect.is_ddl) return;
    has_ddl = true;
    ++ddl_count_;
    ++logged_;
    if (effect.outcome == Effect::Outcome::not_understood) {
      ++refusals_;
      --logged_;
      is_understood = false;
      fmt::print("{}: not understood: {}\n    {:.400}\n", where_, effect.reason, sql);
      return;
    }
    last_ = sql;
    for (const TableEffect& table : effect.tables) {
      touched.insert(table.name);
      touched.insert(table.new_name);
      const bool is_unknown = !table.before && !table.after && table.kind != TableEffect::Kind::emptied;
      if (is_unknown) fmt::print("{}: untracked: {}.{}: {:.200}\n", where_, table.name.database, table.name.table, sql);
    }
  }

  bool compare(const TableName& name) {
    const TrackedTablePtr ours = tracker_.find(name.database, name.table);
    const std::vector<TrackedTable> theirs = must(read_tracked_tables(reader_, name.database, {name.table}));
    std::string what;
    if (theirs.empty() != (ours == nullptr))
      what = ours ? "we have it, the server does not" : "the server has it, we don't";
    else if (ours)
      what = difference(*ours, theirs[0]);
    if (what.empty() && ours) {
      const std::string index = index_difference(*ours, theirs[0]);
      if (index.empty()) return true;
      ++index_count_;
      fmt::print("{}: other {} of {}.{}\n    {:.400}\n", where_, index, name.database, name.table, last_);
      tracker_.put_table(theirs[0]);
    }
    if (what.empty()) return true;
    fmt::print("{}: WRONG: {}.{}: {}\n    {:.400}\n", where_, name.database, name.table, what, last_);
    return false;
  }

  void compare_all() {
    where_ += " (end)";
    bool is_equal = true;
    std::set<TableName> names;
    for (const auto& [name, table] : tracker_.tables()) names.insert(name);
    std::map<std::string, std::string> databases;
    for (const auto& [database, collation] : must(read_databases(reader_))) {
      databases.emplace(database, collation);
      for (const TrackedTable& table : must(read_tracked_tables(reader_, database, {})))
        names.insert({table.schema.database, table.schema.table});
    }
    if (databases != tracker_.databases()) {
      fmt::print("{}: WRONG: databases\n", where_);
      is_equal = false;
    }
    for (const TableName& name : names) is_equal = compare(name) && is_equal;
    if (!is_equal) ++wrong_count_, resync();
  }

  void resync() {
    tracker_ = SchemaTracker(traits_);
    for (const auto& [database, collation] : must(read_databases(reader_))) {
      tracker_.put_database(database, collation);
      for (TrackedTable& table : must(read_tracked_tables(reader_, database, {}))) tracker_.put_table(std::move(table));
    }
    equal_count_ += logged_;
    logged_ = 0;
  }

  mysql::Endpoint endpoint_;
  mysql::Connection session_, reader_, dump_;
  ServerTraits traits_;
  SchemaTracker tracker_;
  FormatDescription format_;
  std::string file_, where_, last_, database_;
  std::size_t file_count_ = 0, index_count_ = 0;
  std::uint64_t position_ = 0;
  std::size_t run_count_ = 0, refused_count_ = 0, ddl_count_ = 0, equal_count_ = 0, refusals_ = 0, wrong_count_ = 0,
              logged_ = 0;
};

}  // namespace
}  // namespace tributary::source

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: tributary_ddl_judge HOST PORT USER PASSWORD FILE...\n");
    return 2;
  }
  tributary::mysql::Endpoint endpoint;
  endpoint.host = argv[1];
  endpoint.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  endpoint.user = argv[3];
  endpoint.password = argv[4];
  tributary::source::Judge judge(std::move(endpoint));
  for (int i = 5; i < argc; ++i) judge.run(argv[i]);
  judge.print();
  return judge.is_wrong() ? 1 : 0;
}
