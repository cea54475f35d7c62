#include "model/position.h"

#include <gtest/gtest.h>

namespace tributary::model {
namespace {

constexpr auto uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";

TEST(BinlogPosition, OrdersByFileNumberThenOffset) {
  EXPECT_LT((BinlogPosition{"mysql-bin.999999", 500}), (BinlogPosition{"mysql-bin.1000000", 4}));
  EXPECT_LT((BinlogPosition{"b.000002", 4}), (BinlogPosition{"b.000002", 5}));
  EXPECT_EQ((BinlogPosition{"mysql-bin.000143", 2924526}.dts_text()), "2924526@143");
}

TEST(GtidSet, MySqlTextRoundTripsAndMerges) {
  auto set = GtidSet::parse(std::string(uuid) + ":1-5:7:9-10");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->text(), std::string(uuid) + ":1-5:7:9-10");
  set->add_mysql(uuid, 6);
  set->add_mysql(uuid, 8);
  set->add_mysql(uuid, 11);
  EXPECT_EQ(set->text(), std::string(uuid) + ":1-11");
  EXPECT_TRUE(set->contains_mysql(uuid, 11));
  EXPECT_FALSE(set->contains_mysql(uuid, 12));
}

TEST(GtidSet, NumbersReachAsFarAsTheServersDo) {
  const std::string source = "00112233-4455-6677-8899-aabbccddeeff";
  EXPECT_TRUE(GtidSet::parse(source + ":9223372036854775807"));
  EXPECT_FALSE(GtidSet::parse(source + ":9223372036854775808"));
  EXPECT_FALSE(GtidSet::parse(source + ":5-18446744073709551615"));
  EXPECT_FALSE(GtidSet::parse(source + ":0"));
}

TEST(GtidSet, HoldsWhatItListsAmongThousandsOfGaps) {
  const std::string source = "00112233-4455-6677-8899-aabbccddeeff";
  GtidSet odd, all;
  for (std::uint64_t n = 1; n <= 20'001; n += 2) odd.add_mysql(source, n);
  for (std::uint64_t n = 1; n <= 20'001; ++n) all.add_mysql(source, n);
  EXPECT_TRUE(odd.contains_mysql(source, 10'001));
  EXPECT_FALSE(odd.contains_mysql(source, 10'000));
  EXPECT_FALSE(odd.contains_mysql(source, 0));
  EXPECT_TRUE(all.contains(odd));
  EXPECT_TRUE(odd.contains(odd));
  EXPECT_FALSE(odd.contains(all));
}

TEST(GtidSet, TaggedSourcesAreSourcesOfTheirOwn) {
  auto set = GtidSet::parse(std::string(uuid) + ":1-2:blue:4-5");
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->contains_mysql(std::string(uuid) + ":blue", 4));
  EXPECT_FALSE(set->contains_mysql(uuid, 4));
}

TEST(GtidSet, MariaDbHoldsTheLastPerDomain) {
  auto set = GtidSet::parse("0-101-5,2-1-77");
  ASSERT_TRUE(set);
  set->add_mariadb(0, 102, 6);
  EXPECT_EQ(set->text(), "0-102-6,2-1-77");
  EXPECT_TRUE(set->contains_mariadb(0, 6));
  EXPECT_FALSE(set->contains_mariadb(1, 1));
  EXPECT_TRUE(set->contains(*GtidSet::parse("0-101-4")));
  EXPECT_FALSE(set->contains(*GtidSet::parse("0-101-7")));
}

TEST(GtidSet, WithoutAndCommonSplitASetInTwo) {
  const std::string a = uuid, b = "4e11fa47-71ca-11e1-9e33-c80aa9429562";
  const GtidSet whole = *GtidSet::parse(a + ":1-10:15:20-30," + b + ":1-5");
  const GtidSet taken = *GtidSet::parse(a + ":3-4:9-21:30-40,4f11fa47-71ca-11e1-9e33-c80aa9429562:1-2");
  EXPECT_EQ(whole.without(taken).text(), a + ":1-2:5-8:22-29," + b + ":1-5");
  EXPECT_EQ(whole.common(taken).text(), a + ":3-4:9-10:15:20-21:30");
  EXPECT_TRUE(whole.without(whole).empty());
  EXPECT_EQ(whole.without({}), whole);
  EXPECT_TRUE(whole.common({}).empty());
}

TEST(GtidSet, WithoutAndCommonOfMariaDbGoByDomain) {
  const GtidSet ahead = *GtidSet::parse("0-1-10,1-1-5"), other = *GtidSet::parse("0-2-8,1-1-5,2-1-1");
  EXPECT_EQ(ahead.without(other).text(), "0-1-10");
  EXPECT_EQ(ahead.common(other).text(), "0-2-8,1-1-5");
}

TEST(GtidSet, RefusesWhatIsNotOne) {
  for (const char* bad :
       {"x", "0-1", "0-1-2-3", "3e11fa47-71ca-11e1-9e33-c80aa9429562", "3e11fa47-71ca-11e1-9e33-c80aa9429562:0",
        "3e11fa47-71ca-11e1-9e33-c80aa9429562:5-3", "0-1-1,3e11fa47-71ca-11e1-9e33-c80aa9429562:1"})
    EXPECT_FALSE(GtidSet::parse(bad)) << bad;
}

}  // namespace
}  // namespace tributary::model
