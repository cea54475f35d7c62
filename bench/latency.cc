#include "bench/latency.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "bench/product.h"
#include "bench/usage.h"
#include "kafka/client.h"

namespace tributary::bench {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::uint32_t warm_up_s = 3;
constexpr int patience_s = 60;

double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

// The id in ["db","t",ID].
std::optional<std::size_t> id_of(std::string_view key) {
  const std::size_t comma = key.rfind(',');
  std::size_t id = 0;
  if (comma == key.npos) return {};
  const auto [end, problem] = std::from_chars(key.data() + comma + 1, key.data() + key.size(), id);
  if (problem != std::errc{}) return {};
  return id;
}

class Measurement {
 public:
  Measurement(const Lab& lab, const LatencyOptions& options, const StopCheck& stop)
      : lab_(lab),
        options_(options),
        stop_(stop),
        changes_(std::size_t{options.changes_per_s} * (options.seconds + warm_up_s)),
        committed_(changes_),
        arrived_(changes_) {}

  Result<LatencyFigures> run() {
    const std::string name = "latency-" + options_.delivery, database = "latency_" + options_.delivery;
    TRY_VALUE(mysql::Connection admin, mysql::Connection::open(lab_.admins().front()));
    TRY(admin.execute("CREATE DATABASE " + database));
    TRY(admin.execute(fmt::format("CREATE TABLE {}.t (id INT PRIMARY KEY, text VARCHAR(200))", database)));
    TRY(lab_.make_topic(name));
    ProductTask task{.name = name, .database = {}, .topic = name, .delivery = options_.delivery};
    task.plain_database = database;
    task.stream_too = true;
    TRY_VALUE(const pid_t pid, start_product(lab_, options_.program, options_.dir, task));
    Result<LatencyFigures> figures = follow(admin, name, database, pid);
    ::kill(pid, SIGINT);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (figures && status != 0)
      return fail(ErrorCode::io, "tributary ended with " + lab::describe_wait_status(status) + "\n" +
                                     lab::tail_of(options_.dir + "/" + name + ".log", 15));
    return figures;
  }

 private:
  Result<LatencyFigures> follow(mysql::Connection& admin, const std::string& topic, const std::string& database,
                                pid_t pid) {
    kafka::Config config;
    config.brokers = lab_.brokers();
    config.overrides["fetch.wait.max.ms"] = "500";  // as consumers have it: the broker answers when there is something
    TRY_VALUE(const auto consumer, kafka::Consumer::create(config));
    TRY(consumer->assign({topic}, kafka::StartAt::beginning()));
    std::thread reader([&] { read(*consumer); });
    Status written = write(admin, database);
    const auto until = Clock::now() + std::chrono::seconds(patience_s);
    while (written && seen_ < changes_ && Clock::now() < until && !stop_())
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    LatencyFigures figures{.delivery = options_.delivery};
    figures.cpu_s_per_s = cpu_s(pid) / ms_between(begun_, Clock::now()) * 1000;
    is_over_ = true;
    reader.join();
    TRY(std::move(written));
    if (stop_()) return fail(ErrorCode::cancelled);
    if (seen_ < changes_)
      return fail(ErrorCode::io, fmt::format("{} of {} changes arrived in time", seen_.load(), changes_), topic);
    summarise(figures);
    return figures;
  }

  Status write(mysql::Connection& admin, const std::string& database) {
    const std::string text(150, 'x');
    begun_ = Clock::now();
    const auto step = std::chrono::nanoseconds(1'000'000'000 / options_.changes_per_s);
    for (std::size_t i = 0; i < changes_; ++i) {
      if (stop_()) return fail(ErrorCode::cancelled);
      std::this_thread::sleep_until(begun_ + step * i);
      TRY(admin.execute(fmt::format("INSERT INTO {}.t VALUES ({}, '{}')", database, i, text)));
      committed_[i] = Clock::now();
    }
    ended_ = Clock::now();
    return {};
  }

  void read(kafka::Consumer& consumer) {
    while (!is_over_) {
      const auto some = consumer.poll(100);
      if (!some) continue;
      const auto now = Clock::now();
      for (const kafka::MessageView& message : *some) {
        const auto id = message.has_key ? id_of(message.key) : std::nullopt;
        if (!id || *id >= changes_ || arrived_[*id] != Clock::time_point()) continue;
        arrived_[*id] = now;
        ++seen_;
      }
    }
  }

  void summarise(LatencyFigures& figures) const {
    std::vector<double> ms;
    // A record may be there before the writer has been told of its commit.
    for (std::size_t i = std::size_t{options_.changes_per_s} * warm_up_s; i < changes_; ++i)
      ms.push_back(std::max(0.0, ms_between(committed_[i], arrived_[i])));
    std::sort(ms.begin(), ms.end());
    const auto at = [&](double part) {
      return ms[static_cast<std::size_t>(part * static_cast<double>(ms.size() - 1))];
    };
    figures.changes = ms.size();
    figures.changes_per_s = static_cast<double>(changes_) / ms_between(begun_, ended_) * 1000;
    figures.p50_ms = at(0.5);
    figures.p90_ms = at(0.9);
    figures.p99_ms = at(0.99);
    figures.max_ms = ms.back();
  }

  const Lab& lab_;
  const LatencyOptions& options_;
  const StopCheck& stop_;
  const std::size_t changes_;
  std::vector<Clock::time_point> committed_, arrived_;  // each written by one thread, read when both are done
  std::atomic<std::size_t> seen_ = 0;
  std::atomic<bool> is_over_ = false;
  Clock::time_point begun_, ended_;
};

}  // namespace

Result<LatencyFigures> measure_latency(const Lab& lab, const LatencyOptions& options, const StopCheck& stop) {
  return Measurement(lab, options, stop).run();
}

std::string latency_table(const std::vector<LatencyFigures>& all, const std::string& broker) {
  std::string out =
      fmt::format("\nFrom commit to consumer, {} broker, one server, transactions of one row\n\n", broker);
  out += fmt::format("{:<14} {:>10} {:>9} {:>9} {:>9} {:>9} {:>10}\n", "", "changes/s", "p50 ms", "p90 ms", "p99 ms",
                     "max ms", "CPU s/s");
  for (const LatencyFigures& one : all)
    out += fmt::format("{:<14} {:>10.0f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>10.2f}\n", one.delivery,
                       one.changes_per_s, one.p50_ms, one.p90_ms, one.p99_ms, one.max_ms, one.cpu_s_per_s);
  return out;
}

std::string latency_json(const std::vector<LatencyFigures>& all, const std::string& broker) {
  auto list = nlohmann::ordered_json::array();
  for (const LatencyFigures& one : all)
    list.push_back({{"delivery", one.delivery},
                    {"changes_per_s", one.changes_per_s},
                    {"changes", one.changes},
                    {"p50_ms", one.p50_ms},
                    {"p90_ms", one.p90_ms},
                    {"p99_ms", one.p99_ms},
                    {"max_ms", one.max_ms},
                    {"cpu_s_per_s", one.cpu_s_per_s}});
  return nlohmann::ordered_json({{"broker", broker}, {"latency", list}}).dump();
}

}  // namespace tributary::bench
