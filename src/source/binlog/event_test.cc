#include "source/binlog/event.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "source/binlog/event_body.h"
#include "source/binlog/payload.h"
#include "source/binlog/test_binlog.h"
#include "source/binlog/test_fixtures.h"

namespace tributary::source {
namespace {

using base::ErrorCode;
using testing::BinlogWalker;
using testing::from_hex;

// An event with a right size, and a right checksum if wanted.
std::string make_event(EventType type, std::string_view body, bool checksum, std::uint16_t flags = 0) {
  std::string event(event_header_size, '\0');
  event[4] = static_cast<char>(type);
  event[17] = static_cast<char>(flags);
  event += body;
  const std::size_t size = event.size() + (checksum ? 4 : 0);
  for (int i = 0; i < 4; ++i) event[static_cast<std::size_t>(9 + i)] = static_cast<char>(size >> (8 * i));
  if (checksum) {
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(event.data()), static_cast<uInt>(event.size()));
    for (int i = 0; i < 4; ++i) event += static_cast<char>(crc >> (8 * i));
  }
  return event;
}

EventView view_of(EventType type, std::string_view body) {
  EventView event{{}, body, event_header_size};
  event.header.type = type;
  return event;
}

FormatDescription with(Checksum checksum) {
  FormatDescription format;
  format.checksum = checksum;
  return format;
}

// The first event of a fixture, its format description.
std::string first_event(std::string_view hex) {
  const std::string file = from_hex(hex);
  auto header = parse_event_header(std::string_view(file).substr(4));
  return file.substr(4, header->size);
}

TEST(Event, ChecksumIsVerifiedAndCutOff) {
  const std::string raw = make_event(EventType::xid, "12345678", true);
  auto event = parse_event(raw, with(Checksum::crc32));
  ASSERT_TRUE(event) << event.error().message();
  EXPECT_EQ(event->body, "12345678");
  EXPECT_EQ(event->header.type, EventType::xid);
  std::string damaged = raw;
  damaged[20] ^= 1;
  auto error = parse_event(damaged, with(Checksum::crc32));
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, ErrorCode::data_event_checksum);
}

TEST(Event, EveryDamagedBitOfAnEventIsNoticed) {
  const std::string raw = make_event(EventType::xid, "12345678", true);
  for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
    std::string damaged = raw;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(parse_event(damaged, with(Checksum::crc32))) << "bit " << bit;
  }
}

TEST(Event, ArtificialRotateBeforeTheFormatDescriptionMayHaveAChecksumOrNot) {
  const std::string body = std::string("\4\0\0\0\0\0\0\0", 8) + "mysql-bin.000007";
  for (const bool checksum : {true, false}) {
    const std::string raw = make_event(EventType::rotate, body, checksum, EventHeader::flag_artificial);
    FormatDescription format;
    auto event = parse_event(raw, format);
    ASSERT_TRUE(event);
    EXPECT_TRUE(event->header.is_artificial());
    auto rotate = parse_rotate(*event, format);
    ASSERT_TRUE(rotate);
    EXPECT_EQ(rotate->file, "mysql-bin.000007");
    EXPECT_EQ(rotate->position, 4u);
  }
}

TEST(Event, SizeMustBeWhatTheHeaderSays) {
  const std::string raw = make_event(EventType::xid, "12345678", false);
  for (std::size_t size = 0; size < raw.size(); ++size) {
    EXPECT_FALSE(parse_event(std::string_view(raw).substr(0, size), with(Checksum::off)));
  }
  EXPECT_FALSE(parse_event(raw + "x", with(Checksum::off)));
  EXPECT_FALSE(parse_event(raw.substr(0, event_header_size), with(Checksum::crc32)));
}

TEST(FormatDescription, TellsServerAndChecksum) {
  struct Case {
    std::string_view hex;
    std::string_view version;
    bool is_mariadb;
  };
  for (const Case& c : {Case{testing::mariadb_10_11, "10.11.19-MariaDB", true},
                        Case{testing::mysql_5_6, "5.6.24-log", false}, Case{testing::mysql_9_7, "9.7.4", false}}) {
    const std::string raw = first_event(c.hex);
    auto event = parse_event(raw, FormatDescription());
    ASSERT_TRUE(event) << event.error().message();
    auto format = parse_format_description(*event);
    ASSERT_TRUE(format) << format.error().message();
    EXPECT_EQ(format->server_version.substr(0, c.version.size()), c.version);
    EXPECT_EQ(format->is_mariadb, c.is_mariadb);
    EXPECT_EQ(format->checksum, Checksum::crc32);
    EXPECT_EQ(format->header_length, 19);
    EXPECT_EQ(format->post_header_length(EventType::query), 13u);
    EXPECT_EQ(format->post_header_length(EventType::rotate), 8u);
    EXPECT_EQ(format->post_header_length(EventType::table_map), 8u);
    EXPECT_EQ(format->post_header_length(EventType::write_rows), 10u);
  }
}

TEST(FormatDescription, IsCheckedWithoutTheFlagOfAnOpenFile) {
  std::string raw = first_event(testing::mysql_9_7);
  raw[17] = static_cast<char>(raw[17] | EventHeader::flag_in_use);
  EXPECT_TRUE(parse_event(raw, with(Checksum::crc32)));
  raw[30] ^= 1;
  auto damaged = parse_event(raw, with(Checksum::off));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::data_event_checksum);
}

TEST(FormatDescription, OtherBinlogVersionsAreRefusedClearly) {
  std::string body(2 + 50 + 4 + 1 + 13, '\0');
  body[0] = 3;
  body.replace(2, 6, "5.0.0x");
  auto format = parse_format_description(view_of(EventType::format_description, body));
  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().code, ErrorCode::data_event_unsupported);
  EXPECT_NE(format.error().what.find("binlog version 3"), std::string::npos);
  auto v3 = parse_format_description(view_of(EventType::start_v3, body));
  ASSERT_FALSE(v3);
  EXPECT_EQ(v3.error().code, ErrorCode::data_event_unsupported);
}

TEST(FormatDescription, ServersBefore561HaveNoChecksum) {
  std::string body(2 + 50 + 4 + 1 + 27, '\0');
  body[0] = 4;
  body.replace(2, 6, "5.5.62");
  body[56] = 19;
  const std::string raw = make_event(EventType::format_description, body, false);
  auto event = parse_event(raw, FormatDescription());
  ASSERT_TRUE(event);
  auto format = parse_format_description(*event);
  ASSERT_TRUE(format);
  EXPECT_EQ(format->checksum, Checksum::off);
  EXPECT_EQ(format->server_version, "5.5.62");
}

TEST(EventTypes, PreGaRowsAreRefusedWithTheirOrigin) {
  EXPECT_TRUE(is_pre_ga_rows_event(EventType::pre_ga_update_rows));
  EXPECT_FALSE(is_rows_event(EventType::pre_ga_update_rows));
  EXPECT_NE(refuse_event(EventType::pre_ga_update_rows).message().find("5.1.18"), std::string::npos);
  EXPECT_TRUE(is_rows_event(EventType::partial_update_rows));
  EXPECT_TRUE(is_rows_event(EventType::write_rows_compressed_v1));
  EXPECT_FALSE(is_rows_event(EventType::table_map));
  EXPECT_EQ(to_string(static_cast<EventType>(100)), "Unknown");
}

// ---- bodies, from real files

class Bodies : public BinlogWalker {
 public:
  std::vector<GtidEvent> gtids;
  std::vector<MariaDbGtidEvent> mariadb_gtids;
  std::vector<XaPrepareEvent> prepares;
  std::vector<std::string> texts;
  std::vector<std::string> rotations;
  std::string previous;
  std::vector<QueryEvent> query_heads;

 protected:
  void on_event(const EventView& event, const FormatDescription& format) override {
    switch (event.header.type) {
      case EventType::gtid:
      case EventType::gtid_tagged:
        gtids.push_back(*parse_gtid(event));
        gtids.back().tag = tags.emplace_back(gtids.back().tag);
        break;
      case EventType::mariadb_gtid:
        mariadb_gtids.push_back(*parse_mariadb_gtid(event));
        break;
      case EventType::xa_prepare:
        prepares.push_back(*parse_xa_prepare(event));
        break;
      case EventType::annotate_rows:
        texts.emplace_back(*parse_rows_query(event));
        break;
      case EventType::rotate:
        rotations.emplace_back(parse_rotate(event, format)->file);
        break;
      case EventType::previous_gtids:
        previous = parse_previous_gtids(event)->text();
        break;
      default:
        break;
    }
  }
  void on_query(const QueryEvent& query) override {
    if (query.sql.starts_with("XA ")) texts.emplace_back(query.sql);
    query_heads.push_back(query);
  }

 private:
  std::vector<std::string> tags = [] {
    std::vector<std::string> list;
    list.reserve(100);  // views into it are kept
    return list;
  }();
};

TEST(EventBody, MySqlGtidTellsNumberClockAndCommitTime) {
  Bodies bodies;
  bodies.walk(from_hex(testing::mysql_9_7));
  ASSERT_EQ(bodies.first_error, "");
  ASSERT_EQ(bodies.gtids.size(), 9u);
  const GtidEvent& gtid = bodies.gtids[3];
  EXPECT_EQ(gtid.source_text().size(), 36u);
  EXPECT_EQ(gtid.number, 4u);
  EXPECT_EQ(gtid.sequence_number, 4);
  EXPECT_EQ(gtid.immediate_commit_us / 1'000'000 / 86400 / 365, 56u);  // 2026
  EXPECT_EQ(gtid.original_commit_us, gtid.immediate_commit_us);
  EXPECT_EQ(gtid.transaction_length, 407u);
  EXPECT_FALSE(gtid.is_anonymous);
}

TEST(EventBody, MySql56GtidHasNoClock) {
  Bodies bodies;
  bodies.walk(from_hex(testing::mysql_5_6));
  ASSERT_EQ(bodies.gtids.size(), 4u);
  EXPECT_EQ(bodies.gtids[3].number, 4u);
  EXPECT_EQ(bodies.gtids[3].last_committed, 0);
  EXPECT_EQ(bodies.gtids[3].immediate_commit_us, 0u);
}

TEST(EventBody, TaggedGtidsAndSetsOfThemAreRead) {
  Bodies bodies;
  bodies.walk(from_hex(testing::mysql_9_7_compressed));
  ASSERT_EQ(bodies.gtids.size(), 5u);
  const GtidEvent& tagged = bodies.gtids[4];
  EXPECT_EQ(tagged.tag, "blue");
  EXPECT_EQ(tagged.number, 1u);
  EXPECT_EQ(tagged.last_committed, 4);
  EXPECT_EQ(tagged.sequence_number, 5);
  EXPECT_EQ(tagged.transaction_length, 311u);
  EXPECT_GT(tagged.immediate_commit_us, bodies.gtids[3].immediate_commit_us);
  EXPECT_EQ(tagged.source_text(), bodies.gtids[3].source_text() + ":blue");
  const std::string uuid = bodies.gtids[3].source_text();
  Bodies next;
  next.walk(from_hex(testing::mysql_9_7_tagged_previous));
  auto set = model::GtidSet::parse(next.previous);
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->contains_mysql(uuid, 4));
  EXPECT_FALSE(set->contains_mysql(uuid, 5));
  EXPECT_TRUE(set->contains_mysql(uuid + ":blue", 1));
}

TEST(EventBody, MySqlXaIsToldByQueriesAndPrepareEvents) {
  Bodies bodies;
  bodies.walk(from_hex(testing::mysql_9_7));
  EXPECT_EQ(bodies.texts, (std::vector<std::string>{"XA START X'747831',X'62',7", "XA END X'747831',X'62',7",
                                                    "XA COMMIT X'747831',X'62',7", "XA START X'747832',X'',1",
                                                    "XA END X'747832',X'',1", "XA ROLLBACK X'747832',X'',1",
                                                    "XA START X'747833',X'',1", "XA END X'747833',X'',1"}));
  ASSERT_EQ(bodies.prepares.size(), 3u);
  EXPECT_EQ(bodies.prepares[0].id.key(), "X'747831',X'62',7");
  EXPECT_FALSE(bodies.prepares[0].one_phase);
  EXPECT_TRUE(bodies.prepares[2].one_phase);
  EXPECT_EQ(bodies.rotations, (std::vector<std::string>{"mysql-bin.000002"}));
}

TEST(EventBody, MariaDbXaIsToldByGtidEvents) {
  Bodies bodies;
  bodies.walk(from_hex(testing::mariadb_10_11));
  ASSERT_EQ(bodies.first_error, "");
  ASSERT_EQ(bodies.mariadb_gtids.size(), 9u);
  EXPECT_TRUE(bodies.mariadb_gtids[0].is_standalone());
  EXPECT_FALSE(bodies.mariadb_gtids[1].is_standalone());
  EXPECT_FALSE(bodies.mariadb_gtids[1].xa);
  EXPECT_EQ(bodies.mariadb_gtids[1].sequence, 2u);
  EXPECT_TRUE(bodies.mariadb_gtids[4].is_prepared_xa());
  EXPECT_EQ(bodies.mariadb_gtids[4].xa->key(), "X'747831',X'62',7");
  EXPECT_TRUE(bodies.mariadb_gtids[5].is_completed_xa());
  EXPECT_EQ(bodies.mariadb_gtids[5].xa, bodies.mariadb_gtids[4].xa);
  ASSERT_EQ(bodies.prepares.size(), 2u);
  EXPECT_EQ(bodies.prepares[1].id.key(), "X'747832',X'',1");
  EXPECT_EQ(bodies.texts[0].substr(0, 13), "insert into a");
}

TEST(EventBody, QueryTellsItsSession) {
  Bodies bodies;
  bodies.walk(from_hex(testing::mysql_9_7));
  ASSERT_GT(bodies.query_heads.size(), 1u);
  const QueryEvent& ddl = bodies.query_heads[0];
  constexpr std::uint64_t mode_allow_invalid_dates = 0x2000000;
  EXPECT_EQ(ddl.sql_mode, mode_allow_invalid_dates);
  EXPECT_EQ(ddl.client_collation, 45);
  EXPECT_TRUE(ddl.ddl_xid);
  EXPECT_EQ(ddl.error_code, 0);
  EXPECT_GT(ddl.thread_id, 0u);
}

TEST(EventBody, HeartbeatOfBothVersions) {
  EventView old = view_of(EventType::heartbeat, "mysql-bin.000003");
  old.header.next_position = 4711;
  auto heartbeat = parse_heartbeat(old);
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->file, "mysql-bin.000003");
  EXPECT_EQ(heartbeat->position, 4711u);

  const std::string body = std::string("\1\5b.003\2\4\xfd\1\0\1\0", 14);
  EventView mariadb = view_of(EventType::heartbeat, std::string_view("\x04\0\0\0\x01\0\0\0b.000003", 16));
  mariadb.header.next_position = 0;
  heartbeat = parse_heartbeat(mariadb);
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->file, "b.000003");
  EXPECT_EQ(heartbeat->position, (1ull << 32) + 4);
  auto beyond = parse_heartbeat(view_of(EventType::heartbeat_v2, body));
  ASSERT_TRUE(beyond) << beyond.error().message();
  EXPECT_EQ(beyond->file, "b.003");
  EXPECT_EQ(beyond->position, 65537u);
}

TEST(EventBody, IncidentTellsItsMessage) {
  const std::string body = std::string("\1\0\4lost", 7);
  auto incident = parse_incident(view_of(EventType::incident, body));
  ASSERT_TRUE(incident);
  EXPECT_EQ(incident->number, 1);
  EXPECT_EQ(incident->message, "lost");
}

TEST(EventBody, HugeCountsFailBeforeAnythingIsAllocated) {
  EXPECT_FALSE(parse_previous_gtids(view_of(EventType::previous_gtids, std::string(8, '\xff'))));
  std::string body = std::string("\1\0\0\0\0\0\0\0", 8) + std::string(16, 'u') + std::string(8, '\x7f');
  EXPECT_FALSE(parse_previous_gtids(view_of(EventType::previous_gtids, body)));
  EXPECT_FALSE(parse_mariadb_gtid_list(view_of(EventType::mariadb_gtid_list, "\xff\xff\xff\xff")));
}

// ---- what holds other events

TEST(Payload, AnotherCompressionIsRefusedNamingTheSetting) {
  PayloadReader reader;
  auto opened = reader.open(view_of(EventType::transaction_payload, std::string("\2\1\7\1\1\4\0abcd", 11)));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::data_event_unsupported);
  EXPECT_NE(opened.error().what.find("binlog_transaction_compression"), std::string::npos);
}

TEST(Payload, UncompressedOnesAreRead) {
  const std::string inner = make_event(EventType::xid, "12345678", false);
  std::string body("\2\3\xfc\xff\0", 5);  // compression 255: none
  body += '\0';
  body += inner + inner;
  PayloadReader reader;
  ASSERT_TRUE(reader.open(view_of(EventType::transaction_payload, body)));
  std::string_view raw;
  for (int i = 0; i < 2; ++i) {
    auto more = reader.next(raw);
    ASSERT_TRUE(more && *more);
    EXPECT_EQ(raw, inner);
  }
  auto more = reader.next(raw);
  ASSERT_TRUE(more);
  EXPECT_FALSE(*more);
}

TEST(Payload, CutOffZstdIsAnErrorNotAnEnd) {
  const std::string file = from_hex(testing::mysql_9_7_compressed);
  class Cutter : public BinlogWalker {
   public:
    std::size_t cut = 0, failed = 0;

   protected:
    void on_event(const EventView& event, const FormatDescription&) override {
      if (event.header.type != EventType::transaction_payload) return;
      PayloadReader reader;
      // Without its size field the payload is what is there.
      for (std::size_t size = event.body.size() - 20; size < event.body.size(); ++size) {
        std::string body(event.body.substr(0, size));
        ++cut;
        if (!reader.open(view_of(EventType::transaction_payload, body))) {
          ++failed;
          continue;
        }
        std::string_view raw;
        while (true) {
          auto more = reader.next(raw);
          if (!more) ++failed;
          if (!more || !*more) break;
        }
      }
    }
  } cutter;
  cutter.walk(file);
  EXPECT_GT(cutter.cut, 0u);
  EXPECT_EQ(cutter.failed, cutter.cut);
}

TEST(Payload, HoldingLessThanItsHeaderSaysIsAnError) {
  const std::string inner = make_event(EventType::xid, "12345678", false);
  std::string body("\2\3\xfc\xff\0\3\1\x50", 8);  // uncompressed size 80, with 27 there
  body += '\0';
  body += inner;
  PayloadReader reader;
  ASSERT_TRUE(reader.open(view_of(EventType::transaction_payload, body)));
  std::string_view raw;
  ASSERT_TRUE(reader.next(raw));
  EXPECT_FALSE(reader.next(raw));
}

TEST(EventBody, AMariaDbAlterInTwoPhasesIsKnownFromItsGtid) {
  std::string body = std::string(12, '\1') + '\1';  // standalone
  auto start = parse_mariadb_gtid(view_of(EventType::mariadb_gtid, body + '\2' + std::string(5, '\0')));
  ASSERT_TRUE(start);
  EXPECT_TRUE(start->is_alter_without_effect());
  auto commit = parse_mariadb_gtid(view_of(EventType::mariadb_gtid, body + '\4' + '\7' + std::string(7, '\0')));
  ASSERT_TRUE(commit);
  EXPECT_FALSE(commit->is_alter_without_effect());
  EXPECT_EQ(commit->start_alter_sequence, 7u);
  EXPECT_FALSE(parse_mariadb_gtid(view_of(EventType::mariadb_gtid, body + '\4' + '\7')));
}

TEST(EventBody, TheStatementsOfAMariaDbAlterInTwoPhasesAreRead) {
  // The status variables' ends as MariaDB 10.11.19 writes them, at the start and at the end of the ALTER.
  for (const std::string_view status :
       {std::string_view("\x82\x02", 2), std::string_view("\x82\x04\x05\0\0\0\0\0\0\0", 10)}) {
    std::string body = std::string(8, '\0') + '\1' + std::string(2, '\0');
    body += static_cast<char>(status.size());
    body += '\0';
    body += status;
    body += "q";
    body += '\0';
    body += "ALTER TABLE t ADD b INT";
    base::Buffer scratch;
    auto query = parse_query(view_of(EventType::query, body), FormatDescription(), scratch);
    ASSERT_TRUE(query) << query.error().message();
    EXPECT_EQ(query->sql, "ALTER TABLE t ADD b INT");
  }
}

TEST(EventBody, ALoadDataStatementIsReadAsAQuery) {
  std::string body = std::string(8, '\0') + '\4' + std::string(4, '\0');  // no status variables
  body += std::string(13, '\0') + "shop";
  body += '\0';
  base::Buffer scratch;
  auto query =
      parse_query(view_of(EventType::execute_load_query, body + "LOAD DATA ..."), FormatDescription(), scratch);
  ASSERT_TRUE(query) << query.error().message();
  EXPECT_EQ(query->database, "shop");
  EXPECT_EQ(query->sql, "LOAD DATA ...");
}

TEST(Payload, ClaimsBeyondWhatDeflateCanHoldAreMalformed) {
  base::Buffer out;
  const std::string_view body(
      "\x84\x7f\xff\xff\xff"
      "abcdef",
      11);
  EXPECT_FALSE(inflate_mariadb(body, out, 0));
  EXPECT_EQ(out.capacity(), 0u);
}

}  // namespace
}  // namespace tributary::source
