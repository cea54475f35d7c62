#include "pipeline/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/topology.h"
#include "pipeline/kept_delivery.h"
#include "pipeline/schema_records.h"
#include "pipeline/source_check.h"
#include "pipeline/subtask.h"
#include "pipeline/topology_acceptance.h"
#include "pipeline/topology_watch.h"
#include "source/topology/difference.h"

namespace tributary::pipeline {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::int64_t report_ms = 500;
constexpr std::int64_t retry_least_ms = 500, retry_most_ms = 15'000;
constexpr std::int64_t busy_ms_max = 30'000;

class Job {
 public:
  Job(const Config& config, const Doors& doors, bool until_caught_up, base::CancelToken& cancel,
      const std::function<void(const Progress&)>& on_progress)
      : config_(config),
        doors_(doors),
        until_caught_up_(until_caught_up),
        cancel_(cancel),
        on_progress_(on_progress),
        begun_ms_(clock_.monotonic_ms()) {
    config_.source.resumes = doors.resuming;
  }

  Status run() {
    report(Phase::starting);
    std::unique_ptr<store::Store> store;
    if (doors_.resuming) {
      TRY_VALUE(store, doors_.open_store());
      TRY(recall_delivery(*store));
      TRY_VALUE(known_, checkpoint::load_topology(*store, config_.task, config_.fingerprint));
      if (known_) config_.source.may_be_missing.insert(known_->gone.begin(), known_->gone.end());
    }
    TRY(begin());
    for (const std::string& remark : topology_.remarks) base::log::info("{}", remark);
    if (!store) {
      TRY_VALUE(store, doors_.open_store());
    }
    TRY(patiently([&] { return settle_delivery(*store); }, true));
    TRY(settle_partitions(*store));
    TRY(settle_topology(*store));
    bool is_again = false;
    const auto tell_schemas = [&]() -> Status {
      // A commit whose answer was lost may have been made.
      if (std::exchange(is_again, true) && config_.delivery == DeliveryMode::exactly_once)
        TRY(adopt_committed(config_, *store, cancel_));
      return schemas(*store);
    };
    TRY(patiently(tell_schemas, true));
    TRY_VALUE(const std::unique_ptr<DdlBoard> board, DdlBoard::load(topology_, *store, config_.task));
    for (std::uint32_t i = 0; i < topology_.instances.size(); ++i)
      TRY(patiently([&] { return add_subtask(config_, topology_, i, *store, *board, until_caught_up_); }, true));
    watch_ = std::make_unique<TopologyWatch>(config_.source, present_, config_.topology_reread_ms);
    Status done = run_subtasks();
    watch_.reset();
    report(!done ? Phase::failed : cancel_.requested() ? Phase::stopping : Phase::done);
    return done;
  }

 private:
  static std::string delivery_key(const std::string& task) { return "delivery/" + task; }
  static constexpr std::string_view once = "exactly_once", at_least = "at_least_once";

  // A task goes on as it began unless it is asked for otherwise.
  Status recall_delivery(store::Store& store) {
    TRY_VALUE(const auto kept, store.get(delivery_key(config_.task)));
    if (kept) former_delivery_ = kept->value == once ? DeliveryMode::exactly_once : DeliveryMode::at_least_once;
    // What a former release began is at-least-once.
    TRY_VALUE(const auto checkpoints, store.list(checkpoint::store_key(config_.task + "/")));
    if (!kept && !checkpoints.empty()) former_delivery_ = DeliveryMode::at_least_once;
    return {};
  }

  Status prepare_destination() {
    const std::optional<DeliveryMode> wanted =
        config_.delivery_asked_for ? config_.delivery_asked_for : former_delivery_;
    const bool leaves_transactions =
        wanted == DeliveryMode::at_least_once && former_delivery_ == DeliveryMode::exactly_once;
    using enum Doors::Transactions;
    const bool is_known = former_delivery_ == DeliveryMode::exactly_once;
    TRY_VALUE(Prepared prepared, doors_.prepare_destination(is_known                                ? known
                                                            : wanted == DeliveryMode::at_least_once ? none
                                                                                                    : unknown));
    config_.topics = std::move(prepared.topics);
    config_.checkpoint_partitions = prepared.checkpoint_partitions;
    config_.delivery =
        wanted.value_or(prepared.no_transactions ? DeliveryMode::at_least_once : DeliveryMode::exactly_once);
    if (!prepared.no_transactions) return {};
    if (wanted == DeliveryMode::exactly_once || leaves_transactions) return fail(std::move(*prepared.no_transactions));
    if (!wanted)
      base::log::warn("{}: delivery is at least once: {}", config_.task, prepared.no_transactions->message());
    return {};
  }

  // The store has to know where the task is before anybody asks it.
  Status settle_delivery(store::Store& store) {
    if (former_delivery_ == DeliveryMode::exactly_once) TRY(adopt_committed(config_, store, cancel_));
    if (former_delivery_ == config_.delivery) return {};
    if (former_delivery_)
      base::log::warn("{}: delivery is {} from here on", config_.task,
                      config_.delivery == DeliveryMode::exactly_once ? once : at_least);
    return store.put(delivery_key(config_.task),
                     std::string(config_.delivery == DeliveryMode::exactly_once ? once : at_least));
  }

  // A row keeps its partition for ever.
  Status settle_partitions(store::Store& store) const {
    if (config_.partition_policy == sink::PartitionPolicy::zero) return {};
    const auto keep = [&store, task = config_.task,
                       data = config_.topics->at(sink::Topics::data).name](const sink::Topic& topic) -> Status {
      const std::string key = "partitions/" + task + (topic.name == data ? "" : "/" + topic.name);
      TRY_VALUE(const auto kept, store.get(key));
      const std::string now = std::to_string(topic.partitions);
      if (!kept) return store.put(key, now);
      if (kept->value == now) return {};
      return fail(ErrorCode::destination_partitions_changed, fmt::format("{}, and {} then", now, kept->value),
                  topic.name);
    };
    return config_.topics->keep_with(keep);
  }

  // All that can be refused before anything is written.
  Status look_around() {
    TRY(prepare_destination());
    const bool can_change = config_.source.engine != source::Engine::mysql;
    TRY_VALUE(topology_, source::read_layout(known_ && can_change ? for_another_look(config_.source, known_->topology)
                                                                  : config_.source));
    present_ = source::known_topology(topology_);
    changes_.clear();
    // The tables of a plain server come and go in its binlog. A task that reads no rows does not mind.
    if (known_ && can_change && (config_.full || config_.incremental))
      changes_ = source::compare_topologies(known_->topology, present_);
    if (!changes_.empty() && !config_.accept_topology) return fail(topology_changed(source::change_lines(changes_)));
    TRY(source::read_structures(topology_, config_.source.resumes));
    if (topology_.tables.empty() && !config_.source.resumes)
      return fail(ErrorCode::source_table_missing, "the selected databases hold no table",
                  config_.source.endpoint.address());
    std::vector<model::TableSchemaPtr> schemas;
    for (const source::LogicalTable& table : topology_.tables) schemas.push_back(table.schema);
    TRY_VALUE(const std::vector<std::string> warnings,
              config_.transformation.check(
                  schemas, config_.source.resumes ? transform::Missing::is_warning : transform::Missing::is_error));
    for (const std::string& warning : warnings) base::log::warn("{}: {}", config_.task, warning);
    sink::Topics::Tables targets;
    for (const source::LogicalTable& table : topology_.tables) {
      TRY_VALUE(const transform::TablePlan plan,
                config_.transformation.plan(table.schema, dialect_of(instance_of(table))));
      targets.emplace(plan.target()->database, plan.target()->table);
    }
    for (std::uint32_t i = 0; i < topology_.instances.size(); ++i) TRY(check_instance(config_, topology_, i));
    TRY(config_.topics->prepare(targets));
    if (doors_.resuming) return {};
    return doors_.check_conflicts(targets);
  }

  // A new task tells of what can't be reached at once; only what changes while it is looked at is looked at again.
  Status begin() {
    return patiently([this] { return look_around(); }, doors_.resuming);
  }

  // Does a step of the beginning again as long as it fails of what may pass. waits_for_all: not only of a busy source.
  Status patiently(const std::function<Status()>& step, bool waits_for_all) {
    base::Backoff backoff(retry_least_ms, retry_most_ms);
    failing_since_ms_ = clock_.monotonic_ms();
    while (true) {
      Status done = step();
      if (done) return done;
      // Shards that differ may have a statement on its way over them.
      const bool differ = done.error().code == ErrorCode::source_schema_differs;
      if (!differ && !done.error().is_retriable()) return done;
      const bool is_busy = differ || done.error().code == ErrorCode::source_busy;
      if (!waits_for_all && !is_busy) return done;
      patience_ms_ = is_busy ? busy_ms_max : config_.retry_connection_ms;
      if (clock_.monotonic_ms() - failing_since_ms_ > patience_ms_) return done;
      problem_ = done.error();
      attempts_ = backoff.attempts() + 1;
      base::log::warn("{}: {}", config_.task, problem_->message());
      report(Phase::retrying);
      if (cancel_.wait_for_ms(backoff.next_ms())) return fail(ErrorCode::cancelled);
      problem_.reset();
    }
  }

  // What the task's state has to know of the topology is made so, by the acceptance of what changed if need be.
  Status settle_topology(store::Store& store) {
    if (changes_.empty()) {
      if (known_ && known_->topology == present_) return {};
      checkpoint::TopologyState state = known_.value_or(checkpoint::TopologyState{});
      state.task_fingerprint = config_.fingerprint;
      state.topology = present_;
      return store.put(checkpoint::topology_key(config_.task), checkpoint::serialise(state));
    }
    base::log::warn("{}: going on over a changed topology:\n{}", config_.task, source::change_lines(changes_));
    TopologyAcceptance acceptance(config_, topology_, present_, *known_, changes_, store, clock_);
    TRY(acceptance.check());
    source::Topology former;
    if (config_.incremental) {
      TRY_VALUE(former, acceptance.former());
      const Config config = acceptance.drain_config();
      TRY_VALUE(const std::unique_ptr<DdlBoard> board, DdlBoard::load(former, store, config_.task));
      for (std::uint32_t i = 0; i < former.instances.size(); ++i) {
        TRY(add_subtask(config, former, i, store, *board, true));
      }
      Status drained = run_subtasks();
      subtasks_.clear();
      TRY(drained);
      if (cancel_.requested()) return fail(ErrorCode::cancelled);
    }
    if (config_.schema)
      TRY(send_schemas(config_, topology_, acceptance.new_tables(), clock_, store, config_.task + "/schema"));
    return acceptance.finish(former, cancel_);
  }

  Status schemas(store::Store& store) {
    if (!config_.schema) return {};
    const std::string name = config_.task + "/schema";
    TRY_VALUE(const auto saved, checkpoint::load(store, name, config_.fingerprint));
    if (saved && saved->schema_done) return {};
    report(Phase::schema);
    std::vector<std::uint32_t> all(topology_.tables.size());
    std::iota(all.begin(), all.end(), 0U);
    return send_schemas(config_, topology_, all, clock_, store, name);
  }

  Status add_subtask(const Config& config, const source::Topology& topology, std::uint32_t instance,
                     store::Store& store, DdlBoard& board, bool until_caught_up) {
    TRY_VALUE(TableSet tables, TableSet::make(config, topology, instance));
    subtasks_.push_back(
        std::make_unique<Subtask>(config, topology, std::move(tables), store, board, clock_, until_caught_up));
    return {};
  }

  Status run_subtasks() {
    std::mutex mutex;
    std::optional<Error> first;
    std::atomic<std::size_t> running = subtasks_.size();
    std::vector<std::thread> threads;
    for (const auto& subtask : subtasks_) {
      if (watch_)
        subtask->tell_strangers(
            [watch = watch_.get()](std::string_view what) { watch->surprised_by(std::string(what)); });
      threads.emplace_back([&, subtask = subtask.get()] {
        if (Status done = subtask->run(); !done) {
          std::lock_guard lock(mutex);
          if (!first || (first->is_cancelled() && !done.error().is_cancelled())) first = done.error();
        }
        --running;
      });
    }
    bool asked = false;
    std::int64_t reported_ms = 0;
    while (running > 0) {
      bool failed;
      {
        std::lock_guard lock(mutex);
        if (!first && watch_) first = watch_->change();
        failed = first.has_value();
      }
      if ((failed || cancel_.requested()) && !std::exchange(asked, true))
        for (const auto& subtask : subtasks_) subtask->stop();
      if (clock_.monotonic_ms() - reported_ms >= report_ms) {
        reported_ms = clock_.monotonic_ms();
        report(asked ? Phase::stopping : overall_phase());
        look_at_retries();
      }
      constexpr std::int64_t watch_ms = 20;
      if (asked)
        std::this_thread::sleep_for(std::chrono::milliseconds(watch_ms));
      else
        cancel_.wait_for_ms(watch_ms);
    }
    for (std::thread& thread : threads) thread.join();
    if (first && !(first->is_cancelled() && cancel_.requested())) return fail(explained(std::move(*first)));
    return {};
  }

  // An instance that can't be reached may be one that nothing lies on any more.
  void look_at_retries() {
    if (!watch_) return;
    std::uint64_t attempts = 0;
    for (const auto& subtask : subtasks_) attempts += subtask->progress().attempts;
    if (attempts > attempts_seen_) watch_->surprised_by("an instance is retried");
    attempts_seen_ = attempts;
  }

  // A table that is gone, a statement refused: the topology may say why.
  Error explained(Error error) {
    const base::ErrorSide side = error.info().side;
    const bool may_be = side == base::ErrorSide::source || side == base::ErrorSide::data;
    if (!watch_ || !may_be || error.code == ErrorCode::source_topology_changed) return error;
    std::optional<Error> change = watch_->look_now();
    if (!change) return error;
    change->what += "\nseen as: " + error.message();
    return std::move(*change);
  }

  Phase overall_phase() const {
    Phase phase = Phase::streaming;
    for (const auto& subtask : subtasks_) {
      const Phase one = subtask->progress().phase;
      if (one == Phase::retrying) return one;
      if (one == Phase::snapshot || one == Phase::starting)
        phase = one == Phase::starting && phase == Phase::snapshot ? phase : one;
    }
    return phase;
  }

  void report(Phase phase) {
    if (!on_progress_) return;
    Progress out;
    out.task = config_.task;
    out.phase = phase;
    out.snapshot_selected = config_.full;
    out.exactly_once = config_.delivery == DeliveryMode::exactly_once;
    out.elapsed_ms = clock_.monotonic_ms() - begun_ms_;
    out.snapshot_done = !subtasks_.empty();
    out.caught_up = !subtasks_.empty();
    for (const auto& subtask : subtasks_) {
      out.instances.push_back(subtask->progress());
      const sink::DeliveryCounters delivered = subtask->delivered();
      out.records_sent += delivered.records_sent;
      out.records_acked += delivered.records_acked;
      out.bytes_acked += delivered.bytes_acked;
      out.snapshot_done = out.snapshot_done && subtask->snapshot_done();
      out.caught_up = out.caught_up && subtask->caught_up();
      out.dead_letters += subtask->dead_letters();
      if (std::string problem = subtask->destination_problem(); !problem.empty())
        out.destination_problem = std::move(problem);
    }
    if (problem_ && problem_->info().side == base::ErrorSide::destination)
      out.destination_problem = problem_->message();
    else if (problem_) {
      InstanceProgress& away = out.instances.emplace_back();
      away.address = problem_->where.empty() ? config_.source.endpoint.address() : problem_->where;
      away.phase = Phase::retrying;
      away.problem = problem_->message();
      away.attempts = attempts_;
      away.failing_for_ms = clock_.monotonic_ms() - failing_since_ms_;
      away.gives_up_in_ms = std::max<std::int64_t>(0, patience_ms_ - away.failing_for_ms);
    }
    for (std::size_t i = 0; !subtasks_.empty() && i < topology_.tables.size(); ++i) {
      const source::LogicalTable& table = topology_.tables[i];
      TableProgress row;
      row.database = table.schema->database;
      row.table = table.schema->table;
      row.shards = static_cast<std::uint32_t>(table.shards.size());
      for (const auto& subtask : subtasks_) {
        const TableCounters& counted = subtask->counters()[i];
        add(row, counted);
        row.shards_done += counted.shards_done;
      }
      row.snapshot_done = config_.full && row.shards_done >= row.shards;
      out.tables.push_back(std::move(row));
    }
    report_later_tables(out);
    on_progress_(out);
  }

  const source::Instance& instance_of(const source::LogicalTable& table) const {
    return topology_.instances[table.shards.empty() ? 0 : topology_.physical[table.shards.front()].instance];
  }

  static void add(TableProgress& row, const TableCounters& counted) {
    row.rows_done += counted.rows_done;
    row.rows_estimated += counted.rows_estimated;
    row.changes += counted.changes;
    row.left_out += counted.left_out;
    row.skipped += counted.skipped;
    row.nulls += counted.nulls;
  }

  // Those that came to be while the task runs are counted together.
  void report_later_tables(Progress& out) const {
    TableProgress row;
    row.database = row.table = "*";
    for (const auto& subtask : subtasks_) add(row, subtask->counters().back());
    row.rows_estimated = std::max(row.rows_estimated, row.rows_done);
    row.snapshot_done = out.snapshot_done;
    if (row.rows_done + row.changes > 0) out.tables.push_back(std::move(row));
  }

  Config config_;
  const Doors& doors_;
  const bool until_caught_up_;
  base::CancelToken& cancel_;
  const std::function<void(const Progress&)>& on_progress_;
  base::SystemClock clock_;
  const std::int64_t begun_ms_;
  source::Topology topology_;
  std::optional<Error> problem_;  // of the beginning, while it is retried
  std::uint64_t attempts_ = 0;
  std::int64_t patience_ms_ = 0, failing_since_ms_ = 0;
  std::optional<DeliveryMode> former_delivery_;     // by the task's state
  std::optional<checkpoint::TopologyState> known_;  // by the task's state
  model::KnownTopology present_;
  std::vector<source::TopologyChange> changes_;
  std::unique_ptr<TopologyWatch> watch_;
  std::uint64_t attempts_seen_ = 0;
  std::vector<std::unique_ptr<Subtask>> subtasks_;
};

}  // namespace

Status run_job(const Config& config, const Doors& doors, bool until_caught_up, base::CancelToken& cancel,
               const std::function<void(const Progress&)>& on_progress) {
  return Job(config, doors, until_caught_up, cancel, on_progress).run();
}

}  // namespace tributary::pipeline
