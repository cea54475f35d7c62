// One client's way to the storage instances: connections opened when needed, and its transaction.
//
// A transaction's first written group is plain (BEGIN .. COMMIT); each further group is an XA branch
//   XA START 'drds-<txid hex>@<primary uid hex>','<GROUP>@<4-digit seq>',1 ... XA END, XA PREPARE
// then the primary commits with the row TXID in __drds_global_tx_log, then XA COMMIT on the others
// (XATransaction.java). Policies FREE, ALLOW_READ and NO_TRANSACTION use a plain local transaction in every group.
//
// Threads: the client's own, except abort().
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "front/answer.h"
#include "front/shared.h"

namespace tributary::lab {

enum class Policy : std::uint8_t { xa, plain };

class Backend {
 public:
  explicit Backend(Shared& shared);
  ~Backend();

  // Makes the trace id of the statement's comment; inside a transaction the id stays, its count goes on.
  void start_statement();

  // A read in one shard. Inside a transaction it sees the shard's own writes.
  Answer<mysql::Table> query(int shard, const std::string& sql);
  // A read that locks: part of the transaction if there is one.
  Answer<mysql::Table> query_locked(int shard, const std::string& sql);
  // A write, with the product's comment in front. Affected rows.
  Answer<std::uint64_t> write(int shard, const std::string& sql);
  // A write that leaves an AUTO_INCREMENT value in *insert_id.
  Answer<std::uint64_t> write(int shard, const std::string& sql, std::uint64_t* insert_id);
  // While the guard lives, NOW() and CURRENT_TIMESTAMP are the same for every write: copies must be equal.
  class TimeGuard {
   public:
    TimeGuard(std::string& held, std::string time) : held_(held) { held_ = std::move(time); }
    ~TimeGuard() { held_.clear(); }
    TimeGuard(const TimeGuard&) = delete;
    TimeGuard& operator=(const TimeGuard&) = delete;

   private:
    std::string& held_;
  };
  TimeGuard hold_time(bool hold);
  // DDL and settings, without comment and outside any transaction.
  Answer<void> execute(int shard, const std::string& sql);
  // Now and for each connection opened later.
  Answer<void> setting(const std::string& sql);

  const std::vector<std::string>& settings() const { return settings_; }

  bool in_transaction() const { return in_transaction_; }
  void begin();
  Answer<void> commit();
  void rollback();
  void set_policy(Policy policy) { policy_ = policy; }
  // Makes a blocked call of the client's thread fail.
  void abort();

 private:
  struct Server {
    std::unique_ptr<mysql::Connection> connection;
    int storage = 0;
    int shard = -1;  // whose database is selected
    bool in_branch = false;
  };
  struct Branch {
    int shard = 0;
    Server* server = nullptr;
    std::string xid;  // as written after XA START; empty: plain
  };

  Answer<Server*> idle(int shard);
  Answer<Server*> writer(int shard);
  Branch* branch(int shard);
  Answer<void> commit_xa();
  Answer<mysql::Table> query_on(Server& server, const std::string& sql);
  Answer<std::uint64_t> execute_on(Server& server, const std::string& sql);
  SqlError refused(Server& server, const base::Error& error);
  void drop_lost();
  std::string comment();

  Shared& shared_;
  std::mutex servers_mutex_;  // the list, for abort()
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::string> settings_;
  Policy policy_ = Policy::xa;
  bool in_transaction_ = false;
  std::vector<Branch> branches_;  // the first is the primary
  std::uint64_t transaction_id_ = 0;
  std::uint64_t trace_ = 0;
  int trace_count_ = 0;
  std::string held_time_;  // seconds.microseconds; empty: each server's own
  bool lost_ = false;      // a connection broke inside the transaction
};

}  // namespace tributary::lab
