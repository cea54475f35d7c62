#include "store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace tributary::store {
namespace {

using base::ErrorCode;

class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "tributary-store-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = path;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class AnyStore : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string_view(GetParam()) == "memory") {
      store = make_memory_store();
      return;
    }
    auto opened = open_sqlite(folder.path() / "state");
    ASSERT_TRUE(opened) << opened.error().message();
    store = *std::move(opened);
  }
  Folder folder;
  std::unique_ptr<Store> store;
};

TEST_P(AnyStore, GivesBackAnyBytesAndCountsVersions) {
  const std::string bytes("a\0b\xff", 4);
  EXPECT_FALSE(*store->get("k"));
  ASSERT_TRUE(store->put("k", bytes));
  ASSERT_TRUE(store->put(std::string("k\0x", 3), ""));
  auto entry = store->get("k");
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->value, bytes);
  EXPECT_EQ((*entry)->version, 1u);
  ASSERT_TRUE(store->put("k", "other"));
  EXPECT_EQ((**store->get("k")).version, 2u);
  ASSERT_TRUE(store->put("empty", ""));
  EXPECT_EQ((**store->get("empty")).value, "");
}

TEST_P(AnyStore, ListsByPrefixInKeyOrder) {
  for (const char* key : {"task/b", "checkpoint/2", "task/a", "taskx", "checkpoint/1"})
    ASSERT_TRUE(store->put(key, key));
  const auto entries = store->list("task/");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].key, "task/a");
  EXPECT_EQ((*entries)[1].value, "task/b");
  EXPECT_EQ(store->list("")->size(), 5u);
  EXPECT_TRUE(store->list("zzz")->empty());
}

TEST_P(AnyStore, ErasesAndSaysWhetherThereWasSomething) {
  ASSERT_TRUE(store->put("k", "v"));
  EXPECT_TRUE(*store->erase("k"));
  EXPECT_FALSE(*store->erase("k"));
  EXPECT_FALSE(*store->get("k"));
}

TEST_P(AnyStore, AWrongExpectedVersionRefusesAllOfThePuts) {
  ASSERT_TRUE(store->put("a", "1"));
  const Put good[] = {{"a", "2", 1}, {"new", "1", 0}};
  ASSERT_TRUE(store->put_many(good));
  const Put bad[] = {{"c", "3", std::nullopt}, {"a", "3", 1}};
  const auto refused = store->put_many(bad);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::task_state_in_use);
  EXPECT_FALSE(*store->get("c"));
  EXPECT_EQ((**store->get("a")).value, "2");
  ASSERT_TRUE(store->put("a", "4"));
}

INSTANTIATE_TEST_SUITE_P(Both, AnyStore, testing::Values("sqlite", "memory"));

TEST(SqliteStore, KeepsWhatWasPutOverAReopening) {
  Folder folder;
  {
    auto store = open_sqlite(folder.path());
    ASSERT_TRUE(store && (*store)->put("k", "v"));
  }
  auto store = open_sqlite(folder.path());
  ASSERT_TRUE(store);
  EXPECT_EQ((**(*store)->get("k")).value, "v");
}

TEST(SqliteStore, KeepsWhatWasPutWhenTheProcessIsKilled) {
  Folder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = open_sqlite(folder.path());
    if (store && (*store)->put("k", "v")) ::kill(::getpid(), SIGKILL);
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  auto store = open_sqlite(folder.path());
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ((**(*store)->get("k")).value, "v");
}

TEST(SqliteStore, WhoHasItOpenIsSeenFromOutside) {
  Folder folder;
  EXPECT_FALSE(is_in_use(folder.path()));
  auto opened = open_sqlite(folder.path());
  ASSERT_TRUE(opened);
  EXPECT_TRUE(is_in_use(folder.path()));
  opened->reset();
  EXPECT_FALSE(is_in_use(folder.path()));
}

TEST(SqliteStore, ASecondRunWithTheSameFolderIsRefusedAtOnce) {
  Folder folder;
  auto first = open_sqlite(folder.path());
  ASSERT_TRUE(first);
  const auto second = open_sqlite(folder.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::task_state_in_use);
  first->reset();
  EXPECT_TRUE(open_sqlite(folder.path()));
}

TEST(SqliteStore, StateOfANewerReleaseIsRefused) {
  Folder folder;
  ASSERT_TRUE(open_sqlite(folder.path()));
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() / "tributary.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version = 99", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const auto refused = open_sqlite(folder.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::task_state_newer);
}

TEST(SqliteStore, AFileOfSomeoneElseIsLeftAlone) {
  Folder folder;
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((folder.path() / "tributary.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE theirs (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_EQ(open_sqlite(folder.path()).error().code, ErrorCode::task_state_unusable);

  Folder rubbish;
  std::ofstream(rubbish.path() / "tributary.db") << std::string(10'000, 'x');
  EXPECT_EQ(open_sqlite(rubbish.path()).error().code, ErrorCode::task_state_unusable);
}

TEST(SqliteStore, AFolderThatCantBeMadeIsUnusable) {
  Folder folder;
  std::ofstream(folder.path() / "file") << "x";
  EXPECT_EQ(open_sqlite(folder.path() / "file" / "state").error().code, ErrorCode::task_state_unusable);
  EXPECT_EQ(open_sqlite("/proc/tributary-state").error().code, ErrorCode::task_state_unusable);
}

// A file system of 512 KiB for oneself needs rights that not every machine gives: a file size limit does as well.
TEST(SqliteStore, AFullDiskIsToldAndLosesNothingKeptBefore) {
  Folder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto store = open_sqlite(folder.path());
    if (!store || !(*store)->put("small", "kept")) ::_exit(1);
    const rlimit limit{256 << 10, 256 << 10};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    const auto full = (*store)->put("large", std::string(1 << 20, 'x'));
    if (full || full.error().code != ErrorCode::task_state_unwritable) ::_exit(3);
    const auto kept = (*store)->get("small");
    if (!kept || !*kept || (*kept)->value != "kept") ::_exit(4);
    if (!(*store)->put("small", "again")) ::_exit(5);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  auto store = open_sqlite(folder.path());
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ((**(*store)->get("small")).value, "again");
  EXPECT_FALSE(*(*store)->get("large"));
}

TEST(SqliteStore, IsReadBesideTheRunThatHoldsItAndNotWritten) {
  Folder folder;
  EXPECT_FALSE(read_sqlite(folder.path()));
  auto holder = open_sqlite(folder.path());
  ASSERT_TRUE(holder) << holder.error().message();
  ASSERT_TRUE((*holder)->put("a", "1"));
  const auto reader = read_sqlite(folder.path());
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ((**(*reader)->get("a")).value, "1");
  EXPECT_FALSE((*reader)->put("a", "2"));
  ASSERT_TRUE((*holder)->put("a", "3"));
  EXPECT_EQ((**(*reader)->get("a")).value, "3");
}

}  // namespace
}  // namespace tributary::store
