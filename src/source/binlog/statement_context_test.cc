#include "source/binlog/statement_context.h"

#include <gtest/gtest.h>

#include "source/ddl/charsets.h"

namespace tributary::source {
namespace {

const ServerTraits mysql_9_7{mysql::Flavour::mysql, 90704, 0, true, "utf8mb4_0900_ai_ci"};
const ServerTraits mariadb{mysql::Flavour::mariadb, 101119, 0, true, "utf8mb4_general_ci"};

TEST(QueryContext, NamesCollationsByTheirNumbers) {
  QueryEvent query;
  query.database = "d";
  query.client_collation = 8;
  query.connection_collation = 245;
  query.server_collation = 255;
  query.utf8mb4_collation = 45;
  const StatementContext context = statement_context(query, mysql_9_7);
  EXPECT_EQ(context.client_charset, "latin1");
  EXPECT_EQ(context.connection_collation, "utf8mb4_croatian_ci");
  EXPECT_EQ(context.server_collation, "utf8mb4_0900_ai_ci");
  EXPECT_EQ(context.utf8mb4_collation, "utf8mb4_general_ci");
  EXPECT_EQ(ddl::collation_by_id(mysql::Flavour::mariadb, 245), "utf8mb4_croatian_mysql561_ci");
  EXPECT_EQ(ddl::collation_by_id(mysql::Flavour::mariadb, 608), "utf8mb4_croatian_ci");
  EXPECT_EQ(ddl::collation_by_id(mysql::Flavour::mariadb, 3271), "utf32_uca1400_croatian_nopad_as_cs");
  EXPECT_EQ(ddl::collation_by_id(mysql::Flavour::mariadb, 2048), "utf8mb3_uca1400_ai_ci");
  EXPECT_EQ(ddl::collation_by_id(mysql::Flavour::mariadb, 2048 + 21 * 8), "");
  EXPECT_EQ(ddl::collation_by_id(mysql::Flavour::mysql, 60'000), "");
}

TEST(QueryContext, TakesTheServersTimestampRuleWhereTheEventIsSilent) {
  QueryEvent query;
  EXPECT_TRUE(statement_context(query, mysql_9_7).explicit_defaults_for_timestamp);
  query.explicit_defaults_for_timestamp = false;
  EXPECT_FALSE(statement_context(query, mysql_9_7).explicit_defaults_for_timestamp);
  query.flags2 = 0;
  EXPECT_FALSE(statement_context(query, mariadb).explicit_defaults_for_timestamp);
  query.flags2 = 1U << 24;
  EXPECT_TRUE(statement_context(query, mariadb).explicit_defaults_for_timestamp);
}

TEST(QueryContext, ReadsDefaultCollationsOfMariaDb) {
  QueryEvent query;
  using namespace std::string_view_literals;
  query.charset_collations = "\x2d\x00\x00\x09"sv;  // utf8mb4_general_ci -> 2304
  EXPECT_EQ(statement_context(query, mariadb).default_collations.at("utf8mb4"), "utf8mb4_uca1400_ai_ci");
}

}  // namespace
}  // namespace tributary::source
