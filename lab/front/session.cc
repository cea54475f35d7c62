#include "front/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "front/define.h"
#include "front/hint.h"
#include "front/insert.h"
#include "front/modify.h"
#include "front/select.h"
#include "front/show.h"
#include "front/stage.h"
#include "front/statement.h"

namespace tributary::lab {

namespace {

bool starts_with_any(const Sql& sql, std::initializer_list<std::string_view> keywords) {
  return std::any_of(keywords.begin(), keywords.end(), [&](std::string_view k) { return sql.is(0, k); });
}

bool is_system_schema(std::string_view name) {
  return same_name(name, "information_schema") || same_name(name, "mysql") || same_name(name, "performance_schema") ||
         same_name(name, "sys");
}

// Variables that change what storage does with a statement; all others are taken and forgotten.
bool is_forwarded(std::string_view name) {
  for (const auto known : {"time_zone", "sql_mode", "foreign_key_checks", "unique_checks", "innodb_lock_wait_timeout",
                           "max_statement_time"})
    if (same_name(name, known)) return true;
  return false;
}

bool is_on(std::string_view value) {
  return same_name(value, "1") || same_name(value, "on") || same_name(value, "true");
}

bool is_plain_policy(std::string_view name) {
  for (const auto plain : {"free", "allow_read", "allow_read_cross_db", "no_transaction", "3", "4", "5"})
    if (same_name(name, plain)) return true;
  return false;
}

}  // namespace

Session::Session(Shared& shared, std::uint32_t connection_id, std::string user)
    : shared_(shared), backend_(shared), connection_id_(connection_id), user_(std::move(user)) {}

std::string Session::error_prefix() const {
  return fmt::format("[{:x}][{}][{}]", shared_.next_id(), shared_.address(), database_);
}

Answer<void> Session::use(std::string_view database) {
  if (!same_name(database, shared_.catalogue->database()) && !is_system_schema(database))
    return sql_fail(1049, "42000", fmt::format("Unknown database '{}'", database));
  database_ = database;
  return {};
}

Work Session::work() { return {shared_, backend_, last_insert_id_, recycle_bin_}; }

Answer<Outcome> Session::run(std::string_view statement) {
  const Sql sql(statement);
  if (!sql.complete()) return syntax_error(statement);
  if (sql.size() == 0) return Outcome{};  // comments only, /*!40101 SET ..*/ too
  if (sql.is(0, "lab")) {
    Work now = work();
    return run_stage(now, sql);
  }
  // Shards stay where they are while a transaction is open, or a statement runs.
  if (!std::exchange(inside_gate_, true)) shared_.gate.enter();
  backend_.start_statement();
  auto outcome = dispatch(sql);
  if (!backend_.in_transaction()) leave_gate();
  return outcome;
}

void Session::leave_gate() {
  if (std::exchange(inside_gate_, false)) shared_.gate.leave();
}

Answer<Outcome> Session::dispatch(const Sql& sql) {
  Work now = work();
  if (sql[0].kind == TokenKind::hint) return hinted(sql);
  if (sql.is(0, "rollback")) {
    broken_ = false;
    backend_.rollback();
    return Outcome{};
  }
  if (broken_)
    return product_fail(4605, "ERR_TRANS_CONTINUE_AFTER_WRITE_FAIL",
                        "Cannot continue or commit transaction after writing failed: roll back");
  if (starts_with_any(sql, {"select", "("})) return read(sql);
  if (starts_with_any(sql, {"insert", "replace", "update", "delete"})) return write(sql);
  if (sql.is(0, "show")) return run_show(now, sql, user_);
  if (starts_with_any(sql, {"desc", "describe"})) return run_describe(now, sql);
  if (sql.is(0, "check") && sql.is(1, "table")) return run_check_table(now, sql);
  if (sql.is(0, "use")) {
    TRY(use(sql.name(1)));
    return Outcome{};
  }
  if (sql.is(0, "set")) return set(sql);
  if (sql.is(0, "begin") || (sql.is(0, "start") && sql.is(1, "transaction"))) {
    TRY(backend_.commit());
    backend_.begin();
    return Outcome{};
  }
  if (sql.is(0, "commit")) {
    TRY(backend_.commit());
    return Outcome{};
  }
  if (starts_with_any(sql, {"create", "drop", "truncate", "alter"})) return define(sql);
  if (starts_with_any(sql, {"lock", "unlock", "flush", "kill", "analyze"})) return Outcome{};
  return not_supported(upper(sql.text(0)));
}

Answer<Outcome> Session::define(const Sql& sql) {
  TRY(backend_.commit());
  Work now = work();
  return run_define(now, sql);
}

Answer<Outcome> Session::read(const Sql& sql) {
  const auto references = table_references(sql);
  Work now = work();
  const bool system = std::any_of(references.begin(), references.end(), [&](const TableRef& r) {
    return is_system_schema(r.database.empty() ? std::string_view(database_) : std::string_view(r.database));
  });
  const bool none = references.empty() ||
                    (references.size() == 1 && same_name(references[0].name, "dual") && references[0].database.empty());
  if (system) {
    TRY_VALUE(mysql::Table table, backend_.query(0, std::string(sql.text())));
    return Outcome{std::move(table)};
  }
  if (none) {
    bool handled = false;
    return selected_constants(sql, handled);
  }
  if (!autocommit_ && !backend_.in_transaction()) backend_.begin();
  return run_select(now, sql);
}

// SELECT without a table: the product's own values put in, the rest computed by shard 0.
Answer<Outcome> Session::selected_constants(const Sql& sql, bool& handled) {
  const auto own_value = [&](std::size_t at, std::size_t& past) -> std::optional<std::string> {
    past = at + 1;
    std::string name = lower(sql.text(at));
    for (const auto scope : {"@@session.", "@@global.", "@@local."})
      if (name.starts_with(scope)) name = "@@" + name.substr(std::string_view(scope).size());
    if (name == "@@version") return quote_text(product_version);
    if (name == "@@version_comment") return quote_text("Tddl Server (ALIBABA)");
    if (name == "@@autocommit") return autocommit_ ? "1" : "0";
    if (name == "@@port") return std::to_string(shared_.port);
    if (name == "@@drds_transaction_policy") return quote_text("XA");
    if (!sql.is_symbol(at + 1, "(") || !sql.is_symbol(at + 2, ")")) return std::nullopt;
    past = at + 3;
    if (name == "version") return quote_text(product_version);
    if (name == "database" || name == "schema") return database_.empty() ? "NULL" : quote_text(database_);
    if (name == "connection_id") return std::to_string(connection_id_);
    if (name == "last_insert_id") return std::to_string(last_insert_id_);
    if (name == "user" || name == "current_user" || name == "session_user") return quote_text(user_ + "@127.0.0.1");
    return std::nullopt;
  };
  const std::size_t end =
      std::min({sql.find("limit", 0, sql.size()), sql.find("from", 0, sql.size()), sql.find("where", 0, sql.size()),
                sql.find("union", 0, sql.size()), sql.find("for", 0, sql.size())});
  std::string statement = "SELECT ";
  handled = sql.is(0, "select");
  bool first_item = true;
  for (const auto& [first, last] : split_list(sql, 1, handled ? end : 1)) {
    if (!first_item) statement += ", ";
    first_item = false;
    std::size_t copied = first, past = 0;
    bool replaced = false;
    std::string item;
    for (std::size_t at = first; at < last; ++at) {
      if (sql[at].kind != TokenKind::word) continue;
      const auto value = own_value(at, past);
      if (!value) continue;
      if (at > copied) item += std::string(sql.text(copied, at)) + " ";
      item += *value + " ";
      copied = past;
      at = past - 1;
      replaced = true;
    }
    if (copied < last) item += sql.text(copied, last);
    statement += item;
    const bool aliased = last > first + 1 && (sql.is(last - 2, "as") || copied < last);
    if (replaced && !aliased) statement += fmt::format(" AS {}", mysql::quote_name(sql.text(first, last)));
  }
  if (handled && end < sql.size()) statement += " " + std::string(sql.text(end, sql.size()));
  TRY_VALUE(mysql::Table table, backend_.query(0, handled ? statement : std::string(sql.text())));
  return Outcome{std::move(table)};
}

Answer<Outcome> Session::write(const Sql& sql) {
  Work now = work();
  if (!autocommit_ && !backend_.in_transaction()) backend_.begin();
  const bool several = needs_transaction(now, sql);
  const bool own = several && !backend_.in_transaction();
  if (own) backend_.begin();
  auto outcome = starts_with_any(sql, {"insert", "replace"}) ? run_insert(now, sql)
                 : sql.is(0, "update")                       ? run_update(now, sql)
                                                             : run_delete(now, sql);
  if (own) {
    if (!outcome) {
      backend_.rollback();
    } else if (auto done = backend_.commit(); !done) {
      return std::unexpected(done.error());
    }
  } else if (!outcome && several) {
    broken_ = true;
  }
  return outcome;
}

Answer<Outcome> Session::hinted(const Sql& sql) {
  TRY_VALUE(const Hint hint, read_hint(*shared_.catalogue, sql.text(0)));
  const std::string statement(sql.text(1, sql.size()));
  const Sql inner(statement);
  if (inner.size() == 0) return Outcome{};
  const bool shows = inner.is(0, "show");
  if (!hint.direct && !(hint.scan && shows)) return dispatch(inner);
  std::vector<int> shards = hint.shards;
  for (int i = 0; shards.empty() && hint.scan && i < shared_.catalogue->shard_count(); ++i) shards.push_back(i);
  if (hint.scan && hint.shards.empty()) {
    shards.clear();
    for (int i = 0; i < shared_.catalogue->shard_count(); ++i) shards.push_back(i);
  }
  std::vector<std::string> statements = {statement};
  if (!hint.real_tables.empty()) {
    statements.clear();
    for (const auto& real : hint.real_tables)
      statements.push_back(
          rewrite(inner, 0, inner.size(), table_references(inner), {{lower(hint.logical_table), real}}));
  }
  const bool reads =
      shows || inner.is(0, "select") || inner.is(0, "desc") || inner.is(0, "explain") || inner.is(0, "check");
  Outcome out;
  for (const int shard : shards) {
    for (const auto& each : statements) {
      if (reads) {
        TRY_VALUE(mysql::Table part, backend_.query(shard, each));
        if (!out.table) out.table.emplace(mysql::Table{std::move(part.columns), {}});
        std::move(part.rows.begin(), part.rows.end(), std::back_inserter(out.table->rows));
      } else {
        TRY_VALUE(const std::uint64_t affected, backend_.write(shard, each));
        out.affected += affected;
      }
    }
  }
  return out;
}

Answer<void> Session::set_variable(std::string_view name, std::string_view value, std::string_view text) {
  if (same_name(name, "autocommit")) {
    if (is_on(value) && !autocommit_) TRY(backend_.commit());
    autocommit_ = is_on(value);
  } else if (same_name(name, "drds_transaction_policy")) {
    backend_.set_policy(is_plain_policy(value) ? Policy::plain : Policy::xa);
  } else if (same_name(name, "enable_recyclebin")) {
    recycle_bin_ = is_on(value);
  } else if (is_forwarded(name) && value.find('@') == std::string_view::npos) {
    TRY(backend_.setting(fmt::format("SET SESSION {} = {}", name, text)));
  }
  return {};
}

Answer<Outcome> Session::set(const Sql& sql) {
  for (auto [first, last] : split_list(sql, 1, sql.size())) {
    if (sql.is(first, "global")) continue;
    if (sql.is(first, "session") || sql.is(first, "local")) ++first;
    if (sql.is(first, "transaction") && sql.is(first + 1, "policy")) {
      backend_.set_policy(is_plain_policy(sql.text(first + 2)) ? Policy::plain : Policy::xa);
      continue;
    }
    if (sql.is(first, "names") || sql.is(first, "character") || sql.is(first, "charset") ||
        sql.is(first, "transaction"))
      continue;
    const std::string_view raw = sql.text(first);
    std::string_view name = raw;
    if (name.starts_with("@@")) {
      name.remove_prefix(2);
      if (const std::size_t dot = name.find('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
    } else if (name.starts_with('@')) {
      continue;
    }
    if (!sql.is_symbol(first + 1, "=") && !sql.is_symbol(first + 1, ":=")) return syntax_error(sql.text(first, last));
    const bool user_variable = sql[first + 2].kind == TokenKind::word && sql.text(first + 2).starts_with('@');
    if (user_variable) continue;
    TRY(set_variable(name, sql.value(first + 2), sql.text(first + 2, last)));
  }
  return Outcome{};
}

}  // namespace tributary::lab
