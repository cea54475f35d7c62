#include "cli/progress_text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/text.h"

namespace tributary::cli {
namespace {

using pipeline::InstanceProgress;
using pipeline::Phase;
using pipeline::Progress;
using pipeline::TableProgress;

Progress in_mid_snapshot() {
  Progress progress{.task = "shop",
                    .phase = Phase::snapshot,
                    .snapshot_selected = true,
                    .records_sent = 1'240'100,
                    .records_acked = 1'230'000,
                    .bytes_acked = 310'000'000,
                    .elapsed_ms = 12'000};
  progress.tables = {{.database = "shop",
                      .table = "orders",
                      .rows_done = 812'345,
                      .rows_estimated = 1'000'000,
                      .changes = 120,
                      .shards = 8,
                      .shards_done = 3},
                     {.database = "shop",
                      .table = "regions",
                      .rows_done = 30,
                      .rows_estimated = 28,
                      .shards = 1,
                      .shards_done = 1,
                      .snapshot_done = true},
                     {.database = "shop",
                      .table = "users",
                      .rows_done = 400'000,
                      .rows_estimated = 600'000,
                      .changes = 7,
                      .shards = 4}};
  progress.instances = {{.address = "127.0.0.1:13306",
                         .server_version = "10.11.6-MariaDB",
                         .phase = Phase::snapshot,
                         .position = "mysql-bin.000012:4711",
                         .delay_ms = 350,
                         .changes = 127},
                        {.address = "127.0.0.1:13307",
                         .phase = Phase::retrying,
                         .position = "mysql-bin.000003:120",
                         .delay_ms = 61'000,
                         .xa_open = 2,
                         .problem = "[source.unreachable] the source can't be reached: connection refused",
                         .attempts = 3,
                         .retry_in_ms = 4000,
                         .failing_for_ms = 63'000,
                         .gives_up_in_ms = 43'137'000}};
  return progress;
}

Progress two_seconds_before() {
  Progress progress = in_mid_snapshot();
  progress.elapsed_ms = 10'000;
  progress.records_acked -= 300'000;
  progress.bytes_acked -= 72'400'000;
  progress.tables[0].rows_done -= 160'000;
  progress.tables[2].rows_done -= 140'000;
  return progress;
}

std::string joined(const std::vector<std::string>& lines) { return fmt::format("{}\n", fmt::join(lines, "\n")); }

TEST(ProgressScreen, ShowsTablesByActivityInstancesAndRetries) {
  const Progress before = two_seconds_before();
  EXPECT_EQ(joined(render_screen(&before, in_mid_snapshot(), {.width = 100, .height = 24})),
            R"(shop · full data migration · 0:12
  1,212,375 of ~1,600,030 rows (75 %) · 127 changes · 150,000 records/s · 36.2 MB/s · 0:02 left
  1,230,000 records delivered, 310 MB; 10,100 on their way

  table                rows     of about     %    changes    per s    left
  shop.orders       812,345    1,000,000  81 %        120   80,000    0:02
  shop.users        400,000      600,000  66 %          7   70,000    0:02
  shop.regions           30           30  done          0        0

  instance         position                    delay        changes  open XA
  127.0.0.1:13306  mysql-bin.000012:4711      350 ms            127        0
  127.0.0.1:13307  mysql-bin.000003:120         1:01              0        2
  ! attempt 3, next in 4.0 s: [source.unreachable] the source can't be reached: connection refused
    failing for 1:03, given up in 11:58:57
)");
}

TEST(ProgressScreen, WithoutAnEarlierLookThereAreNoRates) {
  const std::string screen = joined(render_screen(nullptr, in_mid_snapshot(), {.width = 100, .height = 24}));
  EXPECT_EQ(screen.find("/s"), std::string::npos) << screen;
  EXPECT_EQ(screen.find("left\n  1,230"), std::string::npos) << screen;
}

TEST(ProgressScreen, WithoutAnEstimateNoTotalAndNoRemainingTimeAreMadeUp) {
  const Progress before = two_seconds_before();
  Progress now = in_mid_snapshot();
  now.tables[2].rows_estimated = 0;
  const std::string screen = joined(render_screen(&before, now, {.width = 100, .height = 24}));
  EXPECT_NE(screen.find("  1,212,375 rows · 127 changes"), std::string::npos) << screen;
  EXPECT_NE(screen.find("400,000            ?"), std::string::npos) << screen;
  EXPECT_EQ(screen.find("0:00"), std::string::npos) << screen;
}

TEST(ProgressScreen, MoreRowsThanEstimatedAreNotDoneYet) {
  Progress now = in_mid_snapshot();
  now.tables[2].rows_estimated = 10;
  const std::string screen = joined(render_screen(nullptr, now, {.width = 100, .height = 24}));
  EXPECT_NE(screen.find("400,000      400,000  99 %"), std::string::npos) << screen;
}

TEST(ProgressScreen, StreamingWithoutASnapshotShowsNoRowColumns) {
  Progress progress = in_mid_snapshot();
  progress.phase = Phase::streaming;
  progress.snapshot_selected = false;
  progress.caught_up = true;
  progress.instances.pop_back();
  progress.records_sent = progress.records_acked;
  EXPECT_EQ(joined(render_screen(nullptr, progress, {.width = 80, .height = 24})),
            R"(shop · incremental data migration, caught up · 0:12
  127 changes
  1,230,000 records delivered, 310 MB

  table           changes    per s
  shop.orders         120
  shop.users            7
  shop.regions          0

  instance         position                    delay        changes  open XA
  127.0.0.1:13306  mysql-bin.000012:4711      350 ms            127        0
)");
}

TEST(ProgressScreen, TablesThatJoinedAreOneLineWithoutAName) {
  Progress now = in_mid_snapshot();
  now.tables.push_back({.database = "*", .table = "*", .rows_done = 5000, .rows_estimated = 5000});
  const std::string screen = joined(render_screen(nullptr, now, {.width = 100, .height = 24}));
  EXPECT_NE(screen.find("tables that came later"), screen.npos) << screen;
  EXPECT_EQ(screen.find("*.*"), screen.npos) << screen;
}

TEST(ProgressScreen, ManyTablesAreCutToTheBusiestAndTheRestIsCounted) {
  Progress before = in_mid_snapshot();
  before.tables.clear();
  for (int i = 0; i < 100; ++i) {
    before.tables.push_back(
        {.database = "shop", .table = fmt::format("t{:02}", i), .rows_estimated = 100, .snapshot_done = i < 40});
  }
  Progress now = before;
  now.elapsed_ms += 2000;
  now.tables[77].rows_done = 50;
  const auto lines = render_screen(&before, now, {.width = 100, .height = 24});
  EXPECT_LT(lines.size(), 24u);
  EXPECT_NE(lines[5].find("shop.t77"), std::string::npos) << "the busiest stands first\n" << joined(lines);
  EXPECT_NE(joined(lines).find("more tables, 40 of them done"), std::string::npos) << joined(lines);
  EXPECT_NE(joined(lines).find("127.0.0.1:13307"), std::string::npos) << "instances keep their place\n"
                                                                      << joined(lines);
}

TEST(ProgressScreen, NoLineIsWiderAndNoBlockHigherThanTheScreen) {
  Progress now = in_mid_snapshot();
  now.tables[0].table = std::string(300, 'x');
  now.tables[1].table = "注文表注文表注文表注文表";
  now.destination_problem = std::string(300, 'y') + "\n\x1b[31m";
  const Progress before = two_seconds_before();
  for (int width = 1; width < 200; width += 3) {
    for (const int height : {1, 2, 10, 50}) {
      const auto lines = render_screen(&before, now, {.width = width, .height = height});
      EXPECT_LE(lines.size(), static_cast<std::size_t>(std::max(1, height - 1)));
      for (const std::string& line : lines) {
        EXPECT_LE(display_width(line), width) << line;
        EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos) << line;
      }
    }
  }
}

TEST(ProgressScreen, ColourIsAddedOnlyWhenWanted) {
  EXPECT_NE(
      joined(render_screen(nullptr, in_mid_snapshot(), {.width = 100, .height = 24, .color = true})).find("\x1b[31m"),
      std::string::npos);
  EXPECT_EQ(joined(render_screen(nullptr, in_mid_snapshot(), {.width = 100, .height = 24})).find('\x1b'),
            std::string::npos);
}

TEST(ProgressLine, SaysPhaseRowsRatesAndTheLongestDelay) {
  const Progress before = two_seconds_before();
  EXPECT_EQ(render_line(&before, in_mid_snapshot()),
            "[0:12] shop: full data migration, 1,212,375 of ~1,600,030 rows (75 %), 127 changes, 150,000 records/s, "
            "36.2 MB/s, delay 1:01");
}

TEST(ProgressLines, AreDueEveryFiveSecondsAndOnAChangeOfPhase) {
  ProgressLines lines;
  Progress progress = in_mid_snapshot();
  progress.instances.clear();
  progress.elapsed_ms = 0;
  EXPECT_EQ(lines.take(progress).size(), 1u);
  progress.elapsed_ms = 4999;
  EXPECT_TRUE(lines.take(progress).empty());
  progress.elapsed_ms = 5000;
  EXPECT_EQ(lines.take(progress).size(), 1u);
  progress.elapsed_ms = 5500;
  progress.phase = Phase::streaming;
  const auto changed = lines.take(progress);
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_NE(changed[0].find("incremental data migration"), std::string::npos) << changed[0];
}

TEST(ProgressLines, TellTroubleOnceAndItsEnd) {
  ProgressLines lines;
  Progress progress = in_mid_snapshot();
  const auto first = lines.take(progress);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0],
            "[0:12] shop: instance 127.0.0.1:13307: [source.unreachable] the source can't be reached: connection "
            "refused (attempt 3, next in 4.0 s)");
  progress.instances[1].attempts = 4;
  EXPECT_TRUE(lines.take(progress).empty());
  progress.instances[1].problem.clear();
  EXPECT_EQ(lines.take(progress), std::vector<std::string>{"[0:12] shop: instance 127.0.0.1:13307: works again"});
}

TEST(ProgressJson, HoldsEveryCounterOnOneLine) {
  const std::string line = render_json(in_mid_snapshot(), "progress");
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["event"], "progress");
  EXPECT_EQ(json["phase"], "snapshot");
  EXPECT_EQ(json["rows_done"], 1'212'375);
  EXPECT_EQ(json["tables"][0]["table"], "orders");
  EXPECT_EQ(json["tables"][1]["snapshot_done"], true);
  EXPECT_EQ(json["instances"][1]["attempts"], 3);
  EXPECT_EQ(json["instances"][0]["delay_ms"], 350);
}

TEST(ProgressJson, AFailureCarriesItsErrorAndRemedy) {
  const base::Error error{base::ErrorCode::source_access_denied, "app", "10.0.0.1:3306"};
  const auto json = nlohmann::json::parse(render_json(in_mid_snapshot(), "failed", &error));
  EXPECT_EQ(json["error"]["code"], "source.access_denied");
  EXPECT_EQ(json["error"]["where"], "10.0.0.1:3306");
  EXPECT_FALSE(json["error"]["remedy"].get<std::string>().empty());
}

}  // namespace
}  // namespace tributary::cli
