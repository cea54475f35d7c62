// tributary-bench: how fast the product is beside the best that this machine, these servers and this broker can do.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bench/anchor.h"
#include "bench/latency.h"
#include "bench/orders.h"
#include "bench/product.h"
#include "bench/report.h"
#include "bench/usage.h"

namespace {

using namespace tributary;
using namespace tributary::bench;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

std::atomic<bool> stop_asked = false;
bool stopped() { return stop_asked.load(); }

struct Arguments {
  std::uint64_t rows = 2'000'000;
  int runs = 1;
  std::string broker = "auto", compression = "lz4", only = "both", dir, keep, profile, against, delivery,
              other_delivery, program_dir;
  std::vector<std::string> task_lines, client;
  int buffer_pool_mb = 1024;
  bool as_json = false, stream_too = false, resumed = false, latency = false, transformed = false;
  std::uint32_t changes_per_s = 1000;
};

template <typename... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  fmt::print(stderr, "bench: {}\n", fmt::format(text, std::forward<Args>(args)...));
}

// The folder of the run's servers and logs; gone at the end unless it is to be kept.
class Folder {
 public:
  explicit Folder(const Arguments& a) : kept_(!a.keep.empty()) {
    const char* temp = std::getenv("TMPDIR");
    std::string pattern = (!a.dir.empty()                     ? a.dir
                           : temp != nullptr && *temp != '\0' ? temp
                                                              : "/tmp") +
                          std::string("/tributary-bench.XXXXXX");
    std::error_code ignored;
    if (!a.dir.empty()) std::filesystem::create_directories(a.dir, ignored);
    if (kept_) {
      std::filesystem::create_directories(a.keep, ignored);
      path_ = std::filesystem::absolute(a.keep, ignored).string();
    } else if (::mkdtemp(pattern.data()) != nullptr) {
      path_ = std::filesystem::absolute(pattern, ignored).string();
    }
  }
  ~Folder() {
    std::error_code ignored;
    if (kept_) {
      say("kept: {}", path_);
    } else if (!path_.empty()) {
      std::filesystem::remove_all(path_, ignored);
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  bool kept_;
  std::string path_;
};

Result<std::vector<model::BinlogPosition>> binlog_ends(const Lab& lab) {
  std::vector<model::BinlogPosition> ends;
  for (const mysql::Endpoint& server : lab.readers()) {
    TRY_VALUE(ends.emplace_back(), binlog_end(server));
  }
  return ends;
}

class Bench {
 public:
  Bench(const Arguments& arguments, const std::string& dir, const Lab& lab) : a_(arguments), dir_(dir), lab_(lab) {
    like_product_.brokers = lab.brokers();
    static const std::map<std::string, kafka::Compression> codecs = {
        {"none", kafka::Compression::none}, {"lz4", kafka::Compression::lz4}, {"zstd", kafka::Compression::zstd}};
    like_product_.compression = codecs.at(a_.compression);
    for (const std::string& setting : a_.client)
      like_product_.overrides[setting.substr(0, setting.find('='))] = setting.substr(setting.find('=') + 1);
  }

  Result<Figures> run() {
    Figures figures{.rows = a_.rows,
                    .broker = lab_.real_kafka() ? "kafka" : "mock",
                    .compression = a_.compression,
                    .against = other_text()};
    TRY_VALUE(mysql::Connection connection, mysql::Connection::open(lab_.readers().front()));
    figures.server = connection.server_version();
    // A small table first: the product's records of it are what the anchor sends.
    TRY_VALUE(const auto begin, binlog_ends(lab_));
    constexpr std::uint64_t sample_rows = 20'000;
    TRY(make_table(lab_, "calib"));
    TRY(load_rows(lab_, "calib", sample_rows, stopped));
    if (a_.only != "catch-up") {
      TRY(sample({.name = "calib-s", .database = "calib", .topic = "calib-s"}, snapshot_messages_));
    }
    if (a_.only != "snapshot") {
      TRY(sample({.name = "calib-c", .database = "calib", .topic = "calib-c", .catch_up = true, .from = begin},
                 catch_up_messages_));
    }
    TRY_VALUE(from_, binlog_ends(lab_));
    TRY(make_table(lab_, "bench"));
    for (int i = 0; a_.resumed && i < a_.runs; ++i) {
      TRY(begin_catch_up(i, ours()));
      if (has_other()) TRY(begin_catch_up(i, other()));
    }
    say("loading {} rows", a_.rows);
    const Stopwatch loading;
    TRY(load_rows(lab_, "bench", a_.rows, stopped));
    figures.load_s = loading.seconds();
    say("loaded in {:.1f} s", figures.load_s);
    Shape snapshot{.name = "snapshot", .record_bytes = snapshot_messages_.mean_bytes};
    Shape catch_up{.name = "catch_up", .record_bytes = catch_up_messages_.mean_bytes};
    for (int i = 0; i < a_.runs; ++i) {
      if (a_.only != "catch-up") {
        TRY_VALUE(snapshot.pairs.emplace_back(), pair(false, i));
      }
      if (a_.only != "snapshot") {
        TRY_VALUE(catch_up.pairs.emplace_back(), pair(true, i));
      }
    }
    if (!snapshot.pairs.empty()) figures.shapes.push_back(std::move(snapshot));
    if (!catch_up.pairs.empty()) figures.shapes.push_back(std::move(catch_up));
    return figures;
  }

 private:
  bool has_other() const { return !a_.against.empty() || !a_.other_delivery.empty() || a_.transformed; }
  std::string other_text() const {
    if (!has_other()) return {};
    return fmt::format("{}{}{}{}", a_.against.empty() ? program() : a_.against, a_.other_delivery.empty() ? "" : ", ",
                       a_.other_delivery, a_.transformed ? ", with names, filter and script" : "");
  }
  struct Program {
    const char* name;
    std::string path, delivery;
    std::vector<std::string> task_lines = {};
  };
  Program ours() const { return {"product", program(), a_.delivery}; }
  Program other() const {
    return {"other", a_.against.empty() ? program() : a_.against,
            a_.other_delivery.empty() && a_.against.empty() ? a_.delivery : a_.other_delivery,
            a_.transformed ? transforming_lines() : std::vector<std::string>()};
  }
  // All rows pass, so that as many records are sent.
  static std::vector<std::string> transforming_lines() {
    return {
        "objects: {bench: {name: store, tables: {orders: {name: orders_v2, where: \"status < 100 AND price > 0\", "
        "columns: {id: id, user_id: customer_id, shop_id: shop_id, status: status, price: price, discount: discount, "
        "buyer: buyer, sku: sku, address: address, remark: note, created: created, updated: updated}}}}}",
        "etl: {script: \"e_compose(e_set(`buyer`, str_mask(`buyer`, 2, 5, '*')), "
        "e_if(op_gt(`price`, 100), e_set(`status`, 9)))\"}"};
  }
  std::string program() const { return a_.program_dir + "/tributary"; }

  Status sample(ProductTask task, Messages& messages) {
    task.compression = a_.compression;
    TRY(lab_.make_topic(task.topic));
    TRY(run_product(lab_, program(), dir_, task, {}, stopped));
    constexpr std::size_t sample_messages = 10'000;
    TRY_VALUE(messages, read_messages(lab_.brokers(), task.topic, sample_messages));
    return {};
  }

  Status expect_records(const std::string& topic) const {
    TRY_VALUE(const std::uint64_t records, lab_.records_in(topic));
    if (records != a_.rows)
      return fail(ErrorCode::internal,
                  fmt::format("{} records in the topic where {} rows were to be carried", records, a_.rows), topic);
    return {};
  }

  Result<Pair> pair(bool catch_up, int number) {
    Pair out;
    const char* shape = catch_up ? "catch-up" : "snapshot";
    {
      const std::string topic = fmt::format("anchor-{}-{}", shape, number);
      TRY(lab_.make_topic(topic));
      const double servers = cpu_s(lab_.server_pids()), broker = cpu_s(lab_.broker_pid());
      TRY_VALUE(const AnchorRun run,
                run_anchor(catch_up ? binlog_readers(lab_, from_) : select_readers(lab_, "bench"), like_product_, topic,
                           catch_up ? catch_up_messages_ : snapshot_messages_, a_.rows, stopped));
      out.anchor_servers_cpu_s = cpu_s(lab_.server_pids()) - servers;
      out.anchor_broker_cpu_s = cpu_s(lab_.broker_pid()) - broker;
      TRY(expect_records(topic));
      TRY(lab_.remove_topic(topic));
      if (!catch_up && run.read != a_.rows)
        return fail(ErrorCode::internal, fmt::format("the anchor read {} rows", run.read));
      out.anchor_wall_s = run.wall_s;
      out.anchor_read_s = run.read_s;
      out.anchor_produce_s = run.produce_s;
      out.anchor_cpu_s = run.cpu_s;
      say("{} anchor   {:.2f} s (reading {:.2f} s, producing {:.2f} s)", shape, run.wall_s, run.read_s, run.produce_s);
    }
    // Whatever comes second finds the servers' caches as the first left them: so they take turns at being first.
    const bool other_first = number % 2 == 1;
    if (has_other() && other_first) {
      TRY_VALUE(out.other, product(catch_up, number, other()));
    }
    TRY_VALUE(out.product, product(catch_up, number, ours()));
    if (has_other() && !other_first) {
      TRY_VALUE(out.other, product(catch_up, number, other()));
    }
    return out;
  }

  ProductTask task_of(bool catch_up, int number, const Program& which) const {
    ProductTask task{.name = fmt::format("{}-{}-{}", which.name, catch_up ? "catch-up" : "snapshot", number),
                     .database = "bench",
                     .catch_up = catch_up,
                     .stream_too = a_.stream_too,
                     .compression = a_.compression,
                     .delivery = which.delivery,
                     .client = like_product_.overrides,
                     .extra = a_.task_lines};
    task.extra.insert(task.extra.end(), which.task_lines.begin(), which.task_lines.end());
    task.topic = task.name;
    if (catch_up && !a_.resumed) task.from = from_;
    return task;
  }

  // A task that runs before there are rows, and is stopped.
  Status begin_catch_up(int number, const Program& which) const {
    ProductTask task = task_of(true, number, which);
    task.keeps_state = true;
    TRY(lab_.make_topic(task.topic));
    TRY(run_product(lab_, which.path, dir_, task, {}, stopped));
    return {};
  }

  Result<Cost> product(bool catch_up, int number, const Program& which) const {
    const char* shape = catch_up ? "catch-up" : "snapshot";
    const ProductTask task = task_of(catch_up, number, which);
    const std::string& name = task.name;
    if (!(catch_up && a_.resumed)) TRY(lab_.make_topic(name));
    std::vector<std::string> wrapper;
    if (!a_.profile.empty())
      wrapper = {"perf", "record", "-q", "-F", "499", "-g", "-o", fmt::format("{}-{}.data", a_.profile, shape), "--"};
    const double servers = cpu_s(lab_.server_pids()), broker = cpu_s(lab_.broker_pid());
    TRY_VALUE(const ProductRun run, run_product(lab_, which.path, dir_, task, wrapper, stopped));
    Cost out{.wall_s = run.wall_s,
             .inside_s = run.inside_s,
             .cpu_s = run.cpu_s,
             .servers_cpu_s = cpu_s(lab_.server_pids()) - servers,
             .broker_cpu_s = cpu_s(lab_.broker_pid()) - broker,
             .peak_rss_mib = run.peak_rss_mib};
    TRY(expect_records(name));
    TRY(lab_.remove_topic(name));
    say("{} {:<8} {:.2f} s ({:.2f} CPU s)", shape, which.name, out.wall_s, out.cpu_s);
    return out;
  }

  const Arguments& a_;
  const std::string dir_;
  const Lab& lab_;
  kafka::Config like_product_;
  Messages snapshot_messages_, catch_up_messages_;
  std::vector<model::BinlogPosition> from_;
};

Result<Lab> start_lab(const Arguments& a, const std::string& dir, int servers) {
  say("starting {} and a broker", servers == 1 ? "a server" : "two servers");
  TRY_VALUE(Lab lab, Lab::up({.program = a.program_dir + "/tributary-lab",
                              .dir = dir + "/lab",
                              .broker = a.broker,
                              .servers = servers,
                              .buffer_pool_mb = a.buffer_pool_mb,
                              // No page is written out while something is measured, nor at the end.
                              .server_options = {"innodb-log-file-size=2G", "innodb-fast-shutdown=2"}},
                             stopped));
  if (!lab.real_kafka()) say("NOT A REAL KAFKA: librdkafka's mock broker.");
  return lab;
}

Result<std::string> throughput(const Arguments& a, const std::string& dir) {
  TRY_VALUE(const Lab lab, start_lab(a, dir, 2));
  TRY_VALUE(const Figures figures, Bench(a, dir, lab).run());
  return a.as_json ? as_json(figures) : as_table(figures);
}

Result<std::string> latency(const Arguments& a, const std::string& dir) {
  TRY_VALUE(const Lab lab, start_lab(a, dir, 1));
  std::vector<std::string> deliveries = {"exactly_once", "at_least_once"};
  if (!lab.real_kafka()) deliveries.erase(deliveries.begin());
  if (!a.delivery.empty()) deliveries = {a.delivery};
  std::vector<LatencyFigures> all;
  for (const std::string& delivery : deliveries) {
    say("{} changes a second, {}", a.changes_per_s, delivery);
    TRY_VALUE(all.emplace_back(), measure_latency(lab,
                                                  {.program = a.program_dir + "/tributary",
                                                   .dir = dir,
                                                   .delivery = delivery,
                                                   .changes_per_s = a.changes_per_s},
                                                  stopped));
  }
  const std::string broker = lab.real_kafka() ? "kafka" : "mock";
  return a.as_json ? latency_json(all, broker) : latency_table(all, broker);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  a.program_dir = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  CLI::App app{
      "The product's speed and cost beside the anchor: raw SELECT or binlog streams and a bare producer at the same "
      "time",
      "bench"};
  app.add_option("--rows", a.rows, "Rows of the table (2000000)")->check(CLI::Range(1000, 100'000'000));
  app.add_option("--runs", a.runs, "Anchor and product in turn, medians (1)")->check(CLI::Range(1, 100));
  app.add_option("--broker", a.broker, "auto (default: real Kafka where it can be had, else the mock), kafka or mock")
      ->check(CLI::IsMember({"auto", "kafka", "mock"}));
  app.add_option("--compression", a.compression, "none, lz4 (the product's default) or zstd, for anchor and product")
      ->check(CLI::IsMember({"none", "lz4", "zstd"}));
  app.add_option("--only", a.only, "snapshot, catch-up or both (default)")
      ->check(CLI::IsMember({"snapshot", "catch-up", "both"}));
  app.add_flag("--with-stream", a.stream_too, "The snapshot with the binlog streaming at the same time");
  app.add_flag("--resumed", a.resumed,
               "Catching up is that of a task that was stopped before the rows, not of one that starts in the past");
  app.add_option("--task", a.task_lines, "A line more for the product's task file, e.g. 'tuning: {chunk_rows: 50000}'");
  app.add_option("--client", a.client, "NAME=VALUE, a librdkafka property for anchor and product")
      ->check(CLI::Validator([](std::string& s) { return s.find('=') == s.npos ? "wants NAME=VALUE" : std::string(); },
                             "NAME=VALUE"));
  app.add_option("--buffer-pool-mb", a.buffer_pool_mb, "Of each server (1024)");
  app.add_option("--dir", a.dir, "Where to make the temporary folder ($TMPDIR or /tmp)");
  app.add_option("--keep", a.keep, "Use this folder and leave it there");
  app.add_option("--profile", a.profile,
                 "Run the product under perf record, data in PROFILE-snapshot.data and PROFILE-catch-up.data");
  app.add_option("--against", a.against, "Another build's tributary, run in turn with this one")
      ->check(CLI::ExistingFile);
  app.add_option("--delivery", a.delivery, "exactly_once or at_least_once (the product's default: exactly once)")
      ->check(CLI::IsMember({"exactly_once", "at_least_once"}));
  app.add_option("--other-delivery", a.other_delivery, "Another delivery, run in turn")
      ->check(CLI::IsMember({"exactly_once", "at_least_once"}));
  app.add_flag("--transformed", a.transformed,
               "The same with renamed objects, a filter and an ETL script, run in turn");
  app.add_flag("--latency", a.latency,
               "From commit to consumer instead, at --rate changes a second, for each delivery");
  app.add_option("--rate", a.changes_per_s, "With --latency (1000)")->check(CLI::Range(1, 100'000));
  app.add_flag("--json", a.as_json, "One object instead of a table");
  CLI11_PARSE(app, argc, argv);

  struct sigaction on_stop {};
  on_stop.sa_handler = [](int) { stop_asked.store(true); };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &on_stop, nullptr);
  signal(SIGPIPE, SIG_IGN);

  const Folder folder(a);
  if (folder.path().empty()) {
    say("no folder can be made");
    return 1;
  }
  const Result<std::string> report = a.latency ? latency(a, folder.path()) : throughput(a, folder.path());
  if (!report) {
    if (report.error().is_cancelled()) {
      say("stopped");
      return 130;
    }
    say("{}", report.error().message());
    return 1;
  }
  fmt::print("{}\n", *report);
  return 0;
}
