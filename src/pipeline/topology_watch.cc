#include "pipeline/topology_watch.h"

#include <fmt/format.h>

#include <chrono>

#include "base/log.h"
#include "source/topology/difference.h"

namespace tributary::pipeline {

using base::Error;
using base::ErrorCode;

namespace {

constexpr std::chrono::milliseconds pause_least{1'000};  // between looks, whatever is surprising
constexpr std::chrono::milliseconds again{300};          // a difference is looked at a second time
constexpr int silence_s_max = 20;                        // the end of a run waits for a look under way

}  // namespace

source::SourceConfig for_another_look(source::SourceConfig config, const model::KnownTopology& known) {
  for (const auto& [name, table] : known.tables) config.may_be_missing.insert(name);
  return config;
}

Error topology_changed(const std::string& lines) { return {ErrorCode::source_topology_changed, "\n" + lines, {}}; }

TopologyWatch::TopologyWatch(source::SourceConfig config, model::KnownTopology known, std::int64_t interval_ms)
    : config_([&] {
        source::SourceConfig quick = for_another_look(std::move(config), known);
        quick.endpoint.read_timeout_s = silence_s_max;
        for (mysql::Endpoint& shard : quick.shards) shard.read_timeout_s = silence_s_max;
        return quick;
      }()),
      known_(std::move(known)),
      interval_ms_(interval_ms) {
  if (config_.engine != source::Engine::mysql) thread_ = std::thread([this] { run(); });
}

TopologyWatch::~TopologyWatch() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TopologyWatch::surprised_by(std::string what) {
  {
    std::lock_guard lock(mutex_);
    if (!surprise_.empty()) return;
    surprise_ = std::move(what);
  }
  wake_.notify_all();
}

std::optional<Error> TopologyWatch::change() const {
  std::lock_guard lock(mutex_);
  return change_;
}

std::optional<std::string> TopologyWatch::difference() const {
  const auto layout = source::read_layout(config_);
  if (!layout) {
    base::log::debug("the topology could not be looked at: {}", layout.error().message());
    return std::nullopt;
  }
  return source::change_lines(source::compare_topologies(known_, source::known_topology(*layout)));
}

std::optional<Error> TopologyWatch::look_now() {
  if (config_.engine == source::Engine::mysql) return std::nullopt;
  if (auto found = change()) return found;
  const auto lines = difference();
  if (!lines || lines->empty()) return std::nullopt;
  return topology_changed(*lines);
}

void TopologyWatch::run() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const auto woken = [this] { return closing_ || !surprise_.empty(); };
    if (interval_ms_ > 0)
      wake_.wait_for(lock, std::chrono::milliseconds(interval_ms_), woken);
    else
      wake_.wait(lock, woken);
    if (closing_) return;
    const std::string surprise = std::exchange(surprise_, {});
    lock.unlock();
    if (!surprise.empty()) base::log::debug("the topology is looked at again: {}", surprise);
    auto lines = difference();
    lock.lock();
    if (lines && !lines->empty()) {
      wake_.wait_for(lock, again, [this] { return closing_; });
      if (closing_) return;
      lock.unlock();
      lines = difference();
      lock.lock();
      if (lines && !lines->empty()) {
        change_ = topology_changed(*lines);
        return;
      }
    }
    wake_.wait_for(lock, pause_least, [this] { return closing_; });
  }
}

}  // namespace tributary::pipeline
