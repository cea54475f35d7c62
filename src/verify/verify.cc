#include "verify/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "verify/comparison.h"
#include "verify/repair.h"
#include "verify/task_progress.h"
#include "verify/topic_reader.h"

namespace tributary::verify {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr std::int64_t progress_ms = 500, poll_ms = 100;
constexpr std::int64_t wait_ms_least = 5'000;  // for the task to pass what was looked at
constexpr std::int64_t blind_wait_ms = 2'000;  // between two looks, where it is not known how far the task is

class Verification {
 public:
  Verification(const Config& config, base::CancelToken& cancel, const Handlers& handlers)
      : config_(config), cancel_(cancel), handlers_(handlers), begun_ms_(clock_.monotonic_ms()) {}

  Result<Summary> run() {
    TRY(prepare());
    TRY(fold());
    TRY(compare());
    if (config_.repair) TRY(repair());
    TRY(fold_->flush());
    TRY(conclude());
    return std::move(summary_);
  }

 private:
  void report(Progress::Phase phase, std::uint64_t done = 0, std::uint64_t total = 0, const Target* target = nullptr) {
    const std::int64_t now_ms = clock_.monotonic_ms();
    if (!handlers_.on_progress || (phase == phase_ && now_ms - reported_ms_ < progress_ms)) return;
    phase_ = phase;
    reported_ms_ = now_ms;
    Progress progress{.phase = phase, .done = done, .total = total, .elapsed_ms = now_ms - begun_ms_};
    if (target != nullptr) progress.table = target->name.first + "." + target->name.second;
    handlers_.on_progress(progress);
  }

  Status prepare() {
    report(Progress::Phase::starting);
    summary_.sample = config_.sample;
    if (config_.repair) {
      if (!store::exists_sqlite(config_.state_dir))
        return fail(ErrorCode::task_state_unusable,
                    "a repair needs the task's state folder, to be sure that the task does not run",
                    config_.state_dir.string());
      // Held until the end: the task can't begin meanwhile.
      auto locked = store::open_sqlite(config_.state_dir);
      if (!locked && locked.error().code == ErrorCode::task_state_in_use)
        return fail(ErrorCode::task_state_in_use, "a repair can't be made while the task runs: stop it first",
                    locked.error().where);
      if (!locked) return fail(locked.error());
      lock_ = std::move(*locked);
    }
    TRY_VALUE(task_, TaskProgress::open(config_.state_dir, config_.task, config_.fingerprint));
    TRY_VALUE(topology_, source::read_layout(config_.source));
    TRY(source::read_structures(topology_, task_.has_state()));
    TRY_VALUE(rows_, SourceRows::make(topology_, config_.transformation, config_.rate, cancel_));
    summary_.task_runs = !config_.repair && task_.runs() && config_.carries_changes;
    if (!task_.has_state())
      summary_.warnings.push_back(fmt::format(
          "{} holds no state of the task: how far it has delivered is not known, and what changed since can't be told "
          "apart from differences",
          config_.state_dir.string()));
    return {};
  }

  // The topics that were folded, by the rules of the task.
  std::shared_ptr<sink::Topics> topics() const {
    const auto topic = [this](const std::string& name) {
      return sink::Topic{name, static_cast<std::int32_t>(std::ranges::count(fold_->places(), name, &Place::topic))};
    };
    const auto look = [topic](const std::vector<std::string>& names) -> Result<std::vector<sink::Topic>> {
      std::vector<sink::Topic> found;
      for (const std::string& name : names) found.push_back(topic(name));
      return found;
    };
    return std::make_shared<sink::Topics>(topic(config_.topic), config_.table_topics, look);
  }

  TableName name_of(std::uint32_t logical) const {
    const model::TableSchema& target = *rows_->plan(logical).target();
    return {target.database, target.table};
  }

  // Of a table of the topic, by the name under which it left: it may be gone at the source.
  bool is_selected(const TableName& name) const {
    for (const auto& [database, tables] : config_.source.objects.databases) {
      const auto leaves_as = [&](const std::string& table) {
        const transform::TableNames names = config_.transformation.names(database, table);
        return TableName(names.database, names.table) == name;
      };
      if (tables ? std::ranges::any_of(*tables, leaves_as)
                 : config_.transformation.database_name(database) == name.first)
        return true;
    }
    return false;
  }

  bool is_asked_for(const TableName& name) const {
    return config_.tables.empty() ||
           std::ranges::find(config_.tables, name.first + "." + name.second) != config_.tables.end();
  }

  Result<std::unique_ptr<Fold>> load_fold() {
    Fold::Setup setup;
    setup.additional_columns = names_of(config_.transformation.additional_columns);
    setup.is_selected = [this](const TableName& name) { return is_selected(name); };
    for (std::uint32_t i = 0; i < topology_.tables.size(); ++i) {
      const model::TableSchema& target = *rows_->plan(i).target();
      KnownKey& key = setup.known[name_of(i)];
      if (!target.identity_is_hidden)
        for (const std::uint32_t column : target.identity) key.columns.push_back(target.columns[column].name);
      key.rows_move = !target.message_key.empty() && config_.partition_policy == sink::PartitionPolicy::key;
    }
    if (!topology_.instances.empty()) {
      setup.traits.flavour = topology_.instances[0].flavour;
      setup.traits.version_number = topology_.instances[0].version_number;
    }
    return Fold::load(*disk_, std::move(setup));
  }

  Status open_disk(bool anew) {
    const std::filesystem::path folder = config_.state_dir / "verify" / config_.task;
    fold_.reset();
    disk_.reset();
    if (anew) {
      std::error_code problem;
      std::filesystem::remove_all(folder, problem);
      if (problem) return fail(ErrorCode::task_state_unusable, problem.message(), folder.string());
    }
    TRY_VALUE(disk_, Disk::open(folder));
    TRY_VALUE(fold_, load_fold());
    return {};
  }

  Status fold() {
    std::set<std::string> topics = {config_.topic};
    if (!config_.ddl_topic.empty()) topics.insert(config_.ddl_topic);
    for (std::uint32_t i = 0; i < topology_.tables.size(); ++i) {
      const TableName name = name_of(i);
      if (std::string own = config_.table_topics.topic_of(name.first, name.second); !own.empty())
        topics.insert(std::move(own));
    }
    TRY_VALUE(topic_, TopicReader::open(config_.kafka, {topics.begin(), topics.end()}, cancel_));
    // Opened once before it is removed, so that another verification's folder is not.
    TRY(open_disk(false));
    bool anew = config_.anew;
    if (!anew && !fold_->places().empty()) {
      std::string misfit = fold_->misfit();
      if (misfit.empty()) {
        TRY_VALUE(misfit, topic_->misfit(*fold_));
      }
      if (!misfit.empty()) {
        summary_.warnings.push_back("what was folded before is of no use: " + misfit + "; it was folded anew");
        anew = true;
      }
    }
    if (anew) TRY(open_disk(true));
    summary_.went_on = !fold_->places().empty();
    TRY_VALUE(auto beginnings, topic_->beginnings());
    for (const Place& place : beginnings)
      if (place.next > 0)
        summary_.warnings.push_back(fmt::format("{}, partition {} begins at offset {}: records before it are gone",
                                                place.topic, place.partition, place.next));
    if (!summary_.went_on) fold_->set_places(std::move(beginnings));
    const std::uint64_t before = fold_->records();
    const std::int64_t began_ms = clock_.monotonic_ms();
    TRY(topic_->read_to_end(
        *fold_, [&](std::uint64_t done, std::uint64_t total) { report(Progress::Phase::folding, done, total); }));
    summary_.records_folded = fold_->records() - before;
    summary_.folding_ms = clock_.monotonic_ms() - began_ms;
    return {};
  }

  void make_targets() {
    std::map<TableName, std::optional<std::uint32_t>> names;
    for (const TableFold* table : fold_->tables()) names[{table->database, table->table}];
    for (std::uint32_t i = 0; i < topology_.tables.size(); ++i) names[name_of(i)] = i;
    std::uint32_t number = 0;
    for (const auto& [name, logical] : names)
      if (is_asked_for(name)) targets_.push_back(comparison_->make_target(number++, name, topology_, logical));
  }

  // A table whose rows lie in the fold by other columns than the source's key.
  bool is_comparable(Target& target) {
    const TableFold* table = fold_->find(target.name);
    if (target.logical && !rows_->plan(*target.logical).keeps_identity()) {
      target.result.notes.push_back("its script changes columns of the key: rows can't be told by them any more");
      return false;
    }
    if (table == nullptr || !target.logical || table->identity == target.identity) return true;
    target.result.notes.push_back("it was renamed, and its rows in the topic have another key: they can't be compared");
    return false;
  }

  Status compare() {
    comparison_ =
        std::make_unique<Comparison>(*fold_, *rows_, config_.sample, cancel_, [this](const Difference& found) {
          if (handlers_.on_difference) handlers_.on_difference(found);
        });
    TRY(comparison_->clear());
    make_targets();
    for (const std::string& name : config_.tables)
      if (std::ranges::none_of(targets_, [&](const Target& t) { return t.name.first + "." + t.name.second == name; }))
        return fail(ErrorCode::usage, "neither the source nor the topic has the table " + name, "--table");
    const std::int64_t began_ms = clock_.monotonic_ms();
    for (Target& target : targets_) {
      comparison_->compare_structure(target);
      if (!is_comparable(target)) continue;
      if (target.is_keyless)
        TRY(compare_keyless(target));
      else
        TRY(compare_keyed(target));
    }
    summary_.comparing_ms = clock_.monotonic_ms() - began_ms;
    patience_until_ms_ = clock_.monotonic_ms() + config_.patience_ms;
    TRY(recheck());
    summary_.rows_compared = rows_->rows_read();
    return {};
  }

  Status scan(Target& target) {
    std::uint64_t total = 0;
    if (target.logical) {
      TRY_VALUE(total, rows_->estimate(*target.logical));
    }
    report(Progress::Phase::comparing, 0, total, &target);
    return comparison_->scan(
        target, [&](std::uint64_t rows) { report(Progress::Phase::comparing, rows, std::max(rows, total), &target); });
  }

  Status compare_keyed(Target& target) {
    TRY(scan(target));
    // What came meanwhile is in the topic already, or will be looked at again.
    if (summary_.task_runs) TRY(topic_->read_to_end(*fold_, {}));
    return comparison_->join(target);
  }

  // The whole table is read again as long as some of its rows are changing.
  Status compare_keyless(Target& target) {
    patience_until_ms_ = clock_.monotonic_ms() + config_.patience_ms;
    while (true) {
      const std::vector<Place> before = fold_->places();
      TRY(scan(target));
      TRY_VALUE(const bool has_passed, topic_on());
      const bool runs = summary_.task_runs;
      TRY_VALUE(const auto changing, comparison_->join_keyless(target, before, runs, !has_passed, false));
      if (changing > 0 && clock_.monotonic_ms() < patience_until_ms_) continue;
      TRY_VALUE([[maybe_unused]] const auto last, comparison_->join_keyless(target, before, runs, !has_passed, true));
      return {};
    }
  }

  // Has the topic folded behind what the source's logs hold at this moment. False if that can't be had.
  Result<bool> topic_on() {
    std::vector<source::LogEnd> ends;
    std::vector<std::string> servers;
    for (std::uint32_t i = 0; i < topology_.instances.size(); ++i) {
      TRY_VALUE(source::LogEnd end, rows_->log_end(i));
      TRY_VALUE(std::string server, rows_->server_identity(i));
      ends.push_back(std::move(end));
      servers.push_back(std::move(server));
    }
    // A look at the source is worth waiting for, however late it is.
    const std::int64_t until_ms = std::max(patience_until_ms_, clock_.monotonic_ms() + wait_ms_least);
    while (true) {
      summary_.behind.clear();
      for (std::uint32_t i = 0; i < topology_.instances.size(); ++i) {
        TRY_VALUE(const auto checkpoint, task_.checkpoint(topology_.instances[i].name));
        const bool has_stream = checkpoint && checkpoint->stream.started;
        if (has_stream && has_passed(checkpoint->stream, ends[i], servers[i])) continue;
        if (task_.has_state())
          summary_.behind.push_back({topology_.instances[i].name,
                                     has_stream ? checkpoint->stream.emitted.text() : "nowhere",
                                     ends[i].position.text()});
      }
      summary_.task_runs = summary_.task_runs && task_.runs();
      const bool is_known = task_.has_state() && config_.carries_changes;
      if (!is_known) {
        if (!config_.repair && cancel_.wait_for_ms(std::min(blind_wait_ms, config_.patience_ms)))
          return fail(ErrorCode::cancelled);
        TRY(topic_->read_to_end(*fold_, {}));
        return true;
      }
      if (summary_.behind.empty() || !summary_.task_runs) break;
      if (clock_.monotonic_ms() >= until_ms) return false;
      if (cancel_.wait_for_ms(poll_ms)) return fail(ErrorCode::cancelled);
    }
    if (!summary_.task_runs) {
      TRY(topic_->read_to_end(*fold_, {}));
      return true;
    }
    return topic_->read_all(*fold_, std::max<std::int64_t>(wait_ms_least, until_ms - clock_.monotonic_ms()));
  }

  Status recheck() {
    while (true) {
      std::uint64_t left = 0;
      for (Target& target : targets_) {
        TRY_VALUE(const std::uint64_t count, comparison_->candidates(target));
        left += count;
      }
      // Even without candidates: whether the task is behind has to be known.
      report(Progress::Phase::rechecking, 0, left);
      fold_->watch_nothing();
      std::uint64_t done = 0;
      for (Target& target : targets_) {
        TRY(comparison_->fetch(
            target, [&](std::uint64_t rows) { report(Progress::Phase::rechecking, done + rows, left, &target); }));
      }
      TRY_VALUE(const bool has_passed, topic_on());
      if (left == 0) return {};
      std::uint64_t undecided = 0;
      for (Target& target : targets_) {
        TRY(comparison_->judge(target, {.task_runs = summary_.task_runs,
                                        .has_passed = has_passed,
                                        .keep_for_repair = config_.repair && !is_repaired_}));
        TRY_VALUE(const std::uint64_t count, comparison_->candidates(target));
        undecided += count;
      }
      if (undecided == 0) return {};
      if (clock_.monotonic_ms() >= patience_until_ms_) break;
      // A source that changes while the task stands still needs no hurry.
      if (!summary_.task_runs && cancel_.wait_for_ms(poll_ms)) return fail(ErrorCode::cancelled);
    }
    for (Target& target : targets_) TRY(comparison_->give_up(target));
    return {};
  }

  Status repair() {
    report(Progress::Phase::repairing);
    Repair repair(*fold_, *rows_, topology_, config_.kafka, topics(), config_.partition_policy, cancel_);
    TRY_VALUE(summary_.repaired, repair.run(targets_));
    for (Target& target : targets_) {
      if (target.is_keyless && target.result.differ() > 0)
        target.result.notes.push_back("rows without a key can't be repaired: nobody could tell which ones are meant");
      if (!target.is_keyless) TRY(comparison_->reopen_repaired(target));
    }
    is_repaired_ = true;
    TRY(topic_->read_to_end(*fold_, {}));
    patience_until_ms_ = clock_.monotonic_ms() + config_.patience_ms;
    return recheck();
  }

  Status conclude() {
    for (Target& target : targets_) {
      TableResult& result = target.result;
      if (const TableFold* table = fold_->find(target.name); table != nullptr) {
        result.records = table->records;
        result.repeats = table->repeats;
        result.late = table->late;
        if (table->unidentified > 0)
          result.notes.push_back(fmt::format(
              "{} records are from before the table had its present key: they can't be compared", table->unidentified));
        if (table->partitions_emptied)
          result.notes.push_back("a statement emptied partitions: the topic does not say which rows went with them");
      }
      summary_.tables.push_back(std::move(result));
    }
    for (const auto& [name, count] : fold_->others()) summary_.others.emplace_back(name, count);
    if (fold_->unreadable() > 0)
      summary_.warnings.push_back(fmt::format("{} messages are no DTS Avro records, the first one at {}",
                                              fold_->unreadable(), fold_->first_unreadable()));
    for (const source::Instance& instance : topology_.instances) {
      TRY_VALUE(const auto checkpoint, task_.checkpoint(instance.name));
      if (checkpoint && !checkpoint->snapshot_done && !checkpoint->snapshot.lanes.empty())
        summary_.warnings.push_back(
            fmt::format("the full load of {} is not done: rows it has yet to read are missing", instance.name));
    }
    summary_.elapsed_ms = clock_.monotonic_ms() - begun_ms_;
    return {};
  }

  const Config& config_;
  base::CancelToken& cancel_;
  const Handlers& handlers_;
  base::SystemClock clock_;
  const std::int64_t begun_ms_;
  std::int64_t reported_ms_ = -progress_ms;
  Progress::Phase phase_ = Progress::Phase::starting;
  std::int64_t patience_until_ms_ = 0;
  bool is_repaired_ = false;

  std::unique_ptr<store::Store> lock_;
  TaskProgress task_;
  source::Topology topology_;
  std::unique_ptr<SourceRows> rows_;
  std::unique_ptr<TopicReader> topic_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Fold> fold_;
  std::unique_ptr<Comparison> comparison_;
  std::vector<Target> targets_;
  Summary summary_;
};

}  // namespace

Result<Summary> verify(const Config& config, base::CancelToken& cancel, const Handlers& handlers) {
  return Verification(config, cancel, handlers).run();
}

}  // namespace tributary::verify
