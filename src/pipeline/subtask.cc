#include "pipeline/subtask.h"

#include <fmt/format.h>

#include <optional>
#include <thread>

#include "base/backoff.h"
#include "base/log.h"
#include "checkpoint/saver.h"
#include "pipeline/kept_delivery.h"
#include "pipeline/schema_keeper.h"
#include "pipeline/schema_records.h"
#include "pipeline/schema_start.h"
#include "pipeline/snapshot_reader.h"
#include "pipeline/start_position.h"
#include "source/heartbeat.h"
#include "source/snapshot/view.h"

namespace tributary::pipeline {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::int64_t flush_ms_max = 30'000, flush_ms_least = 1'000;  // the latter with a broker that is away
constexpr std::int64_t hand_over_ms_max = 20'000;
constexpr std::int64_t backoff_least_ms = 250, backoff_most_ms = 15'000;
constexpr std::int64_t takeover_ms = 3'000;  // by then another run has committed its first checkpoint
constexpr std::uint64_t dead_letters_told_max = 20;
constexpr std::size_t key_bytes_told_max = 200;
constexpr std::int64_t calm_ms = 60'000;  // an attempt this long ends a series of failures

// The others are of servers and brokers that answer.
bool is_of_connection(ErrorCode code) {
  return code == ErrorCode::source_unreachable || code == ErrorCode::source_lost || code == ErrorCode::source_moved ||
         code == ErrorCode::source_behind || code == ErrorCode::destination_unreachable;
}

}  // namespace

// What lives as long as one attempt, in the order in which it is put together.
struct Subtask::Attempt {
  base::CancelToken cancel;   // read no more
  base::CancelToken give_up;  // don't even finish handing over what was read
  TableSet tables;            // as they are at the checkpoint's place
  std::unique_ptr<SchemaHistory> history;
  std::unique_ptr<SchemaKeeper> schemas;
  std::unique_ptr<checkpoint::Saver> saver;
  std::unique_ptr<sink::Delivery> delivery;
  std::unique_ptr<Sequencer> sequencer;
  std::unique_ptr<source::BinlogStream> stream;
  std::unique_ptr<SnapshotReader> snapshot;
  std::unique_ptr<source::Heartbeat> heartbeat;

  std::atomic<bool> drained = false;

  std::mutex error_mutex;
  std::optional<Error> error;

  void fail_with(Error e) {
    {
      std::lock_guard lock(error_mutex);
      // A cancelled part is the echo of another's failure.
      if (!error || (error->is_cancelled() && !e.is_cancelled())) error = std::move(e);
    }
    stop();
  }
  void stop() {
    cancel.request();
    if (sequencer) sequencer->cancel();
    if (stream) stream->abort();
    if (snapshot) snapshot->abort();
  }
};

Subtask::Subtask(const Config& config, const source::Topology& topology, TableSet tables, store::Store& store,
                 DdlBoard& board, const base::Clock& clock, bool until_caught_up)
    : config_(config),
      topology_(topology),
      router_(make_router()),
      tables_(std::move(tables)),
      store_(store),
      board_(board),
      counters_(topology.tables.size() + 1),
      clock_(clock),
      until_caught_up_(until_caught_up),
      subtask_count_(topology.instances.size()),
      accept_{config.accepts_structure, {}},
      addresses_(tables_.instance.endpoint) {}

Subtask::~Subtask() = default;

void Subtask::stop() {
  stop_.request();
  std::lock_guard lock(mutex_);
  if (current_) current_->stop();
}

void Subtask::set_problem(std::string problem, std::uint64_t attempts, std::int64_t retry_in_ms, std::int64_t since_ms,
                          std::int64_t limit_ms) {
  std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
  attempts_ = attempts;
  retry_in_ms_ = retry_in_ms;
  failing_since_ms_ = since_ms;
  retry_limit_ms_ = limit_ms;
}

Status Subtask::run() {
  base::Backoff backoff(backoff_least_ms, backoff_most_ms);
  std::int64_t failing_since_ms = 0;
  while (true) {
    const std::int64_t begun_ms = clock_.monotonic_ms();
    Status done = attempt();
    if (done) {
      phase_ = stop_.requested() ? Phase::stopping : Phase::done;
      return done;
    }
    if (stop_.requested()) return fail(ErrorCode::cancelled);
    Error& error = done.error();
    const std::int64_t now_ms = clock_.monotonic_ms();
    if (failing_since_ms == 0 || now_ms - begun_ms > calm_ms) {
      failing_since_ms = now_ms;
      backoff.reset();
    }
    // A broker refuses in much the same words the one that was fenced and the one whose transaction it has given up,
    // after a long stop say. To try again would fence the newer one.
    if (error.code == ErrorCode::destination_fenced || error.code == ErrorCode::destination_transaction_lost) {
      if (stop_.wait_for_ms(takeover_ms)) return fail(ErrorCode::cancelled);
      if (const auto taken = is_taken_over(config_, name(), former_run_, stop_))
        error.code = *taken ? ErrorCode::destination_fenced : ErrorCode::destination_transaction_lost;
    }
    // An id of our own making is given up for another one.
    const bool other_id = error.code == ErrorCode::source_server_id && config_.server_id == 0;
    if (other_id) ++replica_attempt_;
    const std::int64_t limit_ms = is_of_connection(error.code) ? config_.retry_connection_ms : config_.retry_other_ms;
    if (!(error.is_retriable() || other_id) || now_ms - failing_since_ms > limit_ms) {
      phase_ = Phase::failed;
      return done;
    }
    const std::int64_t wait_ms = backoff.next_ms();
    set_problem(error.message(), backoff.attempts(), wait_ms, failing_since_ms, limit_ms);
    phase_ = Phase::retrying;
    base::log::warn("{}: {}; attempt {} in {} ms", name(), error.message(), backoff.attempts() + 1, wait_ms);
    if (stop_.wait_for_ms(wait_ms)) return fail(ErrorCode::cancelled);
  }
}

// The display goes on with what earlier runs and attempts have done.
void Subtask::count_saved_snapshot(const TableSet& tables, const checkpoint::SnapshotState& saved) {
  std::vector<std::uint64_t> rows(counters_.size(), 0), lanes_left(tables.tables.size(), 0);
  for (const checkpoint::Lane& lane : saved.lanes) {
    for (std::size_t i = 0; i < tables.tables.size(); ++i) {
      const source::PhysicalTable& physical = tables.tables[i]->physical;
      if (physical.table != lane.physical_table || physical.database != lane.physical_database) continue;
      rows[physical.logical] += lane.rows_done;
      if (!lane.done) ++lanes_left[i];
      break;
    }
  }
  std::vector<std::uint32_t> shards_done(counters_.size(), 0);
  for (std::size_t i = 0; saved.planned && i < tables.tables.size(); ++i)
    if (lanes_left[i] == 0) ++shards_done[tables.tables[i]->physical.logical];
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    counters_[i].rows_done = rows[i];
    counters_[i].shards_done = shards_done[i];
    counters_[i].rows_estimated = saved.planned ? rows[i] : 0;
  }
}

// Where the stream begins, and the structures there.
Result<StartPoint> Subtask::open_stream(Attempt& attempt, checkpoint::SubtaskCheckpoint& state) {
  const bool goes_on = state.stream.started;
  attempt.history = std::make_unique<SchemaHistory>(store_, name());
  TRY_VALUE(StreamSchemas begin,
            begin_stream(config_, topology_, tables_, *attempt.history, state.stream, replica_attempt_, stop_));
  if (config_.schema && !begin.late.empty()) {
    TRY_VALUE(model::RecordBatch batch, late_schemas(config_, begin.tables.instance, begin.late, router_, clock_));
    TRY(attempt.delivery->emit(batch, {}, sink::When::more, stop_));
  }
  attempt.tables = std::move(begin.tables);
  attempt.schemas = std::make_unique<SchemaKeeper>(
      SchemaKeeper::Setup{attempt.tables.instance, topology_, begin.live.tracker.traits(), *attempt.history, board_,
                          accept_, attempt.cancel, config_.transformation, config_.forwards_ddl});
  std::set<std::string> listed;
  if (goes_on) {
    TRY_VALUE(mysql::Connection connection, open_for_questions(attempt.tables.instance));
    TRY_VALUE(listed, source::read_prepared_xids(connection));
  }
  // Reading begins before every PREPARE undecided in the log: what is listed and does not turn up was decided there,
  // and the engine, having died in between, has not done it yet. Views wait for all of it.
  std::set<std::string> decided = decided_;
  decided.insert(listed.begin(), listed.end());
  TRY_VALUE(attempt.stream,
            source::BinlogStream::open(attempt.tables.instance, std::move(begin.live), begin.start.stream,
                                       {.server_id = begin.start.replica.server_id,
                                        .replica_uuid = begin.start.replica.uuid,
                                        .spill_dir = config_.state_dir,
                                        .xa_bytes_max = config_.xa_bytes_max,
                                        .decided = std::move(decided),
                                        .listed = std::move(listed)}));
  return std::move(begin.start);
}

sink::Router Subtask::make_router() {
  sink::Router router(config_.partition_policy, config_.topics);
  const std::string dead_letters = config_.topics->at(sink::Topics::dead_letters).name;
  if (dead_letters.empty()) return router;
  router.divert_larger(config_.kafka.record_bytes_max, [this, dead_letters](const model::RecordBatch& batch,
                                                                            const model::EncodedRecord& record) {
    const std::uint64_t before = dead_letters_.fetch_add(1);
    if (before == dead_letters_told_max) base::log::warn("{}: more dead letters are not told", name());
    if (before >= dead_letters_told_max) return;
    const std::string_view key =
        record.key_size == model::no_key ? "none" : batch.key(record).substr(0, key_bytes_told_max);
    base::log::warn("{}: a record of {} bytes goes to {}, key {}", name(), record.value_size, dead_letters, key);
  });
  return router;
}

Status Subtask::attempt() {
  Attempt attempt;
  phase_ = Phase::starting;
  caught_up_ = false;
  Config config = config_;
  if (config_.topics->has(sink::Topics::dead_letters))
    config.kafka.record_bytes_max = std::max(config.kafka.record_bytes_max, dead_letter_bytes_max);
  config.kafka.unacked_bytes_max =
      std::max<std::size_t>(config_.buffer_bytes / subtask_count_, config_.kafka.record_bytes_max);
  TRY_VALUE(KeptDelivery kept, KeptDelivery::open(config, store_, name(), stop_));
  attempt.saver = std::move(kept.saver);
  attempt.delivery = std::move(kept.delivery);
  checkpoint::SubtaskCheckpoint state = std::move(kept.state);
  if (kept.former_run != config_.run) former_run_ = kept.former_run;

  // A table that joined later is read whole, whatever the task began with.
  const bool snapshot_wanted = !config_.drain && !state.snapshot_done && (config_.full || state.snapshot.planned);
  tables_.instance.endpoint = addresses_;
  attempt.tables = tables_;
  std::optional<StartPoint> start;
  if (config_.incremental) {
    TRY_VALUE(start, open_stream(attempt, state));
  } else {
    TRY_VALUE(attempt.tables.instance.endpoint, choose_server(tables_.instance));
  }
  tables_.instance.endpoint = attempt.tables.instance.endpoint;
  count_saved_snapshot(attempt.tables, state.snapshot);
  state.snapshot.high_watermark_reached = false;
  attempt.sequencer = std::make_unique<Sequencer>(
      Sequencer::Setup{*attempt.delivery, router_, attempt.give_up, attempt.tables.tables, config_.incremental, state,
                       start ? start->positions_known : true, start ? start->views_from : model::BinlogPosition{},
                       [this](const checkpoint::SubtaskCheckpoint& saved) {
                         std::lock_guard lock(mutex_);
                         if (!saved.stream.emitted.empty()) checkpoint_ = saved.stream.emitted.text();
                       }});
  Sequencer& sequencer = *attempt.sequencer;
  if (attempt.stream) sequencer.set_recently_decided(attempt.stream->recently_decided());
  if (config_.heartbeat) attempt.heartbeat = std::make_unique<source::Heartbeat>(tables_.instance);
  // Statements may make tables be read at any time.
  const bool may_read = config_.full || state.snapshot.planned;
  if (snapshot_wanted || (may_read && config_.incremental && !config_.drain))
    attempt.snapshot = std::make_unique<SnapshotReader>(config_, attempt.tables, sequencer, counters_, router_,
                                                        attempt.heartbeat.get(), attempt.cancel, clock_);
  if (snapshot_wanted) TRY(attempt.snapshot->plan());
  const bool keyless_wait = config_.drain && announce_keyless(attempt.tables, sequencer);
  // Kept before anything is read: a crash from here on starts again at this place.
  TRY(sequencer.save_now());
  TRY(attempt.saver->flush());
  {
    std::lock_guard lock(mutex_);
    current_ = &attempt;
  }
  set_problem({}, 0, 0, 0, 0);
  if (stop_.requested()) attempt.stop();

  std::unique_ptr<StreamWriter> writer;
  std::vector<std::thread> threads;
  if (attempt.stream) {
    writer =
        std::make_unique<StreamWriter>(config_, attempt.tables, sequencer, *attempt.stream, counters_, stats_, clock_,
                                       state.stream, snapshot_wanted || keyless_wait, *attempt.schemas, router_);
    writer->tell_strangers(tell_stranger_);
    threads.emplace_back([&] {
      Status ended = attempt.stream->run(*writer, attempt.cancel);
      if (!ended && ended.error().is_cancelled())
        if (Status rest = writer->finish(); !rest) ended = std::move(rest);
      if (!ended) attempt.fail_with(std::move(ended.error()).in("instance " + tables_.instance.name));
    });
    if (attempt.heartbeat)
      threads.emplace_back([&] {
        bool told = false;
        while (!attempt.cancel.requested()) {
          Result<bool> beaten = attempt.heartbeat->beat();
          if (!beaten && beaten.error().code == ErrorCode::source_moved) {
            attempt.fail_with(std::move(beaten.error()));  // the stream's connection may well live on at the old one
            break;
          }
          if (beaten && !*beaten && !std::exchange(told, true))
            base::log::warn("{}: no heartbeat, the position of an idle instance will not move: {}", name(),
                            attempt.heartbeat->refusal());
          attempt.cancel.wait_for_ms(config_.heartbeat_ms);
        }
      });
  }
  phase_ = snapshot_wanted ? Phase::snapshot : Phase::streaming;
  threads.emplace_back([&] {
    const auto work = [&]() -> Status {
      while (true) {
        if (attempt.snapshot) TRY(attempt.snapshot->run());
        // Asked anew in every run: "caught up" means what the log held when this run's snapshot was done.
        source::LogEnd end;
        if (config_.incremental) {
          TRY_VALUE(mysql::Connection connection, open_for_questions(tables_.instance));
          TRY_VALUE(end, source::read_log_end(connection));
        }
        if (config_.drain) {
          TRY(sequencer.wait_reached(end.position));
          attempt.drained = true;
          return {};
        }
        if (!sequencer.finish_snapshot(end.position, end.gtid_set ? end.gtid_set->text() : "")) continue;
        TRY(sequencer.save_now());
        snapshot_done_ = true;
        if (!config_.incremental) return {};
        phase_ = Phase::streaming;
        TRY(sequencer.wait_unfinished());
        snapshot_done_ = false;
        phase_ = Phase::snapshot;
      }
    };
    if (Status done = work(); !done) attempt.fail_with(std::move(done.error()));
  });

  base::CancelToken ended;
  // Watch until the end: everything is done, or a part failed, or somebody asks to stop.
  constexpr std::int64_t watch_ms = 20, due_ms = 2;
  while (!attempt.cancel.wait_for_ms(attempt.delivery->wants_mark_soon() ? due_ms : watch_ms)) {
    if (Status saved = sequencer.save_if_due(); !saved) {
      attempt.fail_with(std::move(saved.error()));
      break;
    }
    if (Status delivered = attempt.delivery->status(); !delivered) {
      attempt.fail_with(std::move(delivered.error()));
      break;
    }
    const auto problem = attempt.delivery->problem();
    if (problem && clock_.now_ms() - problem->since_ms > config_.retry_connection_ms) {
      attempt.fail_with(Error{ErrorCode::destination_rejected, "retried without success: " + problem->error.what,
                              config_.kafka.brokers});
      break;
    }
    const auto unsaved = attempt.saver->problem();
    if (unsaved && clock_.monotonic_ms() - unsaved->since_ms > config_.retry_other_ms) {
      attempt.fail_with(Error{ErrorCode::task_state_unusable, "tried again without success: " + unsaved->error.what,
                              unsaved->error.where});
      break;
    }
    caught_up_ = snapshot_done_ && sequencer.caught_up();
    {
      std::lock_guard lock(mutex_);
      if (const model::BinlogPosition at = sequencer.emitted(); !at.empty()) position_ = at.text();
    }
    if (snapshot_done_ && (!config_.incremental || (until_caught_up_ && caught_up_))) break;
    if (attempt.drained) break;
  }
  attempt.stop();
  std::thread hand_over_limit([&] {
    // What is being handed over ends in good order, so that nothing is repeated later, unless the broker is away.
    const bool broker_away = attempt.delivery->problem() || !attempt.delivery->status();
    if (!ended.wait_for_ms(broker_away ? 0 : hand_over_ms_max)) attempt.give_up.request();
  });
  for (std::thread& thread : threads) thread.join();
  if (attempt.stream) decided_ = attempt.stream->recently_decided();
  ended.request();
  hand_over_limit.join();
  return end_attempt(attempt);
}

Status Subtask::end_attempt(Attempt& attempt) {
  // What was handed over is acknowledged and kept, whatever ended the attempt, if the broker lets us. A stop in the
  // middle of an emission leaves no newer mark to make: the run ends at the one before.
  const bool broker_away = attempt.delivery->problem().has_value();
  if (Status marked = attempt.sequencer->save_now(); !marked && !marked.error().is_cancelled())
    attempt.fail_with(std::move(marked.error()));
  base::CancelToken patience;
  const Status flushed = attempt.delivery->flush(broker_away ? flush_ms_least : flush_ms_max, patience);
  {
    std::lock_guard lock(mutex_);
    const sink::DeliveryCounters now = attempt.delivery->counters();
    earlier_.records_sent += now.records_sent;
    earlier_.records_acked += now.records_acked;
    earlier_.bytes_acked += now.bytes_acked;
    current_ = nullptr;
  }
  if (attempt.error && !attempt.error->is_cancelled()) return fail(std::move(*attempt.error));
  if (!flushed && !stop_.requested()) return flushed;
  return {};
}

InstanceProgress Subtask::progress() const {
  InstanceProgress out;
  out.address = tables_.instance.name;
  out.server_version = tables_.instance.server_version;
  out.phase = phase_;
  if (const std::int64_t delay = stats_.delay_ms; delay >= 0) out.delay_ms = delay;
  out.changes = stats_.changes;
  out.xa_open = stats_.xa_open;
  std::lock_guard lock(mutex_);
  out.position = position_;
  out.checkpoint = checkpoint_;
  out.problem = problem_;
  out.attempts = attempts_;
  out.retry_in_ms = retry_in_ms_;
  const auto unsaved = current_ ? current_->saver->problem() : std::nullopt;
  if (problem_.empty() && unsaved) {
    out.problem = unsaved->error.message();
    out.failing_for_ms = clock_.monotonic_ms() - unsaved->since_ms;
    out.gives_up_in_ms = std::max<std::int64_t>(0, config_.retry_other_ms - out.failing_for_ms);
  }
  if (!problem_.empty()) {
    out.failing_for_ms = clock_.monotonic_ms() - failing_since_ms_;
    out.gives_up_in_ms = std::max<std::int64_t>(0, retry_limit_ms_ - out.failing_for_ms);
  }
  return out;
}

sink::DeliveryCounters Subtask::delivered() const {
  std::lock_guard lock(mutex_);
  sink::DeliveryCounters sum = earlier_;
  if (current_) {
    const sink::DeliveryCounters now = current_->delivery->counters();
    sum.records_sent += now.records_sent;
    sum.records_acked += now.records_acked;
    sum.bytes_acked += now.bytes_acked;
    sum.unacked_bytes = now.unacked_bytes;
  }
  return sum;
}

std::string Subtask::destination_problem() const {
  std::lock_guard lock(mutex_);
  if (!current_) return {};
  const auto problem = current_->delivery->problem();
  return problem ? problem->error.message() : std::string();
}

}  // namespace tributary::pipeline
