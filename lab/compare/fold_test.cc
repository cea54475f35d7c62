#include "compare/fold.h"

#include <gtest/gtest.h>

#include "compare/table_compare.h"

namespace tributary::lab {
namespace {

namespace dts = encode::dts;

using Row = std::pair<int, std::string>;  // id, name

constexpr const char* by_id = R"({"PRIMARY":["id"]})";

// A topic and a source of one table, shop.t (id int, name varchar).
class FoldTest : public testing::Test {
 protected:
  static dts::Images image(const std::optional<Row>& row) {
    if (!row) return {};
    dts::Value name = dts::Null{};
    if (row->second != "NULL") name = dts::Character{"utf8mb4", row->second};
    return std::vector<dts::Value>{dts::Integer{4, std::to_string(row->first)}, name};
  }
  dts::Record record(int operation, std::optional<Row> before, std::optional<Row> after) {
    dts::Record r;
    r.operation = operation;
    r.id = next_id_++;
    r.source_position = "4711@1";
    r.object_name = "shop.t";
    if (!key_.empty()) r.tags.emplace_back("pk_uk_info", key_);
    r.fields = std::vector<dts::Field>{{"id", 3}, {"name", 253}};
    r.before_images = image(before);
    r.after_images = image(after);
    return r;
  }
  dts::Record init(Row row) { return record(16, {}, row); }
  dts::Record insert(Row row) { return record(0, {}, row); }
  dts::Record update(Row from, Row to) { return record(1, from, to); }
  dts::Record remove(Row row) { return record(2, row, {}); }
  void apply(const std::vector<dts::Record>& records) {
    for (const dts::Record& r : records) EXPECT_EQ(fold_.apply(r, "here"), "");
  }
  FoldedTable& table() { return fold_.tables()["shop.t"]; }

  TableReport against(const std::vector<Row>& rows) {
    const SourceTable source{"t", {{"id", ValueClass::integer}, {"name", ValueClass::text}}};
    TableComparison comparison(source, &table(), 5);
    for (const Row& row : rows)
      comparison.source_row({"i" + std::to_string(row.first), row.second == "NULL" ? "" : "c" + row.second});
    return comparison.finish();
  }

  Fold fold_;
  std::string key_ = by_id;
  std::int64_t next_id_ = 1;
};

TEST_F(FoldTest, PutsReplacesAndTakesAway) {
  apply({init({1, "a"}), init({2, "b"}), insert({3, "c"}), update({1, "a"}, {1, "x"}), update({2, "b"}, {20, "b"}),
         remove({3, "c"}), insert({3, "again"})});
  const TableReport report = against({{1, "x"}, {20, "b"}, {3, "again"}});
  EXPECT_EQ(report.difference_count(), 0u);
  EXPECT_EQ(report.rows_folded, 3u);
  EXPECT_EQ(report.inits, 2u);
  EXPECT_EQ(report.inserts, 2u);
  EXPECT_EQ(report.updates, 2u);
  EXPECT_EQ(report.deletes, 1u);
}

TEST_F(FoldTest, FindsMissingExtraAndDifferentRows) {
  apply({init({1, "a"}), init({2, "b"}), init({3, "NULL"})});
  const TableReport report = against({{1, "a"}, {2, "B"}, {4, "d"}});
  EXPECT_EQ(report.different, 1u);
  EXPECT_EQ(report.missing, 1u);
  EXPECT_EQ(report.extra, 1u);
  ASSERT_EQ(report.differences.size(), 3u);
  EXPECT_EQ(report.differences[0], "row id=2: name is 'B' at the source, 'b' in the topic");
  EXPECT_EQ(report.differences[1], "row id=4 is at the source but not in the topic");
  EXPECT_EQ(report.differences[2], "row id=3 is in the topic but not at the source");
}

TEST_F(FoldTest, LongValuesCompareByTheirWhole) {
  const std::string text(100'000, 'x');
  apply({init({1, text}), init({2, text})});
  EXPECT_EQ(against({{1, text}, {2, text.substr(1) + "y"}}).different, 1u);
  EXPECT_LT(table().rows.begin()->second.image.size(), 100u);
}

TEST_F(FoldTest, ExactRepeatsChangeNothing) {
  const std::vector<dts::Record> records = {insert({1, "a"}), update({1, "a"}, {1, "b"}), remove({1, "b"}),
                                            insert({1, "c"})};
  apply(records);
  apply(records);
  EXPECT_EQ(table().repeats, 4u);
  EXPECT_EQ(table().out_of_order, 0u);
  EXPECT_EQ(against({{1, "c"}}).difference_count(), 0u);
}

TEST_F(FoldTest, AnInitOfWhatIsHeldIsARepeat) {
  apply({insert({1, "a"}), init({1, "a"})});
  EXPECT_EQ(table().repeats, 1u);
  EXPECT_EQ(against({{1, "a"}}).difference_count(), 0u);
}

TEST_F(FoldTest, ChangesMayComeAheadOfTheSnapshot) {
  apply({update({1, "a"}, {1, "b"}), remove({2, "x"}), init({1, "b"})});
  EXPECT_EQ(table().ahead_of_snapshot, 2u);
  EXPECT_EQ(against({{1, "b"}}).difference_count(), 0u);
}

TEST_F(FoldTest, TellsWhatIsOutOfOrder) {
  apply({init({1, "a"}), insert({1, "z"})});
  EXPECT_EQ(table().out_of_order, 1u) << "INSERT of a row that is there";
  apply({update({1, "a"}, {1, "b"})});
  EXPECT_EQ(table().out_of_order, 2u) << "the before image is not what is held";
  apply({remove({1, "b"}), update({1, "b"}, {1, "c"})});
  EXPECT_EQ(table().out_of_order, 3u) << "UPDATE of a deleted row";
  apply({remove({1, "c"}), init({1, "b"})});
  EXPECT_EQ(table().out_of_order, 4u) << "a stale row of the snapshot after the DELETE";
  const TableReport report = against({{1, "b"}});
  EXPECT_EQ(report.out_of_order, 4u);
  EXPECT_EQ(report.difference_count(), 4u);
  EXPECT_EQ(report.differences.at(1),
            "out of order: id=1: UPDATE does not follow what the topic held: name was 'z', the record says 'a' (here)");
}

TEST_F(FoldTest, AStaleSnapshotRowIsOutOfOrder) {
  apply({update({1, "old"}, {1, "new"}), init({1, "old"})});
  EXPECT_EQ(table().out_of_order, 1u);
}

TEST_F(FoldTest, RowsWithoutAKeyAreCounted) {
  key_.clear();
  apply({init({1, "a"}), init({1, "a"}), insert({1, "a"}), remove({1, "a"}), update({1, "a"}, {2, "b"})});
  EXPECT_EQ(table().out_of_order, 0u);
  EXPECT_EQ(table().rows_present, 2u);
  EXPECT_EQ(against({{1, "a"}, {2, "b"}}).difference_count(), 0u);
}

TEST_F(FoldTest, ADoubledRowWithoutAKeyIsExtra) {
  key_.clear();
  apply({insert({1, "a"}), init({1, "a"})});
  EXPECT_EQ(against({{1, "a"}}).extra, 1u);
}

TEST_F(FoldTest, TheUniqueKeyServesWhereThereIsNoPrimaryKey) {
  key_ = R"({"by_name":["name"]})";
  apply({init({1, "a"}), update({1, "a"}, {2, "a"}), insert({3, "NULL"}), insert({3, "NULL"})});
  EXPECT_EQ(table().out_of_order, 0u);
  EXPECT_EQ(against({{2, "a"}, {3, "NULL"}, {3, "NULL"}}).difference_count(), 0u);
}

TEST_F(FoldTest, AKeyOfAllColumnsIsAKey) {
  key_ = R"({"PRIMARY":["id","name"]})";
  apply({insert({1, "a"}), init({1, "a"})});
  EXPECT_EQ(against({{1, "a"}}).difference_count(), 0u);
}

TEST_F(FoldTest, FieldsInAnotherOrderAreTheSameRow) {
  apply({init({1, "a"})});
  dts::Record r = update({1, "a"}, {1, "b"});
  std::swap(std::get<2>(r.fields)[0], std::get<2>(r.fields)[1]);
  for (dts::Images* images : {&r.before_images, &r.after_images})
    std::swap(std::get<2>(*images)[0], std::get<2>(*images)[1]);
  apply({r});
  EXPECT_EQ(against({{1, "b"}}).difference_count(), 0u);
}

TEST_F(FoldTest, AColumnOfOneSideIsADifference) {
  apply({init({1, "a"})});
  const SourceTable source{"t", {{"id", ValueClass::integer}, {"age", ValueClass::integer}}};
  TableComparison comparison(source, &table(), 5);
  comparison.source_row({"i1", "i30"});
  const TableReport report = comparison.finish();
  EXPECT_EQ(report.columns_wrong, 2u);
  EXPECT_EQ(report.different, 0u);
}

TEST_F(FoldTest, ATableWithoutRecordsMissesAllItsRows) {
  const SourceTable source{"t", {{"id", ValueClass::integer}}};
  TableComparison comparison(source, nullptr, 1);
  comparison.source_row({"i1"});
  comparison.source_row({"i2"});
  const TableReport report = comparison.finish();
  EXPECT_EQ(report.missing, 2u);
  EXPECT_EQ(report.differences.size(), 1u);
}

TEST_F(FoldTest, RefusesRecordsWithoutTheirImages) {
  dts::Record r = insert({1, "a"});
  r.after_images = {};
  EXPECT_NE(fold_.apply(r, "here"), "");
  r = insert({1, "a"});
  std::get<2>(r.after_images).pop_back();
  EXPECT_NE(fold_.apply(r, "here"), "");
}

}  // namespace
}  // namespace tributary::lab
