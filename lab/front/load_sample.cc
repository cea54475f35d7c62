#include "front/load_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "front/load_wide.h"
#include "front/token.h"

namespace tributary::lab {

using base::Error;
using base::Result;

namespace {

constexpr std::uint64_t batch_rows = 2000;
constexpr std::uint64_t region_rows = 32, config_rows = 20;
constexpr std::array<std::string_view, 5> statuses = {"new", "paid", "packed", "sent", "returned"};
constexpr std::array<std::string_view, 12> words = {"river", "Tal",   "café",       "北京",  "stone",  "O\\'Hara",
                                                    "ñandú", "light", "tab\\there", "Größe", "🚲 bike", "plain"};

std::string words_of(Random& random, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    if (i > 0) out += ' ';
    out += words[random.below(words.size())];
  }
  return out;
}

// Any second of 2023 to 2025.
std::string moment(Random& random) {
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02}", random.between(2023, 2025), random.between(1, 12),
                     random.between(1, 28), random.between(0, 23), random.between(0, 59), random.between(0, 59));
}

std::string customer_code(std::uint64_t number) {
  return fmt::format("C-{:06}-{}", number, number % 7 == 0 ? "ü" : "x");
}

std::string row_of(const std::string& table, std::uint64_t id, Random& random, bool with_json) {
  if (table == "orders") return order_values(id, random);
  if (table == "order_items") return order_item_values((id + 2) / 3, static_cast<int>((id + 2) % 3) + 1, random);
  if (table == "user_log") return user_log_values(id, random);
  if (table == "customer" || table == "customer_0")
    return fmt::format("('{}', '{}', {}, {})", customer_code(id), words_of(random, 2),
                       random.chance(10) ? "NULL" : fmt::format("'mail{}@example.org'", id), random.between(0, 100000));
  if (table == "audit_note")
    return fmt::format("('user{}', {}, '{}')", random.below(500),
                       random.chance(20) ? "NULL" : "'" + words_of(random, 6) + "'", moment(random));
  if (table == "region") return fmt::format("({}, '{} {}', {})", id, words_of(random, 1), id, random.between(-11, 14));
  if (table == "config") return fmt::format("('key.{}', '{}', '{}')", id, words_of(random, 3), moment(random));
  return wide_values(id, random, with_json);
}

std::string columns_of(const std::string& table, bool with_json) {
  if (table == "orders") return std::string(order_columns);
  if (table == "order_items") return std::string(order_item_columns);
  if (table == "user_log") return std::string(user_log_columns);
  if (table == "customer" || table == "customer_0") return "(code, name, email, points)";
  if (table == "audit_note") return "(author, note, noted_at)";
  if (table == "region") return "(id, name, utc_offset)";
  if (table == "config") return "(name, value, changed_at)";
  return wide_columns(with_json);
}

bool is_json_version(std::string_view version) {
  return version.find("MariaDB") != std::string_view::npos ||
         !(version.starts_with("5.5") || version.starts_with("5.6"));
}

}  // namespace

std::string order_values(std::uint64_t id, Random& random) {
  return fmt::format("({}, '{}', '{}', {}.{:02}, {}, '{}', '{}.{:03}')", id, customer_code(random.between(1, 5000)),
                     statuses[random.below(statuses.size())], random.between(0, 99999), random.between(0, 99),
                     random.chance(15) ? "NULL" : "'" + words_of(random, static_cast<int>(random.between(1, 8))) + "'",
                     moment(random), moment(random), random.between(0, 999));
}

std::string order_item_values(std::uint64_t order_id, int line, Random& random) {
  return fmt::format("({}, {}, {}, {}, {}.{:02})", order_id, line, random.between(1, 9999), random.between(1, 20),
                     random.between(0, 999), random.between(0, 99));
}

std::string user_log_values(std::uint64_t id, Random& random) {
  return fmt::format("({}, {}, '{}', '{}', {})", id, random.between(1, 20000), moment(random),
                     words[random.below(words.size())], random.chance(30) ? "NULL" : "'" + words_of(random, 5) + "'");
}

std::vector<std::string> sample_schema(std::string_view storage_version) {
  const std::string options = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
  return {
      "CREATE TABLE orders (id BIGINT NOT NULL AUTO_INCREMENT, customer_code VARCHAR(32) NOT NULL, "
      "status ENUM('new','paid','packed','sent','returned') NOT NULL DEFAULT 'new', amount DECIMAL(12,2) NOT NULL, "
      "note VARCHAR(200) NULL, "
      "created_at DATETIME NOT NULL, updated_at TIMESTAMP(3) NULL, PRIMARY KEY (id), KEY by_customer (customer_code))" +
          options + " COMMENT='orders; split by id' dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2",
      "CREATE TABLE order_items (order_id BIGINT NOT NULL, line_no INT NOT NULL, product_id INT NOT NULL, quantity "
      "SMALLINT UNSIGNED NOT NULL, "
      "price DECIMAL(10,2) NOT NULL, PRIMARY KEY (order_id, line_no))" +
          options + " dbpartition by hash(order_id) tbpartition by hash(product_id) tbpartitions 3",
      "CREATE TABLE user_log (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id BIGINT NOT NULL, log_date "
      "DATETIME NOT NULL, "
      "action VARCHAR(40) NOT NULL, detail TEXT NULL)" +
          options + " dbpartition by hash(user_id) tbpartition by WEEK(log_date) tbpartitions 7",
      "CREATE TABLE region (id INT NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, utc_offset TINYINT NOT NULL)" +
          options + " broadcast",
      "CREATE TABLE config (name VARCHAR(60) NOT NULL PRIMARY KEY, value TEXT NULL, changed_at DATETIME NOT NULL)" +
          options,
      "CREATE TABLE audit_note (author VARCHAR(40) NOT NULL, note VARCHAR(500) NULL, noted_at DATETIME NOT NULL)" +
          options + " dbpartition by hash(author)",
      "CREATE TABLE customer (code VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, email VARCHAR(100) "
      "NULL, points INT NOT NULL)" +
          options + " dbpartition by hash(code) tbpartition by hash(code) tbpartitions 2",
      "CREATE TABLE customer_0 (code VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, email VARCHAR(100) "
      "NULL, points INT NOT NULL)" +
          options + " dbpartition by hash(code)",
      wide_schema(is_json_version(storage_version)) + options +
          " dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2",
      "CREATE GLOBAL INDEX g_customer_email ON customer (email) COVERING (points) dbpartition by hash(email)",
  };
}

std::vector<SampleTable> sample_plan(std::uint64_t rows) {
  std::vector<SampleTable> out = {{"region", region_rows},        {"config", config_rows},
                                  {"customer", rows * 4 / 100},   {"customer_0", rows / 100},
                                  {"audit_note", rows * 5 / 100}, {"wide_types", rows * 2 / 100},
                                  {"user_log", rows * 20 / 100},  {"order_items", rows * 30 / 100}};
  out[5].rows = std::max(out[5].rows, wide_edge_rows);
  std::uint64_t sum = 0;
  for (const auto& table : out) sum += table.rows;
  out.push_back({"orders", rows > sum ? rows - sum : 0});
  return out;
}

std::string sample_insert(const std::string& table, std::uint64_t seed, std::uint64_t first, std::uint64_t last,
                          bool with_json) {
  std::string out = fmt::format("INSERT INTO {} {} VALUES ", table, columns_of(table, with_json));
  for (std::uint64_t id = first; id < last; ++id) {
    Random random(seed, table, id);
    if (id > first) out += ", ";
    out += row_of(table, id, random, with_json);
  }
  return out;
}

Result<bool> storage_has_json(mysql::Connection& front) {
  TRY_VALUE(const std::string version, front.scalar("/*+TDDL:node(0)*/ SELECT @@version"));
  return is_json_version(version);
}

Result<std::vector<SampleTable>> load_sample(const mysql::Endpoint& front, std::uint64_t rows, std::uint64_t seed,
                                             int connections) {
  TRY_VALUE(mysql::Connection first, mysql::Connection::open(front));
  TRY_VALUE(const std::string version, first.scalar("/*+TDDL:node(0)*/ SELECT @@version"));
  for (const auto& statement : sample_schema(version)) TRY(first.execute(statement));

  struct Batch {
    std::string table;
    std::uint64_t first, last;
  };
  const auto plan = sample_plan(rows);
  std::vector<Batch> batches;
  for (const auto& table : plan) {
    // The table of all types has wide rows: smaller statements.
    const std::uint64_t step = table.name == "wide_types" ? batch_rows / 10 : batch_rows;
    for (std::uint64_t at = 1; at <= table.rows; at += step)
      batches.push_back({table.name, at, std::min(at + step, table.rows + 1)});
  }
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failed;  // guarded by mutex
  const auto work = [&]() -> base::Status {
    TRY_VALUE(mysql::Connection server, mysql::Connection::open(front));
    // A bulk load needs no distributed transactions; zero dates are among the edge values.
    TRY(server.execute("SET drds_transaction_policy = 'FREE'"));
    TRY(server.execute("SET sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00'"));
    for (std::size_t at = next++; at < batches.size(); at = next++) {
      const Batch& batch = batches[at];
      if (auto done =
              server.execute(sample_insert(batch.table, seed, batch.first, batch.last, is_json_version(version)));
          !done)
        return base::fail(std::move(done.error()).in(batch.table + ", "));
    }
    return {};
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < connections; ++i)
    threads.emplace_back([&] {
      auto done = work();
      if (done) return;
      next = batches.size();
      const std::lock_guard lock(mutex);
      if (!failed) failed = std::move(done.error());
    });
  for (auto& thread : threads) thread.join();
  if (failed) return base::fail(std::move(*failed));
  return plan;
}

}  // namespace tributary::lab
