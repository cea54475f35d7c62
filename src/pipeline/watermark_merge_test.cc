// A model of the merge of chunks with the live stream (invariant 2): a server whose binlog is flushed before its engine
// commits, a stream that reads the log as soon as it is flushed, and readers of chunks that follow the protocol of
// source/snapshot/view.h step by step. Every step is one of those that could be next, chosen at random. What leaves has
// to rise in versions for each row and to end as the source is.
//
// TRIBUTARY_MODEL_RUNS: interleavings for each kind of server (100,000).
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "pipeline/change_window.h"

namespace tributary::pipeline {
namespace {

constexpr std::size_t row_count = 6, readers_count = 2, transactions_max = 12;

struct Row {
  int version = 0;
  bool is_there = false;
  bool operator==(const Row&) const = default;
};
using Rows = std::array<Row, row_count>;

struct Transaction {
  std::vector<std::pair<std::size_t, Row>> changes;
  bool is_xa = false;  // decided in the log, and finished by the engine outside the log's order
  bool is_visible = false;
};

enum class Server : std::uint8_t {
  exact_views,  // MariaDB: a view tells its position
  heartbeat,    // MySQL: a write of ours returns when all that was flushed before it is committed
  gtids,        // MySQL without the right to write: what was emitted has to be in gtid_executed
};
enum class Barrier : std::uint8_t { kept, left_out };

class Model {
 public:
  Model(Server server, Barrier barrier, std::mt19937& random) : server_(server), barrier_(barrier), random_(random) {
    for (Row& row : rows_) row.is_there = chance(2);
    known_.fill({-1, false});
  }

  // What was wrong, if anything was.
  std::string run() {
    while (wrong_.empty() && !is_done()) step();
    for (std::size_t row = 0; wrong_.empty() && row < row_count; ++row)
      if (known_[row].version < 0 ? rows_[row].is_there : rows_[row] != known_[row])
        wrong_ = "row " + std::to_string(row) + " ends otherwise than at the source";
    return wrong_;
  }

 private:
  struct Reader {
    enum class At : std::uint8_t { closed, open, past_xa, beating, may_look, reading, done } at = At::closed;
    ChangeWindow::Ticket ticket = 0;
    std::size_t emitted = 0;  // transactions when the chunk was opened
    std::size_t heartbeat = 0;
    std::size_t high = 0;
    Rows view;
  };

  bool chance(unsigned of) { return random_() % of == 0; }

  bool is_done() const {
    for (const Reader& reader : readers_)
      if (reader.at != Reader::At::done) return false;
    return log_.size() >= transactions_max && next_ == log_.size() && all_visible(log_.size());
  }

  bool all_visible(std::size_t end) const {
    for (std::size_t i = 0; i < end; ++i)
      if (!log_[i].is_visible) return false;
    return true;
  }
  // The engine's commits in the log's order: how many are done.
  std::size_t in_order() const {
    std::size_t n = 0;
    while (n < log_.size() && (log_[n].is_xa || log_[n].is_visible)) ++n;
    return n;
  }

  void step() {
    switch (random_() % 4) {
      case 0:
        if (log_.size() < transactions_max + readers_count) flush_transaction();
        break;
      case 1:
        finish_a_commit();
        break;
      case 2:
        if (next_ < log_.size()) stream();
        break;
      default:
        const std::size_t number = random_() % readers_count;
        read(readers_[number], number);
    }
  }

  // To the binlog. Its rows are locked until the engine has committed.
  void flush_transaction() {
    Transaction made;
    made.is_xa = chance(4);
    for (std::size_t i = 0; i < 1 + random_() % 3; ++i) {
      const std::size_t row = random_() % row_count;
      if (locked_[row]) continue;
      locked_[row] = true;
      made.changes.emplace_back(row, Row{rows_[row].version + 1, !rows_[row].is_there || chance(2)});
    }
    if (!made.changes.empty()) log_.push_back(std::move(made));
  }

  void finish_a_commit() {
    std::vector<std::size_t> can;
    if (const std::size_t next = in_order(); next < log_.size()) can.push_back(next);
    // MariaDB's XA COMMIT goes through the queue of its group commit and reaches the engine behind it: late, never
    // early.
    const std::size_t end = server_ == Server::exact_views ? in_order() : log_.size();
    for (std::size_t i = 0; i < end; ++i)
      if (log_[i].is_xa && !log_[i].is_visible) can.push_back(i);
    if (can.empty()) return;
    Transaction& transaction = log_[can[random_() % can.size()]];
    transaction.is_visible = true;
    for (const auto& [row, now] : transaction.changes) {
      rows_[row] = now;
      locked_[row] = false;
    }
  }

  void stream() {
    for (const auto& [row, now] : log_[next_].changes) {
      window_.changed(std::to_string(row));
      leave(row, now, "a change");
    }
    ++next_;
  }

  void leave(std::size_t row, const Row& now, const std::string& what) {
    Row& known = known_[row];
    if (now.version < known.version || (now.version == known.version && now != known))
      wrong_ = what + " of row " + std::to_string(row) + " has version " + std::to_string(now.version) + " behind " +
               std::to_string(known.version);
    known = now;
  }

  void read(Reader& reader, std::size_t number) {
    using enum Reader::At;
    switch (reader.at) {
      case closed:
        reader.ticket = window_.open();
        reader.emitted = next_;
        reader.at = barrier_ == Barrier::kept ? open : may_look;
        break;
      case open:  // XA RECOVER lists nothing that the stream has seen decided
        for (std::size_t i = 0; i < reader.emitted; ++i)
          if (log_[i].is_xa && !log_[i].is_visible) return;
        reader.at = past_xa;
        break;
      case past_xa:
        if (server_ == Server::heartbeat) {
          log_.emplace_back();
          reader.heartbeat = log_.size();
          reader.at = beating;
        } else if (server_ == Server::exact_views || all_visible(reader.emitted)) {
          reader.at = may_look;
        }
        break;
      case beating:
        if (in_order() >= reader.heartbeat) reader.at = may_look;
        break;
      case may_look:
        reader.view = rows_;
        reader.high = server_ == Server::exact_views ? in_order() : log_.size();
        // Taken again if the dump has sent what the engine is still committing.
        if (server_ == Server::exact_views && barrier_ == Barrier::kept && reader.high < reader.emitted) return;
        reader.at = reading;
        break;
      case reading:
        if (next_ < reader.high) return;
        for (std::size_t row = number; row < row_count; row += readers_count)
          if (reader.view[row].is_there && !window_.is_outdated(reader.ticket, std::to_string(row)))
            leave(row, reader.view[row], "a row of a chunk");
        window_.close(reader.ticket);
        reader.at = done;
        break;
      case done:
        break;
    }
  }

  const Server server_;
  const Barrier barrier_;
  std::mt19937& random_;
  std::vector<Transaction> log_;
  Rows rows_;   // as the engine shows them
  Rows known_;  // as the topic tells them; version -1: nothing yet
  std::array<bool, row_count> locked_{};
  std::size_t next_ = 0;  // of the log, to be emitted
  ChangeWindow window_;
  std::array<Reader, readers_count> readers_;
  std::string wrong_;
};

std::size_t runs() {
  const char* asked = std::getenv("TRIBUTARY_MODEL_RUNS");
  return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 100'000;
}

class WatermarkMerge : public testing::TestWithParam<Server> {};

TEST_P(WatermarkMerge, IsRightInWhateverOrderThingsHappen) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < runs(); ++i) {
    const std::string wrong = Model(GetParam(), Barrier::kept, random).run();
    ASSERT_EQ(wrong, "") << "interleaving " << i;
  }
}

// The model would tell.
TEST_P(WatermarkMerge, IsWrongNowAndThenWithoutTheBarrier) {
  std::mt19937 random(1);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < 20'000; ++i) wrong += !Model(GetParam(), Barrier::left_out, random).run().empty();
  EXPECT_GT(wrong, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, WatermarkMerge, testing::Values(Server::exact_views, Server::heartbeat, Server::gtids));

}  // namespace
}  // namespace tributary::pipeline
