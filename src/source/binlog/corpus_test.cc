// Third-party binlogs beside the project (../shared/corpus, or the folder TRIBUTARY_SHARED names), and hostile bytes.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>

#include "source/binlog/test_binlog.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source {
namespace {

namespace fs = std::filesystem;
using testing::BinlogWalker;

fs::path shared_folder() {
  const char* named = std::getenv("TRIBUTARY_SHARED");
  return named != nullptr ? fs::path(named) : fs::path(TRIBUTARY_SOURCE_DIR) / ".." / "shared";
}

std::string read_file(const fs::path& path) {
  std::string bytes;
  gzFile file = gzopen(path.c_str(), "rb");  // reads plain files too
  char block[65536];
  for (int n = 0; file != nullptr && (n = gzread(file, block, sizeof block)) > 0;)
    bytes.append(block, static_cast<std::size_t>(n));
  if (file != nullptr) gzclose(file);
  return bytes;
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

// Rows as `mariadb-binlog -vv` shows them; -1 if it can't read the file.
int rows_by_client(const std::string& bytes) {
  const fs::path path = fs::temp_directory_path() / ("tributary-corpus-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << bytes;
  const std::string command = "mariadb-binlog --no-defaults -vv '" + path.string() + "' 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  int rows = 0;
  char* line = nullptr;
  std::size_t capacity = 0;
  while (pipe != nullptr && getline(&line, &capacity, pipe) > 0) {
    const std::string_view text(line);
    if (text.starts_with("### INSERT INTO ") || text.starts_with("### UPDATE ") || text.starts_with("### DELETE FROM "))
      ++rows;
  }
  std::free(line);
  const int status = pipe == nullptr ? 1 : pclose(pipe);
  fs::remove(path);
  return status == 0 ? rows : -1;
}

TEST(Corpus, EveryFileIsReadToItsEndWithTheRowsTheClientToolCounts) {
  const auto files = files_below(shared_folder() / "corpus" / "binlog");
  if (files.empty()) GTEST_SKIP() << "NO CORPUS at " << shared_folder() << ": third-party binlogs were not read";
  const bool has_client = std::system("mariadb-binlog --version >/dev/null 2>&1") == 0;
  if (!has_client) std::cout << "NO mariadb-binlog: row counts were not compared\n";
  std::size_t compared = 0;
  for (const auto& path : files) {
    const std::string bytes = read_file(path);
    BinlogWalker walker;
    walker.walk(bytes);
    EXPECT_EQ(walker.first_error, "") << path;
    EXPECT_EQ(walker.left, 0u) << path;
    EXPECT_GT(walker.events, 0u) << path;
    if (!has_client) continue;
    const int expected = rows_by_client(bytes);
    if (expected < 0 || walker.inner_events != 0) {
      std::cout << path.filename() << ": mariadb-binlog can't read it; " << walker.rows << " rows by us\n";
      continue;
    }
    EXPECT_EQ(walker.rows, static_cast<std::size_t>(expected)) << path;
    ++compared;
  }
  EXPECT_EQ(compared > 0, has_client);
}

// Everything the decoder is given here must give values or errors; the sanitizers watch.
void exercise(std::string_view bytes) {
  BinlogWalker walker;
  walker.ignore_checksums = true;
  walker.stop_at_error = false;
  walker.walk(bytes);
}

TEST(HostileBytes, SeedsTruncationsAndDamageGiveErrorsOnly) {
  const auto seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  auto files = files_below(fs::path(TRIBUTARY_SOURCE_DIR) / "fuzz" / "corpus" / "binlog");
  ASSERT_FALSE(files.empty());
  for (const auto& path : files) {
    const std::string bytes = read_file(path);
    exercise(bytes);
    for (int i = 0; i < 20; ++i) exercise(std::string_view(bytes).substr(0, random() % (bytes.size() + 1)));
    for (int i = 0; i < 50 && !bytes.empty(); ++i) {
      std::string damaged = bytes;
      for (unsigned n = 1 + random() % 4; n != 0; --n) damaged[random() % damaged.size()] = static_cast<char>(random());
      exercise(damaged);
    }
  }
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 300, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (bytes.size() > 13) bytes[10] = bytes[11] = bytes[12] = 0;  // a size that fits now and then
    exercise(bytes);
  }
}

TEST(HostileBytes, EveryTruncationOfARealFileIsNoticedOrEndsAtAnEvent) {
  for (const std::string_view hex : {testing::mariadb_10_11, testing::mysql_9_7_compressed}) {
    const std::string bytes = testing::from_hex(hex);
    for (std::size_t size = 4; size < bytes.size(); ++size) {
      BinlogWalker walker;
      walker.walk(std::string_view(bytes).substr(0, size));
      EXPECT_EQ(walker.errors, 0u) << size << ": " << walker.first_error;
      BinlogWalker whole;
      whole.walk(bytes);
      EXPECT_LE(walker.rows, whole.rows);
    }
  }
}

}  // namespace
}  // namespace tributary::source
