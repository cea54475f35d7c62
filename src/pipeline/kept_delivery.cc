#include "pipeline/kept_delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sink/partitioner.h"

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using checkpoint::SubtaskCheckpoint;

namespace {

constexpr std::int64_t copy_interval_ms = 1000;  // the store's copy lags behind the topic by no more
// What a fenced or stopped producer left open ends in a minute, and nobody sees behind it before.
constexpr int look_ms_max = 90'000;

std::int32_t partition_of(const Config& config, const std::string& subtask) {
  return sink::floor_mod(sink::java_hash(subtask), std::max(1, config.checkpoint_partitions));
}

// Of revision 0 and no run if nothing was committed.
Result<SubtaskCheckpoint> parse_committed(const Config& config, const std::optional<std::string>& committed) {
  if (!committed) return SubtaskCheckpoint();
  auto parsed = checkpoint::parse(*committed);
  if (!parsed) return fail(std::move(parsed.error()).in(config.checkpoint_topic));
  return *std::move(parsed);
}

// The subtask's state from the two places. A new one is kept before it is used: by that it is known to have begun.
Result<SubtaskCheckpoint> settle(const Config& config, store::Store& store, const std::string& subtask,
                                 const SubtaskCheckpoint& newest) {
  TRY_VALUE(std::optional<SubtaskCheckpoint> saved, checkpoint::load(store, subtask, config.fingerprint));
  if (saved && saved->revision >= newest.revision) return *std::move(saved);
  if (!saved) {
    SubtaskCheckpoint fresh;
    fresh.task_fingerprint = config.fingerprint;
    fresh.revision = newest.revision + 1;
    TRY(checkpoint::save(store, subtask, fresh));
    return fresh;
  }
  if (newest.task_fingerprint != config.fingerprint)
    return fail(ErrorCode::task_state_mismatch, "of the checkpoint committed last",
                fmt::format("{}, key {}", config.checkpoint_topic, subtask));
  TRY(checkpoint::save(store, subtask, newest));
  return newest;
}

Result<std::unique_ptr<sink::Delivery>> begin_transactions(const Config& config, const std::string& subtask,
                                                           checkpoint::Saver* copies, const base::CancelToken& cancel,
                                                           std::optional<std::string>& newest) {
  sink::Transactions transactions{.id = "tributary-" + subtask,
                                  .checkpoint_topic = config.checkpoint_topic,
                                  .checkpoint_partition = partition_of(config, subtask),
                                  .checkpoint_key = subtask,
                                  .idle_ms = config.commit_idle_ms,
                                  .load_ms = config.commit_load_ms,
                                  .committed = {}};
  if (copies != nullptr)
    transactions.committed = [copies](const std::string& checkpoint) {
      copies->marked(0, [checkpoint] { return Result<std::string>(checkpoint); });
    };
  return sink::exactly_once(config.kafka, config.topics, std::move(transactions), cancel, newest);
}

}  // namespace

Result<KeptDelivery> KeptDelivery::open(const Config& config, store::Store& store, const std::string& subtask,
                                        const base::CancelToken& cancel) {
  KeptDelivery out;
  const bool in_transactions = config.delivery == DeliveryMode::exactly_once;
  out.saver = std::make_unique<checkpoint::Saver>(
      [&store, subtask](std::string bytes) { return checkpoint::save_serialised(store, subtask, std::move(bytes)); },
      in_transactions ? copy_interval_ms : checkpoint::Saver::default_interval_ms);
  std::optional<std::string> newest;
  if (in_transactions) {
    TRY_VALUE(out.delivery, begin_transactions(config, subtask, out.saver.get(), cancel, newest));
    TRY_VALUE(const SubtaskCheckpoint committed, parse_committed(config, newest));
    TRY_VALUE(out.state, settle(config, store, subtask, committed));
    out.former_run = committed.run;
    out.state.run = config.run;
    return out;
  }
  checkpoint::Saver& saver = *out.saver;
  TRY_VALUE(
      out.delivery,
      sink::at_least_once(
          config.kafka, config.topics,
          sink::Tracking{.emitted = [&saver](std::uint32_t p, std::uint64_t first,
                                             std::uint64_t last) { saver.emitted(p, first, last); },
                         .marked = [&saver](std::uint64_t end, sink::Mark mark) { saver.marked(end, std::move(mark)); },
                         .acked = [&saver](std::uint32_t p, std::uint64_t last) { saver.acked(p, last); },
                         .flush = [&saver] { return saver.flush(); },
                         .status = [&saver] { return saver.status(); }}));
  TRY_VALUE(auto saved, checkpoint::load(store, subtask, config.fingerprint));
  if (saved) out.state = *std::move(saved);
  out.state.task_fingerprint = config.fingerprint;
  out.state.run = config.run;
  return out;
}

Status adopt_committed(const Config& config, store::Store& store, const base::CancelToken& cancel) {
  const std::string prefix = checkpoint::store_key(config.task + "/");
  TRY_VALUE(const auto entries, store.list(prefix));
  for (const store::Entry& entry : entries) {
    const std::string subtask = config.task + "/" + entry.key.substr(prefix.size());
    std::optional<std::string> newest;
    TRY(begin_transactions(config, subtask, nullptr, cancel, newest));
    TRY_VALUE(const SubtaskCheckpoint committed, parse_committed(config, newest));
    TRY(settle(config, store, subtask, committed));
  }
  return {};
}

Result<bool> is_taken_over(const Config& config, const std::string& subtask, const std::string& former_run,
                           const base::CancelToken& cancel) {
  TRY_VALUE(const auto newest, kafka::last_value(config.kafka, config.checkpoint_topic, partition_of(config, subtask),
                                                 subtask, look_ms_max, cancel));
  TRY_VALUE(const SubtaskCheckpoint committed, parse_committed(config, newest));
  return committed.run != config.run && committed.run != former_run;
}

}  // namespace tributary::pipeline
