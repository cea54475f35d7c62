#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "base/log.h"
#include "front/fan_out.h"
#include "front/shared.h"
#include "front/token.h"

namespace tributary::lab {

using base::Status;

namespace {

// The product's own tables in each physical database (SystemTables.java, GlobalTxLogManager).
constexpr std::string_view system_tables[] = {
    "CREATE TABLE IF NOT EXISTS `__drds_global_tx_log` (`TXID` BIGINT NOT NULL, `START_TIME` BIGINT NOT NULL, "
    "`TYPE` ENUM('TCC','XA','BED','TSO','HLC') NOT NULL, "
    "`STATE` ENUM('PREPARE','COMMIT','ROLLBACK','SUCCEED','ABORTED') NOT NULL, `RETRIES` INT(11) NOT NULL DEFAULT 0, "
    "`COMMIT_TS` BIGINT DEFAULT NULL, `PARTICIPANTS` BLOB DEFAULT NULL, `TIMEOUT` TIMESTAMP NULL, "
    "`SERVER_ADDR` VARCHAR(21) NOT NULL, `CONTEXT` TEXT NOT NULL, `ERROR` TEXT NULL, PRIMARY KEY (`TXID`)) "
    "ENGINE=InnoDB "
    "DEFAULT CHARSET=utf8 PARTITION BY RANGE (`TXID`) (PARTITION `p_unlimited` VALUES LESS THAN MAXVALUE)",
    "CREATE TABLE IF NOT EXISTS `__drds_redo_log` (`TXID` BIGINT NOT NULL, `SCHEMA` VARCHAR(64) NULL, `SEQ` INT(11) "
    "NOT NULL, "
    "`INFO` LONGTEXT NOT NULL, PRIMARY KEY (`TXID`, `SEQ`)) ENGINE=InnoDB DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `__drds_db_status__` (`ID` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `GROUP_NAME` "
    "VARCHAR(128), "
    "`STATUS` INT NOT NULL DEFAULT 0) ENGINE=InnoDB DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `__drds__system__lock__` (`ID` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
    "`LOCK_NAME` VARCHAR(128), `GMT_MODIFIED` TIMESTAMP NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `__drds__system__recyclebin__` (`ID` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
    "`GMT_CREATE` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, `NAME` VARCHAR(255) NOT NULL, `ORIGINAL_NAME` "
    "VARCHAR(255) NOT NULL) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `sequence` (`id` BIGINT NOT NULL AUTO_INCREMENT, `name` VARCHAR(128) NOT NULL, "
    "`value` BIGINT NOT NULL, `gmt_modified` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (`id`), "
    "UNIQUE KEY `unique_name` (`name`)) ENGINE=InnoDB DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `sequence_opt` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `name` VARCHAR(128) "
    "NOT NULL, "
    "`value` BIGINT NOT NULL, `increment_by` INT NOT NULL DEFAULT 1, `start_with` BIGINT NOT NULL DEFAULT 1) "
    "ENGINE=InnoDB "
    "DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `dual` (`id` INT NOT NULL PRIMARY KEY) ENGINE=InnoDB DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `txc_undo_log` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `xid` VARCHAR(100) "
    "NOT NULL, "
    "`branch_id` BIGINT NOT NULL, `rollback_info` LONGBLOB NULL, `status` INT NOT NULL DEFAULT 0) ENGINE=InnoDB "
    "DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `tddl_rule` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `gmt_modified` TIMESTAMP "
    "NOT NULL "
    "DEFAULT CURRENT_TIMESTAMP, `table_name` VARCHAR(128) NOT NULL, `rule` LONGTEXT NULL) ENGINE=InnoDB DEFAULT "
    "CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `tddl_rule_status` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `version` BIGINT "
    "NOT NULL DEFAULT 0) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8",
    "CREATE TABLE IF NOT EXISTS `__drds__systable__ddl_jobs__` (`ID` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, "
    "`DDL_STMT` LONGTEXT NULL, `STATE` VARCHAR(64) NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8",
};

constexpr std::string_view last_system_table = "__drds__systable__ddl_jobs__";

// A branch left prepared by a front that died commits if its primary did: the primary's log row says so.
Status decide_prepared(Shared& shared, mysql::Connection& server,
                       const std::vector<std::unique_ptr<mysql::Connection>>& all) {
  TRY_VALUE(const mysql::Table prepared, server.query("XA RECOVER"));
  for (std::size_t row = 0; row < prepared.rows.size(); ++row) {
    const std::string data(prepared.text(row, "data"));
    if (!data.starts_with("drds-")) continue;
    std::size_t split = 0;
    const std::string_view length = prepared.text(row, "gtrid_length");
    std::from_chars(length.data(), length.data() + length.size(), split);
    std::uint64_t id = 0;
    std::from_chars(data.data() + 5, data.data() + data.size(), id, 16);
    // Only this database's own: other fronts may share the servers.
    const std::string group = data.substr(split, data.find('@', split) - split);
    bool ours = false, committed = false;
    for (const auto& shard : shared.catalogue->shards()) ours = ours || shard.group == group;
    if (!ours) continue;
    for (const auto& shard : shared.catalogue->shards()) {
      TRY_VALUE(const mysql::Table log,
                all[static_cast<std::size_t>(shard.storage)]->query(
                    fmt::format("SELECT 1 FROM `{}`.`__drds_global_tx_log` WHERE TXID = {}", shard.database, id)));
      committed = committed || !log.rows.empty();
    }
    base::log::info("deciding prepared transaction {}: {}", data, committed ? "commit" : "rollback");
    TRY(server.execute(fmt::format("XA {} {},{},1", committed ? "COMMIT" : "ROLLBACK",
                                   quote_text(data.substr(0, split)), quote_text(data.substr(split)))));
  }
  return {};
}

}  // namespace

Status prepare_storage(Shared& shared) {
  std::vector<std::unique_ptr<mysql::Connection>> all;
  for (const auto& storage : shared.config.storage) {
    TRY_VALUE(mysql::Connection opened,
              mysql::Connection::open(
                  {.host = storage.host, .port = storage.port, .user = storage.user, .password = storage.password}));
    all.push_back(std::make_unique<mysql::Connection>(std::move(opened)));
  }
  // A start that was cut short is completed by the next one; a complete database is not touched, since even an idle
  // CREATE IF NOT EXISTS would show in the binlog.
  std::vector<ShardStatement> statements;
  const auto& shards = shared.catalogue->shards();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    mysql::Connection& server = *all[static_cast<std::size_t>(shards[i].storage)];
    TRY_VALUE(const mysql::Table complete,
              server.query(fmt::format("SELECT 1 FROM information_schema.tables WHERE table_schema = {} AND "
                                       "table_name = '{}'",
                                       quote_text(shards[i].database), last_system_table)));
    if (!complete.rows.empty()) continue;
    TRY(server.execute(
        fmt::format("CREATE DATABASE IF NOT EXISTS `{}` DEFAULT CHARACTER SET utf8mb4", shards[i].database)));
    for (const auto table : system_tables) statements.push_back({static_cast<int>(i), std::string(table)});
  }
  if (const auto made = run_on_shards(shared, {}, statements); !made)
    return base::fail(base::ErrorCode::source_query, made.error().text);
  for (auto& server : all) TRY(decide_prepared(shared, *server, all));
  return {};
}

}  // namespace tributary::lab
