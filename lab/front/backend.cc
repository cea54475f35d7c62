#include "front/backend.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/clock.h"
#include "base/log.h"
#include "front/token.h"

namespace tributary::lab {

namespace {

std::uint64_t fnv1a_64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

constexpr std::size_t branch_name_max = 64;  // MySQL's limit of either part of an XID

}  // namespace

Backend::Backend(Shared& shared) : shared_(shared) {}
Backend::~Backend() { rollback(); }

void Backend::start_statement() {
  if (in_transaction_ && trace_ != 0) return;
  trace_ = shared_.next_id();
  trace_count_ = 0;
}

std::string Backend::comment() { return fmt::format("/*DRDS /127.0.0.1/{:x}-{}/0// */", trace_, ++trace_count_); }

SqlError Backend::refused(Server& server, const base::Error& error) {
  if (error.code == base::ErrorCode::source_lost) {
    lost_ = true;
    server.shard = -2;  // gone: drop_lost() takes it away
  }
  return from_storage(error, server.connection->server_errno());
}

void Backend::drop_lost() {
  const std::lock_guard lock(servers_mutex_);
  std::erase_if(servers_, [](const auto& server) { return server->shard == -2 && !server->in_branch; });
}

Answer<Backend::Server*> Backend::idle(int shard) {
  drop_lost();
  const int storage = shared_.catalogue->shards()[static_cast<std::size_t>(shard)].storage;
  Server* found = nullptr;
  for (const auto& server : servers_)
    if (server->storage == storage && !server->in_branch && (found == nullptr || server->shard == shard))
      found = server.get();
  if (found == nullptr) {
    auto opened = mysql::Connection::open(shared_.endpoint(shard));
    if (!opened) return std::unexpected(from_storage(opened.error(), 0));
    auto server = std::make_unique<Server>();
    server->connection = std::make_unique<mysql::Connection>(std::move(*opened));
    server->storage = storage;
    server->shard = shard;
    found = server.get();
    {
      const std::lock_guard lock(servers_mutex_);
      servers_.push_back(std::move(server));
    }
    for (const auto& setting : settings_) TRY(execute_on(*found, setting));
  }
  if (found->shard != shard) {
    TRY(execute_on(*found,
                   fmt::format("USE `{}`", shared_.catalogue->shards()[static_cast<std::size_t>(shard)].database)));
    found->shard = shard;
  }
  return found;
}

Backend::Branch* Backend::branch(int shard) {
  const auto found =
      std::find_if(branches_.begin(), branches_.end(), [&](const Branch& b) { return b.shard == shard; });
  return found == branches_.end() ? nullptr : &*found;
}

Answer<Backend::Server*> Backend::writer(int shard) {
  if (!in_transaction_) return idle(shard);
  if (Branch* present = branch(shard)) return present->server;
  TRY_VALUE(Server * server, idle(shard));
  Branch next{shard, server, {}};
  if (branches_.empty() || policy_ == Policy::plain) {
    TRY(execute_on(*server, "BEGIN"));
  } else {
    if (transaction_id_ == 0) transaction_id_ = shared_.next_id();
    const auto& shards = shared_.catalogue->shards();
    const std::string& primary = shards[static_cast<std::size_t>(branches_[0].shard)].group;
    std::string qualifier = shards[static_cast<std::size_t>(shard)].group;
    if (qualifier.size() + 5 > branch_name_max) qualifier = fmt::format("{:016x}", fnv1a_64(qualifier));
    next.xid =
        fmt::format("'drds-{:x}@{:x}','{}@{:04}',1", transaction_id_, fnv1a_64(primary), qualifier, branches_.size());
    TRY(execute_on(*server, "XA START " + next.xid));
  }
  server->in_branch = true;
  branches_.push_back(std::move(next));
  return server;
}

Answer<mysql::Table> Backend::query_on(Server& server, const std::string& sql) {
  auto table = server.connection->query(sql);
  if (!table) return std::unexpected(refused(server, table.error()));
  return std::move(*table);
}

Answer<std::uint64_t> Backend::execute_on(Server& server, const std::string& sql) {
  const auto affected = server.connection->execute(sql);
  if (!affected) return std::unexpected(refused(server, affected.error()));
  return *affected;
}

Answer<mysql::Table> Backend::query(int shard, const std::string& sql) {
  if (Branch* present = branch(shard)) return query_on(*present->server, sql);
  TRY_VALUE(Server * server, idle(shard));
  return query_on(*server, sql);
}

Answer<mysql::Table> Backend::query_locked(int shard, const std::string& sql) {
  TRY_VALUE(Server * server, writer(shard));
  return query_on(*server, sql);
}

Answer<std::uint64_t> Backend::write(int shard, const std::string& sql) { return write(shard, sql, nullptr); }

Answer<std::uint64_t> Backend::write(int shard, const std::string& sql, std::uint64_t* insert_id) {
  TRY_VALUE(Server * server, writer(shard));
  if (!held_time_.empty()) TRY(execute_on(*server, "SET timestamp = " + held_time_));
  const auto done = execute_on(*server, comment() + sql);
  if (!held_time_.empty()) TRY(execute_on(*server, "SET timestamp = DEFAULT"));
  TRY_VALUE(const std::uint64_t affected, done);
  if (insert_id != nullptr) {
    TRY_VALUE(const mysql::Table id, query_on(*server, "SELECT LAST_INSERT_ID() AS id"));
    const std::string_view text = id.rows.empty() ? std::string_view{} : id.text(0, "id");
    std::from_chars(text.data(), text.data() + text.size(), *insert_id);
  }
  return affected;
}

Backend::TimeGuard Backend::hold_time(bool hold) {
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  return {held_time_, hold ? fmt::format("{}.{:06}", now / 1'000'000, now % 1'000'000) : std::string()};
}

Answer<void> Backend::execute(int shard, const std::string& sql) {
  TRY_VALUE(Server * server, idle(shard));
  TRY(execute_on(*server, sql));
  return {};
}

Answer<void> Backend::setting(const std::string& sql) {
  // Tried on shard 0 first, so that a refused setting is not kept.
  TRY(execute(0, sql));
  for (const auto& server : servers_)
    if (!server->in_branch) TRY(execute_on(*server, sql));
  settings_.push_back(sql);
  return {};
}

void Backend::begin() {
  in_transaction_ = true;
  lost_ = false;
  transaction_id_ = 0;
  trace_ = shared_.next_id();
  trace_count_ = 0;
}

Answer<void> Backend::commit_xa() {
  Branch& primary = branches_[0];
  const std::string log = fmt::format(
      "INSERT INTO `__drds_global_tx_log` (`TXID`, `START_TIME`, `TYPE`, `STATE`, `TIMEOUT`, `SERVER_ADDR`, `CONTEXT`) "
      "VALUES "
      "({}, {}, 'XA', 'COMMIT', NULL, '{}', '{{\"isolation\":null}}')",
      transaction_id_, base::SystemClock::instance().now_ms(), shared_.address());
  TRY(execute_on(*primary.server, comment() + log));
  for (std::size_t i = 1; i < branches_.size(); ++i) {
    TRY(execute_on(*branches_[i].server, "XA END " + branches_[i].xid));
    TRY(execute_on(*branches_[i].server, "XA PREPARE " + branches_[i].xid));
  }
  TRY(execute_on(*primary.server, "COMMIT"));
  // Decided: from here on the others must follow. What can't be reached is decided by the next start.
  for (std::size_t i = 1; i < branches_.size(); ++i) {
    if (const auto done = execute_on(*branches_[i].server, "XA COMMIT " + branches_[i].xid); !done)
      base::log::error("branch {} stays prepared: {}", branches_[i].xid, done.error().text);
    branches_[i].server->in_branch = false;
  }
  primary.server->in_branch = false;
  branches_.clear();
  return {};
}

Answer<void> Backend::commit() {
  if (lost_ && in_transaction_ && !branches_.empty()) {
    rollback();
    return sql_fail(2013, "HY000",
                    "ERR-CODE: [TDDL-4604][ERR_TRANS_ABORTED] a storage connection was lost: rolled back");
  }
  Answer<void> result;
  const bool xa = branches_.size() > 1 && policy_ == Policy::xa;
  if (xa) {
    result = commit_xa();
  } else {
    for (Branch& b : branches_) {
      if (result)
        if (auto done = execute_on(*b.server, "COMMIT"); !done) result = std::unexpected(done.error());
    }
  }
  if (!result) {
    rollback();
    return result;
  }
  for (Branch& b : branches_) b.server->in_branch = false;
  branches_.clear();
  in_transaction_ = false;
  trace_ = 0;
  return {};
}

void Backend::rollback() {
  for (Branch& b : branches_) {
    // A refusal only means that the branch is already in the state wanted, or that its connection is gone.
    if (b.xid.empty()) {
      (void)execute_on(*b.server, "ROLLBACK");
    } else {
      (void)execute_on(*b.server, "XA END " + b.xid);
      (void)execute_on(*b.server, "XA ROLLBACK " + b.xid);
    }
    b.server->in_branch = false;
  }
  branches_.clear();
  in_transaction_ = false;
  trace_ = 0;
  drop_lost();
}

void Backend::abort() {
  const std::lock_guard lock(servers_mutex_);
  for (const auto& server : servers_) server->connection->abort();
}

}  // namespace tributary::lab
