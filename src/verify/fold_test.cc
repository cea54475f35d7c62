#include "verify/fold.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "encode/decoder.h"
#include "encode/encoder.h"
#include "model/record.h"
#include "verify/hash.h"

namespace tributary::verify {
namespace {

namespace dts = encode::dts;
using model::Operation;

class Folding : public testing::Test {
 protected:
  Folding() {
    std::string path = (std::filesystem::temp_directory_path() / "tributary-fold-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = path;
    open();
  }
  ~Folding() override {
    fold.reset();
    disk_.reset();
    std::filesystem::remove_all(folder_);
  }
  // As a later process does.
  void open(std::vector<std::string> key = {"id"}) {
    fold.reset();
    disk_.reset();
    disk_ = *Disk::open(folder_);
    Fold::Setup setup;
    setup.is_selected = [](const TableName& name) { return name.first == "shop"; };
    setup.known[{"shop", "orders"}] = {std::move(key), rows_move};
    setup.known[{"shop", "loose"}] = {};
    fold = *Fold::load(*disk_, std::move(setup));
    if (fold->places().empty()) fold->set_places({{.topic = "t", .partition = 0}, {.topic = "t", .partition = 1}});
  }

  static std::vector<dts::Value> row(int id, std::string v) {
    return {dts::Integer{4, std::to_string(id)}, dts::Character{"utf8mb4", std::move(v)}};
  }
  void take(const dts::Record& record) {
    base::Buffer out;
    dts::encode_record(record, out);
    ASSERT_TRUE(fold->take(place, next_++, out.view()).has_value());
  }
  void send(Operation operation, const std::string& object, std::optional<std::vector<dts::Value>> before,
            std::optional<std::vector<dts::Value>> after, std::int64_t id = 0) {
    dts::Record record;
    record.id = id == 0 ? ++id_ : id;
    record.operation = static_cast<std::int32_t>(operation);
    record.object_name = object;
    record.source_position = "4@1";
    record.tags = {{"pk_uk_info", R"({"uk":["v"],"PRIMARY":["id"]})"}, {"server_id", "1"}};
    record.fields = std::vector<dts::Field>{{"id", 3}, {"v", 253}};
    if (before) record.before_images = std::move(*before);
    if (after) record.after_images = std::move(*after);
    take(record);
  }
  void statement(const std::string& sql) {
    dts::Record record;
    record.operation = static_cast<std::int32_t>(Operation::ddl);
    record.object_name = "shop";
    record.after_images = sql;
    take(record);
  }
  // "1=a 2=b": the rows that are there, sorted. Of tables without a key with their number.
  std::string rows(const std::string& name) {
    EXPECT_TRUE(fold->commit().has_value());
    const TableFold* table = fold->find({"shop", name});
    if (table == nullptr) return "no table";
    std::vector<std::string> found;
    for (auto at = disk_->scan(Fold::rows_of(table->number)); at.valid(); at.next()) {
      const RowState state = RowState::parse(at.value());
      if (state.is_deleted || is_emptied(table->emptied, state)) continue;
      const auto values = split_image(state.image);
      const auto text = [&](std::size_t i) {
        const dts::Value value = dts::decode_value(values[i]);
        return i == 0 ? std::get<dts::Integer>(value).value : std::get<dts::Character>(value).value;
      };
      found.push_back(text(0) + "=" + text(1) + (table->is_keyless ? "x" + std::to_string(state.copies) : ""));
    }
    std::sort(found.begin(), found.end());
    std::string out;
    for (const std::string& one : found) out += (out.empty() ? "" : " ") + one;
    return out;
  }

  std::unique_ptr<Fold> fold;
  bool rows_move = false;
  std::size_t place = 0;  // of what is sent
  std::filesystem::path folder_;
  std::unique_ptr<Disk> disk_;
  std::int64_t next_ = 0, id_ = 0;
};

TEST_F(Folding, ARowIsWhatItsLastRecordSays) {
  send(Operation::init, "shop.orders", {}, row(1, "a"));
  send(Operation::init, "shop.orders", {}, row(2, "b"));
  send(Operation::update, "shop.orders", row(1, "a"), row(1, "c"));
  send(Operation::delete_, "shop.orders", row(2, "b"), {});
  send(Operation::insert, "shop.orders", {}, row(3, "d"));
  EXPECT_EQ(rows("orders"), "1=c 3=d");
}

TEST_F(Folding, ARowThatMovesFromPartitionToPartitionIsWhatItsNewestIdSays) {
  for (const bool moves : {true, false}) {
    rows_move = moves;
    open();
    const int row_id = moves;
    send(Operation::insert, "shop.orders", {}, row(row_id, "a"), 1);
    place = 1;
    send(Operation::insert, "shop.orders", {}, row(row_id, "b"), 3);
    place = 0;
    send(Operation::delete_, "shop.orders", row(row_id, "a"), {}, 2);
    EXPECT_EQ(rows("orders"), "1=b") << "0 is gone by the partition read last";
    EXPECT_EQ(fold->find({"shop", "orders"})->late, moves ? 0U : 1U);
  }
  rows_move = true;
  open();
  send(Operation::delete_, "shop.orders", row(1, "b"), {}, 1);
  send(Operation::update, "shop.orders", row(1, "b"), row(1, "c"), 4);
  send(Operation::update, "shop.orders", row(1, "b"), row(1, "x"), 2);
  EXPECT_EQ(rows("orders"), "1=x") << "late in its own partition is late";
}

TEST_F(Folding, AnUpdateOfTheKeyMovesTheRow) {
  send(Operation::insert, "shop.orders", {}, row(1, "a"));
  send(Operation::update, "shop.orders", row(1, "a"), row(7, "a"));
  EXPECT_EQ(rows("orders"), "7=a");
}

TEST_F(Folding, RowsOfATableWithoutAKeyAreCountedAndRepeatsAreNot) {
  send(Operation::insert, "shop.loose", {}, row(1, "a"), 5);
  send(Operation::insert, "shop.loose", {}, row(1, "a"), 6);
  send(Operation::insert, "shop.loose", {}, row(1, "a"), 6);
  send(Operation::update, "shop.loose", row(1, "a"), row(2, "b"), 7);
  EXPECT_EQ(rows("loose"), "1=ax1 2=bx1");
  EXPECT_EQ(fold->find({"shop", "loose"})->repeats, 1u);
}

TEST_F(Folding, StatementsDoWhatAConsumerWouldDo) {
  send(Operation::insert, "shop.orders", {}, row(1, "a"));
  send(Operation::insert, "shop.loose", {}, row(1, "a"));
  statement("TRUNCATE TABLE `orders`");
  statement("TRUNCATE `loose`");
  EXPECT_EQ(rows("orders"), "");
  EXPECT_EQ(rows("loose"), "");
  send(Operation::insert, "shop.orders", {}, row(2, "b"));
  EXPECT_EQ(rows("orders"), "2=b");
  statement("RENAME TABLE `orders` TO `old`, `loose` TO `orders`");
  EXPECT_EQ(rows("old"), "2=b");
  EXPECT_EQ(rows("orders"), "");
  EXPECT_EQ(rows("loose"), "no table");
  statement("DROP TABLE `old`");
  EXPECT_EQ(rows("old"), "");
  statement("this is no statement");
  EXPECT_EQ(fold->unreadable(), 0u);
}

TEST_F(Folding, ASwapByRenameSwapsRows) {
  send(Operation::insert, "shop.a", {}, row(1, "a"));
  send(Operation::insert, "shop.b", {}, row(2, "b"));
  statement("RENAME TABLE `a` TO `t`, `b` TO `a`, `t` TO `b`");
  send(Operation::insert, "shop.a", {}, row(3, "c"));
  EXPECT_EQ(rows("a"), "2=b 3=c");
  EXPECT_EQ(rows("b"), "1=a");
}

TEST_F(Folding, TheNextProcessGoesOnWhereThisOneWas) {
  send(Operation::insert, "shop.orders", {}, row(1, "a"));
  send(Operation::insert, "other.t", {}, row(1, "a"));
  ASSERT_TRUE(fold->flush().has_value());
  open();
  EXPECT_EQ(fold->misfit(), "");
  EXPECT_EQ(fold->places().at(0).next, 2);
  EXPECT_EQ(fold->others().at("other.t"), 1u);
  send(Operation::update, "shop.orders", row(1, "a"), row(1, "b"));
  EXPECT_EQ(rows("orders"), "1=b");
  EXPECT_EQ(fold->find({"shop", "orders"})->records, 2u);
  ASSERT_TRUE(fold->flush().has_value());
  open({"id", "v"});
  EXPECT_NE(fold->misfit().find("the key of shop.orders"), std::string::npos);
}

TEST_F(Folding, WhatIsNoRecordIsCounted) {
  ASSERT_TRUE(fold->take(0, 0, "garbage").has_value());
  EXPECT_EQ(fold->unreadable(), 1u);
  EXPECT_NE(fold->first_unreadable().find("t, partition 0, offset 0"), std::string::npos);
}

TEST_F(Folding, ARowThatWasSoForAMomentIsRemembered) {
  send(Operation::insert, "shop.orders", {}, row(1, "a"));
  ASSERT_TRUE(fold->commit().has_value());
  const TableFold* table = fold->find({"shop", "orders"});
  auto at = disk_->scan(Fold::rows_of(table->number));
  const std::string key(at.key());
  const std::string image(RowState::parse(at.value()).image);
  ASSERT_TRUE(fold->watch(key, image));
  send(Operation::update, "shop.orders", row(1, "a"), row(1, "b"));
  EXPECT_FALSE(fold->came_to_be(key));
  send(Operation::update, "shop.orders", row(1, "b"), row(1, "a"));
  send(Operation::update, "shop.orders", row(1, "a"), row(1, "c"));
  EXPECT_TRUE(fold->came_to_be(key));
}

TEST(Disk, SecondOpeningIsRefusedAndRangesGoAsAWhole) {
  std::string path = (std::filesystem::temp_directory_path() / "tributary-disk-XXXXXX").string();
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  {
    const auto disk = Disk::open(path);
    ASSERT_TRUE(disk.has_value());
    const auto second = Disk::open(path);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, base::ErrorCode::task_state_in_use) << second.error().message();
    Disk::Batch batch;
    for (const char* key : {"a1", "a2", "b1"}) batch.put(key, "v");
    ASSERT_TRUE((*disk)->write(batch).has_value());
    EXPECT_EQ(batch.bytes(), Disk::Batch().bytes());
    batch.erase_range("a", behind_prefix("a"));
    ASSERT_TRUE((*disk)->write(batch).has_value());
    std::string value;
    EXPECT_FALSE(*(*disk)->get("a1", value));
    EXPECT_TRUE(*(*disk)->get("b1", value));
  }
  std::filesystem::remove_all(path);
}

TEST(Hash, DiffersForBytesThatDiffer) {
  std::set<std::uint64_t> seen;
  std::string bytes;
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(seen.insert(hash(bytes)).second) << i;
    EXPECT_TRUE(seen.insert(hash(bytes, 1)).second) << i;
    bytes += static_cast<char>(i % 3);
  }
}

TEST(KeyOfTag, IsThePrimaryKeyElseTheFirstOne) {
  EXPECT_EQ(key_of_tag(R"({"PRIMARY":["a","b"],"u":["c"]})"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(key_of_tag(R"({"z":["c"],"a":["d"]})"), std::vector<std::string>{"c"});
  EXPECT_TRUE(key_of_tag("").empty());
}

}  // namespace
}  // namespace tributary::verify
