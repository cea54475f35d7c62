#include "source/binlog/log_walk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "source/binlog/test_binlog.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source {
namespace {

using base::ErrorCode;
using testing::from_hex;

class Recorder : public LogVisitor {
 public:
  struct Told {
    std::uint64_t begin, end;
    EventType type;
    std::string undecoded;
  };
  std::vector<Told> events;
  std::size_t inner = 0, rows = 0, open = 0;

  void on_event(const LogEvent& event) override {
    ++open;
    if (event.is_inner)
      ++inner;
    else
      events.push_back({event.begin, event.end, event.header.type, event.undecoded});
  }
  void on_row(const LogEvent&, const std::vector<model::Value>&, const std::vector<model::Value>&) override { ++rows; }
  void on_event_end(const LogEvent&) override { --open; }
};

class LogWalk : public ::testing::Test {
 protected:
  LogWalk() : path_(::testing::TempDir() + "tributary-log-walk-" + std::to_string(::getpid())) {}
  ~LogWalk() override { std::filesystem::remove(path_); }

  void write(std::string_view bytes) {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  base::Status walk(std::string_view bytes, const LogRange& range = {}) {
    write(bytes);
    return walk_path(range);
  }
  base::Status walk_path(const LogRange& range = {}) {
    told = {};
    LogWalker walker(told);
    TRY_VALUE(const auto file, LogFile::open(path_));
    const auto done = walker.walk(*file, range, cancel_);
    EXPECT_EQ(told.open, 0u) << "every event that is told is closed";
    return done;
  }

  const std::string path_;
  base::CancelToken cancel_;
  Recorder told;
};

std::string header_of(EventType type, std::size_t size, std::size_t header_size = event_header_size) {
  std::string header(header_size, '\0');
  header[4] = static_cast<char>(type);
  for (std::size_t i = 0; i < 4; ++i) header[9 + i] = static_cast<char>(size >> (8 * i));
  return header;
}

std::string event_of(EventType type, std::string_view body, bool checksum,
                     std::size_t header_size = event_header_size) {
  std::string event = header_of(type, header_size + body.size() + (checksum ? 4 : 0), header_size);
  event += body;
  if (!checksum) return event;
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(event.data()), event.size());
  for (int i = 0; i < 4; ++i) event += static_cast<char>(crc >> (8 * i));
  return event;
}

const std::string magic =
    "\xfe"
    "bin";

// The magic number and the format description of MySQL 9.7, CRC32 on.
std::string file_head() {
  const std::string file = from_hex(testing::mysql_9_7);
  return file.substr(0, 4 + parse_event_header(std::string_view(file).substr(4))->size);
}

TEST_F(LogWalk, TellsEveryEventAndRowOfEveryServersFile) {
  for (const std::string_view hex : {testing::mariadb_10_11, testing::mysql_5_6, testing::mysql_9_7,
                                     testing::mysql_9_7_compressed, testing::mysql_9_7_tagged_previous}) {
    const std::string bytes = from_hex(hex);
    testing::BinlogWalker oracle;
    oracle.walk(bytes);
    const auto done = walk(bytes);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(told.events.size(), oracle.events);
    EXPECT_EQ(told.inner, oracle.inner_events);
    EXPECT_EQ(told.rows, oracle.rows);
    EXPECT_EQ(told.events.front().begin, 4u);
    EXPECT_EQ(told.events.back().end, bytes.size());
  }
}

TEST_F(LogWalk, EveryTruncationIsToldUpToItsPlaceAndNamed) {
  const std::string bytes = from_hex(testing::mysql_9_7_compressed);
  ASSERT_TRUE(walk(bytes));
  const auto all = told.events;
  for (std::size_t size = 5; size < bytes.size(); ++size) {
    const auto done = walk(std::string_view(bytes).substr(0, size));
    const auto whole = static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const Recorder::Told& event) { return event.end <= size; }));
    ASSERT_EQ(told.events.size(), whole) << size;
    const std::uint64_t end = whole == 0 ? 4 : all[whole - 1].end;
    ASSERT_EQ(done.has_value(), end == size) << size;
    if (!done) {
      ASSERT_EQ(done.error().code, ErrorCode::data_event_malformed) << size;
      ASSERT_EQ(done.error().where, fmt::format("{}:{}", path_, end)) << size;
    }
  }
}

TEST_F(LogWalk, EveryFlippedBitIsNamedWithFileAndPosition) {
  const auto seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  for (const std::string_view hex : {testing::mariadb_10_11, testing::mysql_9_7, testing::mysql_9_7_compressed}) {
    const std::string bytes = from_hex(hex);
    for (int i = 0; i < 400; ++i) {
      std::string damaged = bytes;
      const std::size_t bit = random() % (8 * bytes.size());
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto done = walk(damaged);
      // The flag of a file in use is not covered by the checksum, nor the version text that says there is one.
      const bool in_head = bit / 8 < 4 + event_header_size + 60;
      ASSERT_TRUE(!done || in_head) << bit;
      if (!done) {
        ASSERT_TRUE(done.error().where.starts_with(path_)) << done.error().message();
      }
    }
  }
}

TEST_F(LogWalk, RandomBytesBehindAGoodHeadAreErrorsOnly) {
  const auto seed = std::random_device()();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  std::string head = file_head();
  for (int i = 0; i < 1000; ++i) {
    std::string bytes = head;
    const std::size_t size = random() % 400;
    for (std::size_t n = 0; n < size; ++n) bytes += static_cast<char>(random());
    if (size > event_header_size && i % 2 == 0) {  // a length that fits
      bytes[head.size() + 9] = static_cast<char>(size);
      bytes[head.size() + 10] = static_cast<char>(size >> 8);
      bytes[head.size() + 11] = bytes[head.size() + 12] = 0;
    }
    const auto done = walk(bytes);
    ASSERT_TRUE(!done || size == 0);
  }
}

TEST_F(LogWalk, UnknownEventsAreSkippedByTheirLength) {
  for (const int type : {80, 100, 105, 200}) {
    const auto done = walk(file_head() + event_of(static_cast<EventType>(type), "whatever", true));
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_EQ(static_cast<int>(told.events.at(1).type), type);
  }
}

TEST_F(LogWalk, RowsOfBetasAreNamedAndSkipped) {
  ASSERT_TRUE(walk(file_head() + event_of(EventType::pre_ga_write_rows, "whatever", true)));
  EXPECT_FALSE(told.events.at(1).undecoded.empty());
}

TEST_F(LogWalk, FilesOfMySql323And40AreRead) {
  for (const std::uint16_t version : {1, 3}) {
    const std::size_t header_size = version == 1 ? event_header_size_v1 : event_header_size;
    std::string start{static_cast<char>(version), 0};
    start += std::string("4.0.27-log").append(40, '\0') + std::string(4, '\0');
    std::string query = std::string(8, '\0') + '\4' + std::string(2, '\0') + "shop";
    query += '\0';
    query += "INSERT INTO t VALUES (1)";
    const auto done =
        walk(magic + event_of(EventType::start_v3, start, false, header_size) +
             event_of(EventType::query, query, false, header_size) + event_of(EventType::stop, "", false, header_size));
    ASSERT_TRUE(done) << version << done.error().message();
    ASSERT_EQ(told.events.size(), 3u);
    EXPECT_EQ(told.events[1].type, EventType::query);
  }
}

TEST_F(LogWalk, WhatIsNoBinlogIsSaidSo) {
  const std::pair<std::string_view, std::string_view> kinds[] = {
      {"\xfd"
       "bin....",
       "encrypted"},
      {"\x28\xb5\x2f\xfd...", "zstd"},
      {"BZh91AY", "bzip2"},
      {"/*!50530 SET", "SQL text"},
      {"hello world", "magic number"},
      {"", "empty"},
      {"\xfe", "magic number"},
  };
  for (const auto& [bytes, expected] : kinds) {
    const auto done = walk(bytes);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::data_binlog_file);
    EXPECT_NE(done.error().what.find(expected), std::string::npos) << done.error().what;
    EXPECT_EQ(done.error().where, path_);
  }
  std::filesystem::remove(path_);
  EXPECT_EQ(walk_path().error().code, ErrorCode::io);
}

TEST_F(LogWalk, AnImpossibleLengthIsNamed) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{18}}) {
    const auto done = walk(file_head() + header_of(EventType::xid, size));
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().what.find("impossible length"), std::string::npos) << done.error().what;
    EXPECT_EQ(done.error().where, fmt::format("{}:{}", path_, file_head().size()));
  }
}

TEST_F(LogWalk, AnEncryptedRestIsAnErrorBehindItsStartEvent) {
  const auto done = walk(file_head() + event_of(EventType::start_encryption, std::string(17, '\1'), true) + "noise");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::data_binlog_file);
  EXPECT_EQ(told.events.back().type, EventType::start_encryption);
}

// ---- ranges

TEST_F(LogWalk, ARangeIsToldAndDamageBeforeItJumpedOver) {
  std::string bytes = from_hex(testing::mariadb_10_11);
  ASSERT_TRUE(walk(bytes));
  const auto all = told.events;
  ASSERT_GT(all.size(), 12u);
  ASSERT_TRUE(walk(bytes, {.from = all[5].begin, .to = all[9].begin}));
  ASSERT_EQ(told.events.size(), 4u);
  EXPECT_EQ(told.events.front().begin, all[5].begin);
  EXPECT_EQ(told.events.back().begin, all[8].begin);
  const std::size_t rows = told.rows;
  bytes[all[3].begin + 21] = static_cast<char>(bytes[all[3].begin + 21] ^ 1);
  ASSERT_FALSE(walk(bytes));
  ASSERT_TRUE(walk(bytes, {.from = all[5].begin, .to = all[9].begin}));
  EXPECT_EQ(told.events.size(), 4u);
  EXPECT_EQ(told.rows, rows);
}

TEST_F(LogWalk, RowsWhoseTableMapWasJumpedOverAreNamedNotDecoded) {
  std::string bytes = from_hex(testing::mariadb_10_11);
  ASSERT_TRUE(walk(bytes));
  const auto all = told.events;
  const auto rows = std::ranges::find(all, EventType::write_rows_v1, &Recorder::Told::type);
  ASSERT_NE(rows, all.end());
  const std::size_t map_begin = (rows - 1)->begin;
  bytes[map_begin + 21] = static_cast<char>(bytes[map_begin + 21] ^ 1);
  ASSERT_TRUE(walk(bytes, {.from = rows->begin}));
  EXPECT_FALSE(told.events.front().undecoded.empty());
}

// ---- large payloads

class LargePayload : public LogWalk {
 protected:
  // A payload without compression that holds so many xid events; larger than what is read at once.
  static std::string payload_of(std::size_t count) {
    std::string inner;
    const std::string one = event_of(EventType::xid, "12345678", false);
    for (std::size_t i = 0; i < count; ++i) inner += one;
    std::string body("\2\3\xfc\xff\0", 5);
    body += '\0';
    return event_of(EventType::transaction_payload, body + inner, true);
  }
  static constexpr std::size_t count = 100'000;
};

TEST_F(LargePayload, ComesInPieces) {
  const auto done = walk(file_head() + payload_of(count) + event_of(EventType::stop, "", true));
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(told.inner, count);
  EXPECT_EQ(told.events.size(), 3u);
}

TEST_F(LargePayload, IsNotToldWhenItsChecksumIsWrong) {
  std::string bytes = file_head() + payload_of(count);
  bytes[bytes.size() - 1000] ^= 1;
  const auto done = walk(bytes);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::data_event_checksum);
  EXPECT_EQ(done.error().where, fmt::format("{}:{}", path_, file_head().size()));
  EXPECT_EQ(told.inner, 0u);
}

TEST_F(LargePayload, FromGzipIsCheckedBeforeItsLastPieceIsGivenOut) {
  const auto pack = [&](const std::string& bytes) {
    gzFile file = gzopen(path_.c_str(), "wb1");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
  };
  std::string bytes = file_head() + payload_of(count) + event_of(EventType::stop, "", true);
  pack(bytes);
  const auto good = walk_path();
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(told.events.size(), 3u);
  bytes[bytes.size() - 1000] ^= 1;
  pack(bytes);
  const auto done = walk_path();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::data_event_checksum);
  EXPECT_LT(told.inner, count);
}

TEST_F(LargePayload, CutOffIsNamed) {
  const std::string bytes = file_head() + payload_of(count);
  const auto done = walk(std::string_view(bytes).substr(0, bytes.size() - 5));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().where, fmt::format("{}:{}", path_, file_head().size()));
}

TEST_F(LogWalk, AGzipStreamThatEndsTooEarlyIsNamed) {
  const std::string bytes = from_hex(testing::mysql_9_7);
  gzFile file = gzopen(path_.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  ASSERT_TRUE(walk_path());
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) / 2);
  const auto done = walk_path();
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().where.starts_with(path_ + ":")) << done.error().message();
}

}  // namespace
}  // namespace tributary::source
