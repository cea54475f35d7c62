#include "bench/orders.h"

#include <fmt/format.h>

#include <array>
#include <mutex>
#include <optional>
#include <thread>

namespace tributary::bench {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

constexpr std::uint64_t rows_per_insert = 1000, rows_per_transaction = 20'000;

constexpr std::string_view table_definition = R"sql(
  id bigint NOT NULL PRIMARY KEY, user_id int NOT NULL, shop_id int NOT NULL, status tinyint NOT NULL,
  price decimal(12,2) NOT NULL, discount decimal(10,4) NOT NULL, buyer varchar(64) NOT NULL, sku varchar(32) NOT NULL,
  address varchar(200) NOT NULL, remark varchar(255) NOT NULL, created datetime NOT NULL, updated datetime(3) NOT NULL,
  KEY user_id (user_id)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4)sql";

constexpr std::array<std::string_view, 32> words = {
    "river",  "stone",   "north", "garden",  "please",    "call",    "before",  "delivery",
    "second", "floor",   "left",  "door",    "gift",      "wrapped", "blue",    "paper",
    "street", "avenue",  "block", "unit",    "market",    "harbour", "morning", "evening",
    "return", "weekday", "only",  "fragile", "neighbour", "office",  "station", "bridge"};

class Random {  // splitmix64
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }

 private:
  std::uint64_t state_;
};

// A house number and words, cut at exactly `length`.
void append_words(std::string& out, Random& random, std::size_t length) {
  const std::size_t end = out.size() + length;
  out += std::to_string(random.below(10'000));
  while (out.size() < end) {
    out += ' ';
    out += words[random.below(words.size())];
  }
  out.resize(end);
  if (out.back() == ' ') out.back() = '.';  // a trailing space would be part of the value, but invisible
}

Status load_server(const Lab& lab, const std::string& database, std::size_t server, std::uint64_t rows,
                   const StopCheck& stop) {
  const std::size_t servers = lab.admins().size();
  TRY_VALUE(mysql::Connection connection, mysql::Connection::open(lab.admins()[server]));
  const std::string name = physical_database(database, server);
  TRY(connection.execute("SET unique_checks = 0, foreign_key_checks = 0"));
  const std::string insert = fmt::format("INSERT INTO {}.orders VALUES ", name);
  std::string sql;
  std::uint64_t in_transaction = 0;
  for (std::uint64_t id = server == 0 ? servers : server; id <= rows;) {
    if (stop()) return fail(ErrorCode::cancelled);
    sql = insert;
    if (in_transaction == 0) TRY(connection.execute("START TRANSACTION"));
    for (std::uint64_t i = 0; i < rows_per_insert && id <= rows; ++i, ++in_transaction, id += servers) {
      if (i > 0) sql += ',';
      append_row(sql, id);
    }
    TRY(connection.execute(sql));
    if (in_transaction < rows_per_transaction && id <= rows) continue;
    TRY(connection.execute("COMMIT"));
    in_transaction = 0;
  }
  // The optimiser's guesses steer the plan of a snapshot; a table that was there for a while has them.
  TRY(connection.query(fmt::format("ANALYZE NO_WRITE_TO_BINLOG TABLE {}.orders", name)));
  return {};
}

}  // namespace

std::string physical_database(const std::string& database, std::size_t server) {
  return fmt::format("{}_{}", database, server);
}

std::size_t append_row(std::string& sql, std::uint64_t id) {
  Random random(id);
  const std::size_t begin = sql.size();
  const auto day = [&] {
    return fmt::format("{:04}-{:02}-{:02}", 2019 + random.below(6), 1 + random.below(12), 1 + random.below(28));
  };
  const auto clock = [&] {
    return fmt::format("{:02}:{:02}:{:02}", random.below(24), random.below(60), random.below(60));
  };
  fmt::format_to(std::back_inserter(sql), "({},{},{},{},{}.{:02},{}.{:04},'", id, random.below(10'000'000),
                 random.below(50'000), random.below(8), random.below(100'000), random.below(100), random.below(100),
                 random.below(10'000));
  append_words(sql, random, 12 + random.below(17));
  fmt::format_to(std::back_inserter(sql), "','SKU-{:012}','", random.below(1'000'000'000'000));
  append_words(sql, random, 42 + random.below(43));
  sql += "','";
  append_words(sql, random, 42 + random.below(43));
  sql += fmt::format("','{} {}','{} {}.{:03}')", day(), clock(), day(), clock(), random.below(1000));
  constexpr std::size_t punctuation = 2 + 11 + 6 * 2;  // parentheses, commas, quotes
  return sql.size() - begin - punctuation;
}

Status make_table(const Lab& lab, const std::string& database) {
  for (std::size_t server = 0; server < lab.admins().size(); ++server) {
    TRY_VALUE(mysql::Connection connection, mysql::Connection::open(lab.admins()[server]));
    const std::string name = physical_database(database, server);
    TRY(connection.execute("CREATE DATABASE " + name));
    TRY(connection.execute(fmt::format("CREATE TABLE {}.orders ({}", name, table_definition)));
  }
  return {};
}

Status load_rows(const Lab& lab, const std::string& database, std::uint64_t rows, const StopCheck& stop) {
  std::mutex mutex;
  std::optional<Error> first;
  std::vector<std::thread> threads;
  for (std::size_t server = 0; server < lab.admins().size(); ++server) {
    threads.emplace_back([&, server] {
      if (Status loaded = load_server(lab, database, server, rows, stop); !loaded) {
        std::lock_guard lock(mutex);
        if (!first) first = std::move(loaded.error());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (first) return fail(std::move(*first));
  return {};
}

}  // namespace tributary::bench
