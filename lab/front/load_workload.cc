#include "front/load_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "front/load_sample.h"
#include "front/load_wide.h"

namespace tributary::lab {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;
using std::chrono::steady_clock;

namespace {

constexpr double statements_per_worker = 800;  // what one connection through the front does with ease
constexpr std::size_t workers_max = 4;
constexpr unsigned deadlock = 1213, lock_timeout = 1205;

std::uint64_t number(std::string_view text) {
  std::uint64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// Sends statements no faster than its share of the rate.
class Pacer {
 public:
  Pacer(double rate, double seconds, const std::atomic<bool>& stop)
      : stop_(stop), step_(1 / rate), start_(steady_clock::now()), end_(start_ + to_ticks(seconds)) {}

  // Waits for the turn of the statement after `sent` ones; false when the time is over.
  bool wait(std::uint64_t sent) {
    const auto turn = start_ + to_ticks(step_ * static_cast<double>(sent));
    if (turn >= end_ || stop_) return false;
    std::this_thread::sleep_until(turn);
    return steady_clock::now() < end_ && !stop_;
  }

 private:
  static steady_clock::duration to_ticks(double seconds) {
    return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>(seconds));
  }
  const std::atomic<bool>& stop_;
  const double step_;
  const steady_clock::time_point start_, end_;
};

class Worker {
 public:
  Worker(mysql::Connection server, const WorkloadOptions& options, std::size_t index, std::size_t workers, Pacer pacer)
      : server_(std::move(server)),
        random_(options.seed, "workload", index),
        index_(index),
        workers_(workers),
        pacer_(std::move(pacer)) {}

  Status prepare();
  Status run();
  const WorkloadCounts& counts() const { return counts_; }

 private:
  Status step();
  Status insert_order();
  Status update_order();
  Status delete_order();
  Status move_order();
  Status transaction(bool commit);
  Status change_other();
  Status send(const std::string& sql, std::uint64_t WorkloadCounts::*counted);
  std::uint64_t fresh_id() { return next_id_ += workers_; }
  std::uint64_t some_order() { return orders_[random_.below(orders_.size())]; }
  std::uint64_t take_order();

  mysql::Connection server_;
  Random random_;
  const std::size_t index_, workers_;
  Pacer pacer_;
  WorkloadCounts counts_;
  std::vector<std::uint64_t> orders_;  // alive, and this worker's
  std::uint64_t next_id_ = 0;
  std::uint64_t wide_rows_ = 0;
  bool with_json_ = false;
};

Status Worker::prepare() {
  TRY_VALUE(const mysql::Table tables, server_.query("SHOW TABLES"));
  for (const auto name :
       {"orders", "order_items", "user_log", "region", "config", "audit_note", "wide_types", "customer"})
    if (std::none_of(tables.rows.begin(), tables.rows.end(), [&](const auto& row) { return row[0] == name; }))
      return base::fail(ErrorCode::source_table_missing, fmt::format("{}: make the sample with --sample", name));
  TRY(server_.execute("SET sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00'"));
  TRY_VALUE(const mysql::Table ids, server_.query("SELECT id FROM orders ORDER BY id LIMIT 20000"));
  for (std::size_t i = index_; i < ids.rows.size(); i += workers_) orders_.push_back(number(*ids.rows[i][0]));
  TRY_VALUE(const mysql::Table largest, server_.query("SELECT MAX(id) AS a FROM orders"));
  TRY_VALUE(const mysql::Table log, server_.query("SELECT MAX(id) AS a FROM user_log"));
  TRY_VALUE(const std::string wide, server_.scalar("SELECT COUNT(*) FROM wide_types"));
  next_id_ = std::max(number(largest.text(0, "a")), number(log.text(0, "a"))) + 1 + index_;
  wide_rows_ = number(wide);
  TRY_VALUE(with_json_, storage_has_json(server_));
  return {};
}

Status Worker::send(const std::string& sql, std::uint64_t WorkloadCounts::*counted) {
  TRY(server_.execute(sql));
  ++(counts_.*counted);
  return {};
}

std::uint64_t Worker::take_order() {
  const std::size_t at = random_.below(orders_.size());
  const std::uint64_t id = orders_[at];
  orders_[at] = orders_.back();
  orders_.pop_back();
  return id;
}

Status Worker::insert_order() {
  const std::uint64_t id = fresh_id();
  TRY(send(fmt::format("INSERT INTO orders {} VALUES {}", order_columns, order_values(id, random_)),
           &WorkloadCounts::inserts));
  orders_.push_back(id);
  return {};
}

Status Worker::update_order() {
  const std::uint64_t id = some_order();
  return send(
      fmt::format("UPDATE orders SET status = {}, amount = amount + {}.25, updated_at = '2026-01-{:02} 00:00:00.{:03}' "
                  "WHERE id = {}",
                  random_.between(1, 5), random_.between(0, 9), random_.between(1, 28), random_.between(0, 999), id),
      &WorkloadCounts::updates);
}

Status Worker::delete_order() {
  return send(fmt::format("DELETE FROM orders WHERE id = {}", take_order()), &WorkloadCounts::deletes);
}

Status Worker::move_order() {
  const std::uint64_t from = take_order(), to = fresh_id();
  TRY(send(fmt::format("UPDATE orders SET id = {}, note = 'moved' WHERE id = {}", to, from),
           &WorkloadCounts::shard_key_updates));
  orders_.push_back(to);
  return {};
}

// An order with its items, a change of another order and a log entry: rows on several shards of both servers.
Status Worker::transaction(bool commit) {
  const std::uint64_t id = fresh_id(), other = some_order();
  TRY(server_.execute("BEGIN"));
  TRY(send(fmt::format("INSERT INTO orders {} VALUES {}", order_columns, order_values(id, random_)),
           &WorkloadCounts::inserts));
  std::string items;
  for (int line = 1; line <= 3; ++line) items += (line == 1 ? "" : ", ") + order_item_values(id, line, random_);
  TRY(send(fmt::format("INSERT INTO order_items {} VALUES {}", order_item_columns, items), &WorkloadCounts::inserts));
  TRY(send(fmt::format("UPDATE orders SET note = 'with {}' WHERE id = {}", id, other), &WorkloadCounts::updates));
  TRY(send(fmt::format("INSERT INTO user_log {} VALUES {}", user_log_columns, user_log_values(id, random_)),
           &WorkloadCounts::inserts));
  TRY(server_.execute(commit ? "COMMIT" : "ROLLBACK"));
  ++(commit ? counts_.transactions : counts_.rollbacks);
  if (commit) orders_.push_back(id);
  return {};
}

Status Worker::change_other() {
  switch (random_.below(8)) {
    case 0:
      return send(fmt::format("UPDATE region SET utc_offset = {} WHERE id = {}", random_.between(-11, 14),
                              random_.between(1, 32)),
                  &WorkloadCounts::updates);
    case 1:
      return send(
          fmt::format(
              "REPLACE INTO config (name, value, changed_at) VALUES ('key.{}', 'value {}', '2026-02-03 04:05:06')",
              random_.between(1, 30), random_.below(1000)),
          &WorkloadCounts::inserts);
    case 2:
      return send(
          fmt::format(
              "INSERT INTO audit_note (author, note, noted_at) VALUES ('user{}', 'seen', '2026-03-04 05:06:07')",
              random_.below(500)),
          &WorkloadCounts::inserts);
    case 3:
      return send(fmt::format("DELETE FROM audit_note WHERE author = 'user{}' AND note = 'seen'", random_.below(500)),
                  &WorkloadCounts::deletes);
    case 4: {  // the whole row anew
      const std::uint64_t id = 1 + random_.below(std::max<std::uint64_t>(wide_rows_, 1));
      return send(fmt::format("REPLACE INTO wide_types {} VALUES {}", wide_columns(with_json_),
                              wide_values(id, random_, with_json_)),
                  &WorkloadCounts::inserts);
    }
    case 5:  // a log entry goes to another day's table
      return send(fmt::format("UPDATE user_log SET log_date = '2025-06-{:02} 12:00:00' WHERE id = {}",
                              random_.between(1, 30), random_.between(1, 5000)),
                  &WorkloadCounts::shard_key_updates);
    case 6:
      return send(
          fmt::format("UPDATE customer SET email = 'new{}@example.org', points = points + 1 WHERE code = 'C-{:06}-x'",
                      random_.below(100000), random_.between(1, 5000)),
          &WorkloadCounts::updates);
    default:
      return send(fmt::format("UPDATE order_items SET quantity = {} WHERE order_id = {}", random_.between(1, 20),
                              random_.between(1, 5000)),
                  &WorkloadCounts::updates);
  }
}

Status Worker::step() {
  const std::uint64_t kind = random_.below(100);
  if (orders_.size() < 10 || kind < 30) return insert_order();
  if (kind < 60) return update_order();
  if (kind < 68) return delete_order();
  if (kind < 73) return move_order();
  if (kind < 81) return transaction(true);
  if (kind < 84) return transaction(false);
  return change_other();
}

Status Worker::run() {
  while (pacer_.wait(counts_.statements())) {
    auto done = step();
    if (done) continue;
    // Deadlocks belong to the workload; the front may hold a broken transaction.
    const unsigned refused = server_.server_errno();
    if (refused != deadlock && refused != lock_timeout) return done;
    ++counts_.retries;
    TRY(server_.execute("ROLLBACK"));
  }
  return {};
}

}  // namespace

WorkloadCounts& WorkloadCounts::operator+=(const WorkloadCounts& other) {
  inserts += other.inserts;
  updates += other.updates;
  deletes += other.deletes;
  shard_key_updates += other.shard_key_updates;
  transactions += other.transactions;
  rollbacks += other.rollbacks;
  retries += other.retries;
  return *this;
}

Result<WorkloadCounts> run_workload(const mysql::Endpoint& front, const WorkloadOptions& options,
                                    const std::atomic<bool>& stop) {
  const auto wanted = static_cast<std::size_t>(options.rate / statements_per_worker) + 1;
  const std::size_t workers = std::min(wanted, workers_max);
  std::vector<std::unique_ptr<Worker>> all;
  for (std::size_t i = 0; i < workers; ++i) {
    TRY_VALUE(mysql::Connection server, mysql::Connection::open(front));
    all.push_back(std::make_unique<Worker>(std::move(server), options, i, workers,
                                           Pacer(options.rate / static_cast<double>(workers), options.seconds, stop)));
    TRY(all.back()->prepare());
  }
  std::mutex mutex;
  std::optional<Error> failed;  // guarded by mutex
  std::vector<std::thread> threads;
  for (auto& worker : all)
    threads.emplace_back([&] {
      if (auto done = worker->run(); !done) {
        const std::lock_guard lock(mutex);
        if (!failed) failed = std::move(done.error());
      }
    });
  for (auto& thread : threads) thread.join();
  if (failed) return base::fail(std::move(*failed));
  WorkloadCounts out;
  for (const auto& worker : all) out += worker->counts();
  return out;
}

}  // namespace tributary::lab
