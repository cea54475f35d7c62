// The front over two real MariaDB servers: layout, routing, transactions and what the binlogs say about them.
#include "front/front.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "front/load_sample.h"
#include "front/load_workload.h"
#include "front/routing.h"
#include "front/test_servers.h"

namespace tributary::lab {
namespace {

using mysql::Connection;
using mysql::Table;

constexpr int databases_per_server = 2;
constexpr int shards = 2 * databases_per_server;

class FrontTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!testing::have_mariadb()) return;
    folder_ = fmt::format("/tmp/lab_front_{}", ::getpid());
    const std::string data = folder_ + "/prepared";
    const auto prepared = testing::prepare_data(data);
    ASSERT_TRUE(prepared) << prepared.error().message();
    for (int i = 0; i < 2; ++i) {
      auto server = testing::MariaServer::start(fmt::format("{}/{}", folder_, i), data, 100 + i);
      ASSERT_TRUE(server) << server.error().message();
      servers_.push_back(std::move(*server));
    }
    start();
  }
  static void TearDownTestSuite() {
    front_.reset();
    servers_.clear();
    std::filesystem::remove_all(folder_);
  }
  void SetUp() override {
    if (!front_)
      GTEST_SKIP() << "mariadbd or mariadb-install-db is not installed: the front is NOT tested against servers";
  }

  static void start() {
    FrontConfig config{.user = "app",
                       .password = "secret",
                       .database = "shop",
                       .databases_per_instance = databases_per_server,
                       .state_dir = folder_ + "/state"};
    for (const auto& server : servers_) config.storage.push_back({"127.0.0.1", server.endpoint().port, "root", ""});
    auto started = start_front(config);
    ASSERT_TRUE(started) << started.error().message();
    front_ = std::move(*started);
  }

  static mysql::Endpoint front_endpoint() {
    return {.host = "127.0.0.1", .port = front_->port(), .user = "app", .password = "secret", .database = "shop"};
  }
  static Connection open(const mysql::Endpoint& endpoint) {
    auto opened = Connection::open(endpoint);
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }
  static Connection client() { return open(front_endpoint()); }
  static Connection storage(int shard) {
    auto endpoint = servers_[static_cast<std::size_t>(shard / databases_per_server)].endpoint();
    endpoint.database = database(shard);
    return open(endpoint);
  }
  static std::string database(int shard) {
    return front_->databases()[static_cast<std::size_t>(shard / databases_per_server)]
                              [static_cast<std::size_t>(shard % databases_per_server)];
  }

  static void run(Connection& server, const std::string& sql) {
    const auto done = server.execute(sql);
    ASSERT_TRUE(done) << sql << ": " << done.error().message();
  }
  static Table query(Connection& server, const std::string& sql) {
    auto table = server.query(sql);
    EXPECT_TRUE(table) << sql << ": " << table.error().message();
    return table ? std::move(*table) : Table{};
  }
  // All cells in one text: "1,a;2,NULL".
  static std::string text(const Table& table) {
    std::string out;
    for (const auto& row : table.rows) {
      out += out.empty() ? "" : ";";
      for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : ",") + row[i].value_or("NULL");
    }
    return out;
  }
  static std::string text(Connection& server, const std::string& sql) { return text(query(server, sql)); }

  // (shard, physical table) of a logical table, from SHOW TOPOLOGY joined with SHOW DATASOURCES.
  static std::vector<std::pair<int, std::string>> places(Connection& front, const std::string& table) {
    std::map<std::string, std::string> groups;
    const Table sources = query(front, "SHOW DATASOURCES");
    for (std::size_t i = 0; i < sources.rows.size(); ++i)
      groups[std::string(sources.text(i, "GROUP"))] =
          sources.text(i, "URL").substr(sources.text(i, "URL").rfind('/') + 1);
    std::vector<std::pair<int, std::string>> out;
    const Table topology = query(front, "SHOW TOPOLOGY FROM " + table);
    for (std::size_t i = 0; i < topology.rows.size(); ++i)
      for (int shard = 0; shard < shards; ++shard)
        if (groups[std::string(topology.text(i, "GROUP_NAME"))] == database(shard))
          out.emplace_back(shard, topology.text(i, "TABLE_NAME"));
    return out;
  }

  // Marks the binlogs' ends, then tells what was written behind the marks.
  struct Mark {
    std::string file, position;
  };
  static Mark mark(int server) {
    Connection at = storage(server * databases_per_server);
    const Table status = query(at, "SHOW MASTER STATUS");
    return {std::string(status.text(0, "File")), std::string(status.text(0, "Position"))};
  }
  static std::vector<std::string> events_since(int server, const Mark& from) {
    Connection at = storage(server * databases_per_server);
    const Table events = query(at, fmt::format("SHOW BINLOG EVENTS IN '{}' FROM {}", from.file, from.position));
    std::vector<std::string> out;
    for (std::size_t i = 0; i < events.rows.size(); ++i)
      out.push_back(std::string(events.text(i, "Event_type")) + " " + std::string(events.text(i, "Info")));
    return out;
  }

  static inline std::string folder_;
  static inline std::vector<testing::MariaServer> servers_;
  static inline std::unique_ptr<Front> front_;
};

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

std::size_t count_events(const std::vector<std::string>& events, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(events.begin(), events.end(), [&](const auto& e) { return e.find(part) != std::string::npos; }));
}

TEST_F(FrontTest, LetsOnlyTheRightPasswordIn) {
  auto wrong = front_endpoint();
  wrong.password = "guess";
  const auto refused = Connection::open(wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::ErrorCode::source_access_denied);
  EXPECT_NE(refused.error().what.find("1045"), std::string::npos);
  auto other = front_endpoint();
  other.database = "nosuch";
  EXPECT_EQ(Connection::open(other).error().code, base::ErrorCode::source_database_missing);
}

TEST_F(FrontTest, ShowsItselfAsPolarDbX10) {
  Connection front = client();
  EXPECT_EQ(front.server_version(), "5.6.29-TDDL-5.4.12-16327949");
  EXPECT_EQ(text(front, "SELECT VERSION(), @@version_comment, DATABASE(), 1"),
            "5.6.29-TDDL-5.4.12-16327949,Tddl Server (ALIBABA),shop,1");
  EXPECT_EQ(query(front, "SELECT @@version_comment LIMIT 1").columns, std::vector<std::string>{"@@version_comment"});
  EXPECT_EQ(query(front, "SHOW NODE").columns,
            (std::vector<std::string>{"ID", "NAME", "MASTER_READ_COUNT", "SLAVE_READ_COUNT", "MASTER_READ_PERCENT",
                                      "SLAVE_READ_PERCENT"}));
  const Table sources = query(front, "SHOW DATASOURCES");
  EXPECT_EQ(sources.columns, (std::vector<std::string>{"ID", "SCHEMA", "NAME", "GROUP", "URL", "USER", "TYPE", "INIT",
                                                       "MIN", "MAX", "IDLE_TIMEOUT", "MAX_WAIT", "ACTIVE_COUNT",
                                                       "POOLING_COUNT", "ATOM", "READ_WEIGHT", "WRITE_WEIGHT"}));
  ASSERT_EQ(sources.rows.size(), static_cast<std::size_t>(shards));
  for (int i = 0; i < shards; ++i) {
    const auto at = static_cast<std::size_t>(i);
    EXPECT_EQ(sources.text(at, "URL"), fmt::format("jdbc:mysql://127.0.0.1:{}/{}",
                                                   servers_[at / databases_per_server].endpoint().port, database(i)));
    EXPECT_TRUE(
        std::regex_match(std::string(sources.text(at, "GROUP")),
                         std::regex("SHOP_[0-9]{13}[0-9A-Z]{4}SHOP_[0-9A-Z]{4}_000" + std::to_string(i) + "_RDS")));
    EXPECT_TRUE(std::regex_match(database(i), std::regex("shop_[0-9a-z]{4}_000" + std::to_string(i))));
  }
}

TEST_F(FrontTest, AnswersABinlogDumpWithUnknownCommand) {
  Connection front = client();
  ASSERT_TRUE(front.start_dump({.at = {"mysql-bin.000001", 4}, .server_id = 9}));
  const auto event = front.read_event();
  ASSERT_FALSE(event);
  EXPECT_TRUE(std::regex_search(event.error().what,
                                std::regex("1047.*\\[[0-9a-f]+\\]\\[127.0.0.1:[0-9]+\\]\\[shop\\]Unknown command")))
      << event.error().what;
}

TEST_F(FrontTest, RefusesUnknownTablesWith1146) {
  Connection front = client();
  for (const auto sql :
       {"SELECT * FROM nosuch", "SHOW TOPOLOGY FROM nosuch", "INSERT INTO nosuch VALUES (1)", "UPDATE nosuch SET a = 1",
        "DELETE FROM nosuch", "SHOW CREATE TABLE nosuch", "TRUNCATE TABLE nosuch"}) {
    ASSERT_FALSE(front.query(sql)) << sql;
    EXPECT_EQ(front.server_errno(), 1146u) << sql;
  }
}

TEST_F(FrontTest, PutsEveryRowOfAHashTableWhereTheRuleSays) {
  Connection front = client();
  run(front,
      "CREATE TABLE hashed (id BIGINT NOT NULL PRIMARY KEY, note VARCHAR(20)) dbpartition by hash(id) tbpartition by "
      "hash(id) tbpartitions 3");
  std::string rows;
  for (int id = -50; id < 50; ++id) rows += fmt::format("{}({}, 'row {}')", rows.empty() ? "" : ", ", id, id);
  run(front, "INSERT INTO hashed VALUES " + rows);
  const auto all = places(front, "hashed");
  ASSERT_EQ(all.size(), static_cast<std::size_t>(shards * 3));
  std::size_t found = 0;
  for (std::size_t slot = 0; slot < all.size(); ++slot) {
    EXPECT_TRUE(std::regex_match(all[slot].second, std::regex(fmt::format("hashed_[0-9A-Za-z]{{4}}_{:02}", slot))));
    EXPECT_EQ(all[slot].first, static_cast<int>(slot) / 3);
    Connection server = storage(all[slot].first);
    for (const auto& row : query(server, "SELECT id FROM " + all[slot].second).rows) {
      EXPECT_EQ(static_cast<std::size_t>(std::abs(std::stoi(*row[0]))) % (shards * 3), slot);
      ++found;
    }
  }
  EXPECT_EQ(found, 100u);
  EXPECT_EQ(text(front, "SELECT note FROM hashed WHERE id = -7"), "row -7");
  EXPECT_EQ(text(front, "SHOW PARTITIONS FROM hashed"), "id");
  EXPECT_EQ(text(front, "SHOW RULE FROM hashed"), "0,hashed,0,id,hash,4,id,hash,3");
}

TEST_F(FrontTest, RestartsDateSuffixesInEveryShard) {
  Connection front = client();
  run(front,
      "CREATE TABLE logged (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, who BIGINT, day DATE) dbpartition by "
      "hash(who) tbpartition by WEEK(day) tbpartitions 7");
  std::string rows;
  for (int i = 0; i < 28; ++i) rows += fmt::format("{}({}, '2024-02-{:02}')", i == 0 ? "" : ", ", i % shards, i + 1);
  run(front, "INSERT INTO logged (who, day) VALUES " + rows);
  const auto all = places(front, "logged");
  ASSERT_EQ(all.size(), static_cast<std::size_t>(shards * 7));
  EXPECT_EQ(all[0].second, all[7].second);  // one name in two shards
  for (const auto& [shard, name] : all) {
    Connection server = storage(shard);
    const Table found = query(server, "SELECT DAYOFWEEK(day) % 7 AS slot, who FROM " + name);
    EXPECT_EQ(found.rows.size(), 1u);
    for (std::size_t i = 0; i < found.rows.size(); ++i) {
      EXPECT_EQ(std::string(found.text(i, "slot")), name.substr(name.size() - 1));
      EXPECT_EQ(std::string(found.text(i, "who")), std::to_string(shard));
    }
  }
  // BY GROUP numbers are unique over all shards.
  EXPECT_EQ(text(front, "SELECT COUNT(*), MIN(id), MAX(id) FROM logged"), "28,1,28");
}

TEST_F(FrontTest, KeepsSingleTablesInShardZeroWithEmptyTwins) {
  Connection front = client();
  run(front, "CREATE TABLE alone (id INT NOT NULL PRIMARY KEY AUTO_INCREMENT, v TEXT)");
  run(front, "INSERT INTO alone (v) VALUES ('x'), ('y')");
  EXPECT_EQ(places(front, "alone"), (std::vector<std::pair<int, std::string>>{{0, "alone"}}));
  for (int shard = 0; shard < shards; ++shard) {
    Connection server = storage(shard);
    EXPECT_EQ(text(server, "SELECT COUNT(*) FROM alone"), shard == 0 ? "2" : "0");
  }
  EXPECT_EQ(text(front, "SELECT LAST_INSERT_ID()"), "1");
}

TEST_F(FrontTest, CopiesBroadcastTablesToEveryShard) {
  Connection front = client();
  run(front,
      "CREATE TABLE everywhere (id INT NOT NULL PRIMARY KEY, at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), v "
      "INT) broadcast");
  run(front, "INSERT INTO everywhere (id, v) VALUES (1, 10), (2, 20)");
  run(front, "UPDATE everywhere SET v = v + 1 WHERE id = 2");
  EXPECT_EQ(places(front, "everywhere").size(), static_cast<std::size_t>(shards));
  Connection first = storage(0);
  const std::string wanted = text(first, "SELECT * FROM everywhere ORDER BY id");
  for (int shard = 1; shard < shards; ++shard) {
    Connection server = storage(shard);
    EXPECT_EQ(text(server, "SELECT * FROM everywhere ORDER BY id"), wanted);
  }
  EXPECT_EQ(text(front, "SELECT id, v FROM everywhere"), "1,10;2,21");
  EXPECT_NE(text(front, "SHOW BROADCASTS").find("everywhere"), std::string::npos);
}

TEST_F(FrontTest, GivesTablesWithoutAKeyAHiddenUniqueOne) {
  Connection front = client();
  run(front, "CREATE TABLE keyless (who VARCHAR(20), what TEXT) dbpartition by hash(who)");
  run(front, "INSERT INTO keyless VALUES ('a', '1'), ('b', '2'), ('c', '3'), ('d', '4'), ('e', NULL)");
  EXPECT_EQ(text(front, "SELECT * FROM keyless ORDER BY who"), "a,1;b,2;c,3;d,4;e,NULL");
  EXPECT_EQ(text(front, "SHOW CREATE TABLE keyless").find("_drds_implicit"), std::string::npos);
  std::set<std::string> ids;
  for (const auto& [shard, name] : places(front, "keyless")) {
    EXPECT_TRUE(std::regex_match(name, std::regex("keyless_[0-9A-Za-z]{4}")));
    Connection server = storage(shard);
    for (const auto& row : query(server, "SELECT _drds_implicit_id_, who FROM " + name).rows) {
      ids.insert(*row[0]);
      EXPECT_EQ(hash_magnitude({false, *row[1]}, false) % shards, static_cast<std::uint64_t>(shard));
    }
  }
  EXPECT_EQ(ids.size(), 5u);
}

TEST_F(FrontTest, CommitsOverShardsAsOnePlainPrimaryAndXaBranches) {
  Connection front = client();
  run(front, "CREATE TABLE spread (id BIGINT NOT NULL PRIMARY KEY, v INT) dbpartition by hash(id)");
  const Mark marks[2] = {mark(0), mark(1)};
  run(front, "BEGIN");
  run(front, "INSERT INTO spread VALUES (1, 10)");  // shard 1: the primary
  run(front, "INSERT INTO spread VALUES (0, 20), (3, 30)");
  run(front, "UPDATE spread SET v = 21 WHERE id = 0");
  run(front, "COMMIT");
  EXPECT_EQ(text(front, "SELECT id, v FROM spread ORDER BY id"), "0,21;1,10;3,30");

  // Server 0 holds shards 0 and 1: one branch and the primary.
  const auto first = events_since(0, marks[0]), second = events_since(1, marks[1]);
  std::set<std::string> transactions;
  std::vector<std::string> qualifiers;
  for (const auto& events : {first, second}) {
    for (const auto& event : events) {
      std::smatch xid;
      if (!std::regex_search(event, xid, std::regex("XA START X'([0-9a-f]+)',X'([0-9a-f]+)',1"))) continue;
      transactions.insert(from_hex(xid[1]));
      qualifiers.push_back(from_hex(xid[2]));
    }
  }
  ASSERT_EQ(transactions.size(), 1u);
  std::smatch parts;
  const std::string name = *transactions.begin();
  ASSERT_TRUE(std::regex_match(name, parts, std::regex("drds-([0-9a-f]+)@([0-9a-f]+)"))) << name;
  ASSERT_EQ(qualifiers.size(), 2u);
  for (const auto& qualifier : qualifiers)
    EXPECT_TRUE(std::regex_match(qualifier, std::regex("SHOP_.*_000[03]_RDS@000[12]"))) << qualifier;
  for (const auto& events : {first, second}) {
    EXPECT_EQ(count_events(events, "XA_prepare"), 1u);
    EXPECT_EQ(count_events(events, "XA COMMIT"), 1u);
  }
  Connection primary = storage(1);
  EXPECT_EQ(text(primary, "SELECT TYPE, STATE FROM __drds_global_tx_log WHERE TXID = " +
                              std::to_string(std::stoull(parts[1], nullptr, 16))),
            "XA,COMMIT");
  EXPECT_EQ(count_events(first, "__drds_global_tx_log"), 2u);  // its statement and its table map
  EXPECT_EQ(count_events(first, "/*DRDS /127.0.0.1/"), 4u);    // insert, insert, update, log row
  // The primary commits before the branches do.
  const auto at = [&](const std::string& part) {
    return std::find_if(first.begin(), first.end(), [&](const auto& e) { return e.find(part) != std::string::npos; }) -
           first.begin();
  };
  EXPECT_LT(at("Xid COMMIT"), at("XA COMMIT"));
}

TEST_F(FrontTest, KeepsTransactionsOfOneShardLocal) {
  Connection front = client();
  run(front, "CREATE TABLE local (id BIGINT NOT NULL PRIMARY KEY, v INT) dbpartition by hash(id)");
  const Mark marks[2] = {mark(0), mark(1)};
  run(front, "BEGIN");
  run(front, "INSERT INTO local VALUES (4, 1)");
  run(front, "UPDATE local SET v = 2 WHERE id = 4");
  run(front, "COMMIT");
  EXPECT_EQ(count_events(events_since(0, marks[0]), "XA"), 0u);
  EXPECT_EQ(count_events(events_since(0, marks[0]), "__drds_global_tx_log"), 0u);
  EXPECT_TRUE(events_since(1, marks[1]).empty());
}

TEST_F(FrontTest, RollsBackEveryBranch) {
  Connection front = client();
  run(front, "CREATE TABLE undone (id BIGINT NOT NULL PRIMARY KEY) dbpartition by hash(id)");
  run(front, "INSERT INTO undone VALUES (5)");
  run(front, "BEGIN");
  run(front, "INSERT INTO undone VALUES (1), (2), (3), (4)");
  EXPECT_EQ(text(front, "SELECT COUNT(*) FROM undone"), "5");  // its own writes
  run(front, "ROLLBACK");
  EXPECT_EQ(text(front, "SELECT id FROM undone"), "5");
  // A statement over several shards is all or nothing too.
  EXPECT_FALSE(front.execute("INSERT INTO undone VALUES (6), (7), (5), (8)"));
  EXPECT_EQ(front.server_errno(), 1062u);
  EXPECT_EQ(text(front, "SELECT id FROM undone"), "5");
  for (int server = 0; server < 2; ++server) {
    Connection at = storage(server * databases_per_server);
    EXPECT_TRUE(query(at, "XA RECOVER").rows.empty());
  }
}

TEST_F(FrontTest, TakesOnlyARollbackAfterAHalfDoneWrite) {
  Connection front = client();
  run(front, "CREATE TABLE halfway (id BIGINT NOT NULL PRIMARY KEY) dbpartition by hash(id)");
  run(front, "INSERT INTO halfway VALUES (3)");
  run(front, "BEGIN");
  EXPECT_FALSE(front.execute("INSERT INTO halfway VALUES (0), (1), (2), (3)"));
  EXPECT_FALSE(front.execute("COMMIT"));
  run(front, "ROLLBACK");
  EXPECT_EQ(text(front, "SELECT id FROM halfway"), "3");
}

TEST_F(FrontTest, MovesARowWhoseShardKeyChanges) {
  Connection front = client();
  run(front,
      "CREATE TABLE moving (id BIGINT NOT NULL PRIMARY KEY, f FLOAT, b VARBINARY(9), n INT NULL) dbpartition by "
      "hash(id)");
  run(front, "INSERT INTO moving VALUES (0, 0.1, x'00ff27', NULL)");
  const Mark marks[2] = {mark(0), mark(1)};
  run(front, "UPDATE moving SET id = id + 3, n = 7 WHERE id = 0");
  EXPECT_EQ(text(front, "SELECT id, f, HEX(b), n FROM moving"), "3,0.1,00FF27,7");
  EXPECT_EQ(count_events(events_since(0, marks[0]), "DELETE FROM"), 1u);
  EXPECT_EQ(count_events(events_since(1, marks[1]), "INSERT INTO"), 1u);
  EXPECT_EQ(count_events(events_since(1, marks[1]), "XA START"), 1u);
  run(front, "UPDATE moving SET id = 7 WHERE id = 3");  // the same shard: an UPDATE
  EXPECT_EQ(count_events(events_since(1, marks[1]), "UPDATE `moving"), 1u);
}

TEST_F(FrontTest, KeepsGlobalIndexesInStep) {
  Connection front = client();
  run(front,
      "CREATE TABLE goods (id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT, sku VARCHAR(20), price DECIMAL(8,2), stock "
      "INT) dbpartition by hash(id)");
  run(front, "INSERT INTO goods (sku, price, stock) VALUES ('a', 1, 1), ('b', 2, 2), ('c', 3, 3)");
  run(front, "CREATE GLOBAL INDEX g_sku ON goods (sku) COVERING (price) dbpartition by hash(sku)");
  run(front, "INSERT INTO goods (sku, price, stock) VALUES ('d', 4, 4)");
  run(front, "UPDATE goods SET sku = 'bb' WHERE sku = 'b'");
  run(front, "DELETE FROM goods WHERE id = 1");
  run(front, "REPLACE INTO goods VALUES (3, 'cc', 33, 0)");
  run(front, "INSERT INTO goods VALUES (4, 'x', 0, 0) ON DUPLICATE KEY UPDATE price = 44");
  run(front, "UPDATE goods SET id = 1002 WHERE id = 2");
  const std::string wanted = text(front, "SELECT id, sku, price FROM goods ORDER BY id");
  EXPECT_EQ(wanted, "3,cc,33.00;4,d,44.00;1002,bb,2.00");
  EXPECT_EQ(text(front, "SELECT id, sku, price FROM g_sku ORDER BY id"), wanted);
  for (const auto& [shard, name] : places(front, "g_sku")) {
    Connection server = storage(shard);
    for (const auto& row : query(server, "SELECT sku FROM " + name).rows)
      EXPECT_EQ(hash_magnitude({false, *row[0]}, false) % shards, static_cast<std::uint64_t>(shard));
  }
  EXPECT_EQ(text(front, "SHOW GLOBAL INDEX FROM goods"),
            "shop,goods,1,g_sku,sku,id, price,NULL,sku,hash,4,,NULL,1,PUBLIC");
  EXPECT_EQ(text(front, "SHOW TABLES LIKE 'g\\_sku'"), "");
}

TEST_F(FrontTest, MergesShardsAsOneServerWouldAnswer) {
  Connection front = client();
  const std::string columns =
      "(id INT NOT NULL PRIMARY KEY, grp VARCHAR(10), n DECIMAL(10,2) NULL, e ENUM('z','a','m'))";
  run(front, "CREATE TABLE merged " + columns + " dbpartition by hash(id) tbpartition by hash(id) tbpartitions 2");
  run(front, "CREATE TABLE plain " + columns);
  Random random(20240229, "merge");  // seed
  std::string rows;
  for (int id = 0; id < 200; ++id)
    rows += fmt::format(
        "{}({}, '{}', {}, {})", id == 0 ? "" : ", ", id, std::vector{"a", "B", "ä-ö", "c", "Dd"}[random.below(5)],
        random.chance(20) ? "NULL" : fmt::format("{}.25", random.between(-50, 50)), random.between(1, 3));
  run(front, "INSERT INTO merged VALUES " + rows);
  run(front, "INSERT INTO plain VALUES " + rows);
  for (const std::string query :
       {"SELECT * FROM {} ORDER BY id", "SELECT id FROM {} ORDER BY n DESC, id LIMIT 7",
        "SELECT id, grp FROM {} ORDER BY grp, id DESC LIMIT 10, 20",
        "SELECT COUNT(*), SUM(n), MIN(n), MAX(n), COUNT(n) FROM {}",
        "SELECT COUNT(*) AS c, grp FROM {} WHERE n > 0 GROUP BY grp ORDER BY c DESC, grp",
        "SELECT DISTINCT e FROM {} ORDER BY e",
        "SELECT id FROM {} WHERE n BETWEEN 1 AND 9 ORDER BY e, n, 1 LIMIT 5 OFFSET 3",
        "SELECT x.id AS k FROM {} x WHERE x.id > 150 ORDER BY k DESC", "SELECT SUM(n) s FROM {} WHERE id < 0"}) {
    const auto at = query.find("{}");
    EXPECT_EQ(text(front, std::string(query).replace(at, 2, "merged")),
              text(front, std::string(query).replace(at, 2, "plain")))
        << query;
  }
}

TEST_F(FrontTest, CarriesPacketsOverSixteenMegabytesBothWays) {
  Connection front = client();
  run(front, "CREATE TABLE large (id INT NOT NULL PRIMARY KEY, v LONGTEXT) dbpartition by hash(id)");
  std::string value(20u << 20, 'x');
  for (std::size_t i = 0; i < value.size(); i += 1000) value[i] = static_cast<char>('a' + i / 1000 % 26);
  run(front, "INSERT INTO large VALUES (3, '" + value + "')");
  const Table found = query(front, "SELECT v FROM large WHERE id = 3");
  ASSERT_EQ(found.rows.size(), 1u);
  EXPECT_TRUE(found.rows[0][0] == value);
}

TEST_F(FrontTest, FollowsRoutingHints) {
  Connection front = client();
  run(front, "CREATE TABLE hinted (id INT NOT NULL PRIMARY KEY) dbpartition by hash(id)");
  run(front, "INSERT INTO hinted VALUES (0), (1), (2), (3)");
  const auto all = places(front, "hinted");
  const Table nodes = query(front, "SHOW NODE");
  EXPECT_EQ(text(front, "/*+TDDL:node(2)*/ SELECT id FROM " + all[2].second), "2");
  EXPECT_EQ(text(front, fmt::format("/*+TDDL:node('{}','{}')*/ SELECT id FROM {}", nodes.text(1, "NAME"),
                                    nodes.text(3, "NAME"), all[1].second)),
            "1;3");
  EXPECT_EQ(text(front, fmt::format("/*+TDDL({{'extra':{{'MERGE_UNION':'false'}},'type':'direct','vtab':'hinted','dbid'"
                                    ":'{}','realtabs':['{}']}})*/ select id from hinted",
                                    nodes.text(1, "NAME"), all[1].second)),
            "1");
  EXPECT_EQ(query(front, "/*+TDDL:scan()*/ SHOW TABLES LIKE 'hinted%'").rows.size(), static_cast<std::size_t>(shards));
  EXPECT_EQ(text(front, "/*+TDDL:slave()*/ SELECT id FROM hinted ORDER BY id"), "0;1;2;3");
}

TEST_F(FrontTest, ChangesEveryPhysicalTableByDdl) {
  Connection front = client();
  run(front, "CREATE TABLE altered (id INT NOT NULL PRIMARY KEY) dbpartition by hash(id)");
  run(front, "INSERT INTO altered VALUES (0), (1), (2), (3)");
  run(front, "ALTER TABLE altered ADD COLUMN v INT NOT NULL DEFAULT 5");
  run(front, "INSERT INTO altered VALUES (4, 6)");
  EXPECT_EQ(text(front, "SELECT * FROM altered ORDER BY id"), "0,5;1,5;2,5;3,5;4,6");
  run(front, "TRUNCATE TABLE altered");
  EXPECT_EQ(text(front, "SELECT COUNT(*) FROM altered"), "0");
  run(front, "SET enable_recyclebin = true");
  run(front, "DROP TABLE altered");
  EXPECT_TRUE(std::regex_search(text(front, "SHOW RECYCLEBIN"), std::regex("BIN_[0-9A-Z]{20},altered")));
  EXPECT_EQ(query(front, "/*+TDDL:scan()*/ SHOW TABLES LIKE 'BIN%'").rows.size(), static_cast<std::size_t>(shards));
  EXPECT_FALSE(front.query("SELECT * FROM altered"));
  EXPECT_FALSE(
      front.execute("CREATE TABLE broken (id INT NOT NULL PRIMARY KEY, x NOSUCHTYPE) dbpartition by hash(id)"));
  EXPECT_TRUE(query(front, "/*+TDDL:scan()*/ SHOW TABLES LIKE 'broken%'").rows.empty());
}

TEST_F(FrontTest, KnowsItsTablesAfterARestartAndDecidesPreparedBranches) {
  std::string name, group_committed, group_undone;
  {
    Connection front = client();
    run(front, "CREATE TABLE lasting (id BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT) dbpartition by hash(id)");
    run(front, "INSERT INTO lasting VALUES (), (), ()");
    name = places(front, "lasting")[0].second;
    const Table nodes = query(front, "SHOW NODE");
    group_committed = nodes.text(2, "NAME");
    group_undone = nodes.text(3, "NAME");
  }
  const auto databases = front_->databases();
  // Two branches as a front leaves them that dies: the first one's primary has committed, the second one's has not.
  {
    Connection primary = storage(0), committed = storage(2), undone = storage(3);
    run(primary,
        "INSERT INTO __drds_global_tx_log (TXID, START_TIME, TYPE, STATE, SERVER_ADDR, CONTEXT) VALUES (2748, 0, 'XA', "
        "'COMMIT', '', '')");
    for (auto& [server, xid, id] : {std::tuple{&committed, "'drds-abc@1','" + group_committed + "@0001',1", 102},
                                    std::tuple{&undone, "'drds-abd@1','" + group_undone + "@0001',1", 103}}) {
      run(*server, "XA START " + xid);
      run(*server, fmt::format("INSERT INTO {} VALUES ({})", name, id));
      run(*server, "XA END " + xid);
      run(*server, "XA PREPARE " + xid);
    }
  }
  front_->stop();
  start();
  EXPECT_EQ(front_->databases(), databases);
  Connection front = client();
  EXPECT_EQ(places(front, "lasting")[0].second, name);
  EXPECT_EQ(text(front, "SELECT id FROM lasting ORDER BY id"), "1;2;3;102");
  Connection server = storage(2);
  EXPECT_TRUE(query(server, "XA RECOVER").rows.empty());
  // Numbers go on behind the reserved range.
  run(front, "INSERT INTO lasting VALUES ()");
  EXPECT_EQ(text(front, "SELECT MAX(id) FROM lasting"), "100001");
}

TEST_F(FrontTest, LoadsTheSampleAndChangesIt) {
  const auto loaded = load_sample(front_endpoint(), 2000, 1, 2);
  ASSERT_TRUE(loaded) << loaded.error().message();
  Connection front = client();
  for (const auto& table : *loaded)
    EXPECT_EQ(text(front, "SELECT COUNT(*) FROM " + table.name), std::to_string(table.rows)) << table.name;
  EXPECT_EQ(text(front, "SELECT COUNT(*) FROM g_customer_email"), text(front, "SELECT COUNT(*) FROM customer"));
  std::atomic<bool> stop = false;
  const auto changed = run_workload(front_endpoint(), {.rate = 300, .seconds = 2, .seed = 1}, stop);
  ASSERT_TRUE(changed) << changed.error().message();
  for (const auto count : {changed->inserts, changed->updates, changed->deletes, changed->shard_key_updates,
                           changed->transactions, changed->rollbacks})
    EXPECT_GT(count, 0u);
  // Nothing was lost or doubled on the way: index and table agree, no branch is left.
  EXPECT_EQ(text(front, "SELECT code, email, points FROM g_customer_email ORDER BY code"),
            text(front, "SELECT code, email, points FROM customer ORDER BY code"));
  for (int shard = 1; shard < shards; ++shard) {
    Connection first = storage(0), server = storage(shard);
    EXPECT_EQ(text(server, "SELECT * FROM region ORDER BY id"), text(first, "SELECT * FROM region ORDER BY id"));
  }
}

}  // namespace
}  // namespace tributary::lab
