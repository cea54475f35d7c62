#include "source/ddl/tracker.h"

#include <gtest/gtest.h>

#include "source/ddl/charsets.h"

namespace tributary::source {
namespace {

using Outcome = Effect::Outcome;
using Kind = TableEffect::Kind;

ServerTraits mysql_9_7() { return {mysql::Flavour::mysql, 90704, 0, true, "utf8mb4_0900_ai_ci"}; }
ServerTraits mysql_5_6() { return {mysql::Flavour::mysql, 50624, 0, false, "latin1_swedish_ci"}; }
ServerTraits mariadb() { return {mysql::Flavour::mariadb, 101119, 0, true, "utf8mb4_general_ci"}; }

// A tracker with one database, and the columns of a table as one line.
struct Fixture {
  explicit Fixture(ServerTraits traits) : tracker(traits) {
    tracker.put_database("d", traits.default_collation);
    context.database = "d";
    context.explicit_defaults_for_timestamp = traits.explicit_defaults_for_timestamp;
  }
  Effect run(std::string_view sql) { return tracker.apply(context, sql); }
  std::string table(std::string_view name) const {
    const TrackedTablePtr found = tracker.find("d", name);
    if (!found) return "none";
    std::string text;
    for (const model::Column& column : found->schema.columns) {
      if (!text.empty()) text += ", ";
      text += column.name + " " + column.declared_type + (column.is_nullable ? "" : " not null");
    }
    for (const model::Key& key : found->schema.keys) {
      text += "; " + key.name;
      for (const auto c : key.columns) text += " " + found->schema.columns[c].name;
    }
    return text;
  }
  SchemaTracker tracker;
  StatementContext context;
};

TEST(SchemaTracker, CreatesATableAsTheServerShowsIt) {
  Fixture f(mysql_9_7());
  const Effect effect =
      f.run("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(10) NOT NULL UNIQUE, b BOOL, u SERIAL)");
  EXPECT_EQ(effect.outcome, Outcome::applied) << effect.reason;
  EXPECT_EQ(f.table("t"),
            "id int not null, name varchar(10) not null, b tinyint(1), u bigint unsigned not null; PRIMARY id; name "
            "name; u u");
  ASSERT_EQ(effect.tables.size(), 1U);
  EXPECT_EQ(effect.tables[0].kind, Kind::created);
  EXPECT_EQ(effect.tables[0].after, f.tracker.find("d", "t"));
}

TEST(SchemaTracker, AltersInTheServersOrder) {
  Fixture f(mysql_5_6());
  f.run("create table t (a int, b int, c int, key (b))");
  const Effect effect =
      f.run("alter table t add d int first, change a x bigint after c, drop b, add unique (d), add e int after x");
  EXPECT_EQ(effect.outcome, Outcome::applied) << effect.reason;
  EXPECT_EQ(f.table("t"), "d int(11), c int(11), x bigint(20), e int(11); d d");
}

TEST(SchemaTracker, SwapsTablesByARenameChain) {
  Fixture f(mariadb());
  f.run("create table t (a int)");
  f.run("create table n like t");
  f.run("alter table n add b int");
  const Effect effect = f.run("RENAME TABLE t TO old, n TO t, old TO n");
  EXPECT_EQ(effect.outcome, Outcome::applied) << effect.reason;
  EXPECT_EQ(f.table("t"), "a int(11), b int(11)");
  EXPECT_EQ(f.table("n"), "a int(11)");
  ASSERT_EQ(effect.tables.size(), 3U);
  EXPECT_EQ(effect.tables[1].new_name.table, "t");
}

TEST(SchemaTracker, DoesNotUnderstandWhatTheServerWouldRefuse) {
  Fixture f(mysql_9_7());
  f.run("create table t (a int)");
  const std::string before = f.table("t");
  for (const char* sql :
       {"alter table t drop b", "alter table t add a int", "create table t (b int)", "alter table t add b int after z",
        "alter table t drop index x", "alter table t add b nonsense", "alter table t add b int 'open"}) {
    const Effect effect = f.run(sql);
    EXPECT_EQ(effect.outcome, Outcome::not_understood) << sql;
    EXPECT_TRUE(effect.reason.starts_with("line 1, column ")) << effect.reason;
    ASSERT_EQ(effect.concerned.size(), 1U) << sql;
    EXPECT_EQ(f.table("t"), before) << sql;
  }
}

TEST(SchemaTracker, LeavesOtherStatementsAlone) {
  Fixture f(mysql_9_7());
  f.run("create table t (a int)");
  for (const char* sql : {"insert into t values (1)", "BEGIN", "", "grant select on t to u", "# a comment"})
    EXPECT_FALSE(f.run(sql).is_ddl) << sql;
  const Effect view = f.run("create view v as select * from t");
  EXPECT_TRUE(view.is_ddl);
  EXPECT_EQ(view.outcome, Outcome::no_layout_change);
  const Effect truncated = f.run("truncate t");
  EXPECT_EQ(truncated.outcome, Outcome::no_layout_change);
  ASSERT_EQ(truncated.tables.size(), 1U);
  EXPECT_EQ(truncated.tables[0].kind, Kind::emptied);
}

TEST(SchemaTracker, LooksWithoutChangingAnything) {
  Fixture f(mysql_9_7());
  EXPECT_EQ(f.tracker.look(f.context, "create table t (a int)").outcome, Outcome::applied);
  EXPECT_EQ(f.table("t"), "none");
}

TEST(SchemaTracker, NeverAppliesWhatHappensToATemporaryTable) {
  Fixture f(mysql_9_7());
  f.run("create table t (a int)");
  f.run("create temporary table t (b int)");
  f.run("alter table t add c int");
  f.run("drop table t");
  EXPECT_EQ(f.table("t"), "a int");
  f.run("drop table t");
  EXPECT_EQ(f.table("t"), "none");
}

TEST(RenameTables, PutsOtherNamesIntoTheStatement) {
  StatementContext context;
  context.database = "d_00";
  const std::map<TableName, std::string> names = {{{"d_00", "t_00"}, "t"}, {{"d_01", "u"}, "u`v"}};
  const auto renamed = [&](std::string_view sql) {
    const auto result = rename_tables(mysql_9_7(), context, sql, names);
    return result ? *result : result.error().what;
  };
  EXPECT_EQ(renamed("ALTER TABLE d_00 . `t_00` /* why */ ADD t_00 INT -- so\n, RENAME TO x /*!80000 , FORCE */;"),
            "ALTER TABLE `t`   ADD t_00 INT \n, RENAME TO x /*!80000 , FORCE */");
  EXPECT_EQ(renamed("create table t_00 (a int, foreign key (a) references d_01.u (b))"),
            "create table `t` (a int, foreign key (a) references `u``v` (b))");
  EXPECT_EQ(renamed("rename table d_01.t_00 to t_00"), "rename table d_01.t_00 to `t`");
  EXPECT_TRUE(renamed("alter table t_00 add nonsense").starts_with("line 1, column 30"));
}

}  // namespace
}  // namespace tributary::source
