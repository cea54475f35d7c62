#include "source/binlog/xa.h"

#include <gtest/gtest.h>

namespace tributary::source {
namespace {

TEST(XaStatement, AllSpellingsOfAnIdHaveOneKey) {
  const std::string key = "X'6472647340',X'4701',1";
  for (const std::string_view sql :
       {"XA COMMIT X'6472647340',X'4701',1", "xa commit x'6472647340' , X'4701' , 1", "XA COMMIT 0x6472647340,0x4701",
        "XA COMMIT 'drds@',X'4701'", "XA COMMIT 'drds@','G\x01', 1"}) {
    auto statement = parse_xa_statement(sql);
    ASSERT_TRUE(statement && *statement) << sql;
    EXPECT_EQ((*statement)->id.key(), key) << sql;
    EXPECT_EQ((*statement)->verb, XaVerb::commit);
  }
}

TEST(XaStatement, VerbsAndOnePhaseAreTold) {
  const auto verb = [](std::string_view sql) { return (*parse_xa_statement(sql))->verb; };
  EXPECT_EQ(verb("XA START X'61',X'',1"), XaVerb::start);
  EXPECT_EQ(verb("XA BEGIN X'61',X'',1"), XaVerb::start);
  EXPECT_EQ(verb("XA END X'61',X'',1"), XaVerb::end);
  EXPECT_EQ(verb("XA PREPARE X'61',X'',1"), XaVerb::prepare);
  EXPECT_EQ(verb("XA ROLLBACK X'61',X'',1"), XaVerb::rollback);
  EXPECT_TRUE((*parse_xa_statement("XA COMMIT X'61',X'',1 ONE PHASE"))->one_phase);
  EXPECT_FALSE((*parse_xa_statement("XA COMMIT X'61',X'',1"))->one_phase);
}

TEST(XaStatement, OtherStatementsAreNone) {
  for (const std::string_view sql : {"", "BEGIN", "XA", "XARTS", "XA RECOVER", "INSERT INTO XA VALUES (1)"}) {
    auto statement = parse_xa_statement(sql);
    ASSERT_TRUE(statement) << sql;
    EXPECT_FALSE(*statement) << sql;
  }
}

TEST(XaStatement, UnreadableIdsAreErrors) {
  for (const std::string_view sql :
       {"XA COMMIT", "XA COMMIT X'6", "XA COMMIT X'61',X'6g',1", "XA COMMIT X'61',X'',x", "XA START 'never ended"}) {
    auto statement = parse_xa_statement(sql);
    ASSERT_FALSE(statement) << sql;
    EXPECT_EQ(statement.error().code, base::ErrorCode::data_event_malformed);
  }
  EXPECT_FALSE(parse_xa_statement("XA START '" + std::string(65, 'a') + "'"));
}

}  // namespace
}  // namespace tributary::source
