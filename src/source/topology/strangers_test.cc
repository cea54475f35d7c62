#include "source/topology/strangers.h"

#include <gtest/gtest.h>

#include "source/topology/assembly.h"

namespace tributary::source {
namespace {

TEST(Strangers, TheMiddlewaresOwnTablesAreNoneButAUsersSequenceMayBe) {
  EXPECT_TRUE(is_system_table("__drds_global_tx_log"));
  EXPECT_TRUE(is_system_table("__drds__systable__ddl_jobs"));
  EXPECT_TRUE(is_system_table("BIN_2FGVWOE1F8JDYTR0EKIQ"));
  EXPECT_FALSE(is_system_table("sequence"));
  EXPECT_FALSE(is_system_table("dual"));
  EXPECT_FALSE(is_system_table("orders_aB3x_07"));
}

TEST(Strangers, StatementsThatMakeOrRenameATableAreNoticedBehindComments) {
  EXPECT_TRUE(may_make_table("CREATE TABLE t (a INT)"));
  EXPECT_TRUE(may_make_table("/*DRDS /127.0.0.1/1/0// */ create table if not exists `t` (a INT)"));
  EXPECT_TRUE(may_make_table("RENAME TABLE a TO b"));
  EXPECT_TRUE(may_make_table("ALTER TABLE a RENAME TO b"));
  EXPECT_FALSE(may_make_table("ALTER TABLE `__drds_global_tx_log` DROP PARTITION `p_1`"));
  EXPECT_FALSE(may_make_table("CREATE DATABASE d"));
  EXPECT_FALSE(may_make_table("DROP TABLE a"));
  EXPECT_FALSE(may_make_table("/*"));
  EXPECT_FALSE(may_make_table(""));
}

TEST(RecycleBin, OnlyBinAndTwentyCapitalsOrDigitsIsAThrownAwayTable) {
  EXPECT_TRUE(is_recycled("BIN_2FGVWOE1F8JDYTR0EKIQ"));
  EXPECT_FALSE(is_recycled("BIN_2FGVWOE1F8JDYTR0EKI"));
  EXPECT_FALSE(is_recycled("BIN_2FGVWOE1F8JDYTR0EKIq"));
  EXPECT_FALSE(is_recycled("bin_2FGVWOE1F8JDYTR0EKIQ"));
  EXPECT_FALSE(is_recycled("BIN_LIST"));
}

TEST(DatasourceUrl, AddressAndDatabaseAreCutOut) {
  std::string address, database;
  EXPECT_TRUE(
      parse_datasource_url("jdbc:mysql://rds1.mysql.rds.aliyuncs.com:3306/seq_test_wnjg_0000", address, database));
  EXPECT_EQ(address, "rds1.mysql.rds.aliyuncs.com:3306");
  EXPECT_EQ(database, "seq_test_wnjg_0000");
  EXPECT_TRUE(parse_datasource_url("jdbc:mysql://10.0.0.1/a?useSSL=false&x=/y", address, database));
  EXPECT_EQ(address, "10.0.0.1:3306");
  EXPECT_EQ(database, "a");
  EXPECT_FALSE(parse_datasource_url("jdbc:mysql://10.0.0.1:3306", address, database));
  EXPECT_FALSE(parse_datasource_url("jdbc:mysql://10.0.0.1:3306/", address, database));
}

}  // namespace
}  // namespace tributary::source
