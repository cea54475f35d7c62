#include "bench/anchor.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "bench/orders.h"
#include "bench/usage.h"

namespace tributary::bench {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

template <auto destroy>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using Client = std::unique_ptr<rd_kafka_t, Deleter<rd_kafka_destroy>>;
using Topic = std::unique_ptr<rd_kafka_topic_t, Deleter<rd_kafka_topic_destroy>>;

Result<Client> make_client(const kafka::Config& like) {
  static constexpr std::array codecs = {"none", "gzip", "snappy", "lz4", "zstd"};
  std::vector<std::pair<std::string, std::string>> settings = {
      {"bootstrap.servers", like.brokers},
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"linger.ms", std::to_string(like.linger_ms)},
      {"batch.size", std::to_string(like.batch_bytes_max)},
      {"batch.num.messages", "100000"},
      {"compression.codec", codecs.at(static_cast<std::size_t>(like.compression))},
      {"queue.buffering.max.messages", "10000000"},
      // No more than fits into the five requests that may be under way: the library's thread spins while messages wait
      // for their turn, which makes the anchor slower where cores are few.
      {"queue.buffering.max.kbytes", std::to_string(5 * like.batch_bytes_max / 1024)},
      {"delivery.report.only.error", "true"},
  };
  settings.insert(settings.end(), like.overrides.begin(), like.overrides.end());
  char error[512];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK) continue;
    rd_kafka_conf_destroy(conf);
    return fail(ErrorCode::destination_config, error, name);
  }
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client == nullptr) {
    rd_kafka_conf_destroy(conf);
    return fail(ErrorCode::destination_config, error);
  }
  return Client(client);
}

// The messages' bytes stay where they are: nothing is copied.
Status produce(rd_kafka_t* client, rd_kafka_topic_t* topic, const Messages& messages, std::uint64_t count,
               const StopCheck& stop) {
  constexpr std::size_t at_a_time = 256;
  std::array<rd_kafka_message_t, at_a_time> batch{};
  std::size_t next = 0;
  for (std::uint64_t done = 0; done < count;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(at_a_time, count - done));
    for (std::size_t i = 0; i < wanted; ++i) {
      const Message& from = messages.all[next];
      if (++next == messages.all.size()) next = 0;
      batch[i].payload = const_cast<char*>(from.value.data());
      batch[i].len = from.value.size();
      batch[i].key = const_cast<char*>(from.key.data());
      batch[i].key_len = from.key.size();
      batch[i].err = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    std::size_t sent = 0;
    while (sent < wanted) {
      const int now = rd_kafka_produce_batch(topic, 0, 0, batch.data() + sent, static_cast<int>(wanted - sent));
      sent += static_cast<std::size_t>(now);
      if (sent == wanted) break;
      const rd_kafka_resp_err_t why = batch[sent].err;
      if (why != RD_KAFKA_RESP_ERR__QUEUE_FULL) return fail(ErrorCode::destination_rejected, rd_kafka_err2str(why));
      if (stop()) return fail(ErrorCode::cancelled);
      rd_kafka_poll(client, 1);
    }
    done += wanted;
  }
  while (rd_kafka_outq_len(client) > 0) {
    if (stop()) return fail(ErrorCode::cancelled);
    rd_kafka_flush(client, 100);
  }
  return {};
}

}  // namespace

std::vector<Reader> select_readers(const Lab& lab, const std::string& database) {
  std::vector<Reader> readers;
  for (std::size_t server = 0; server < lab.readers().size(); ++server) {
    readers.push_back(
        [endpoint = lab.readers()[server], name = physical_database(database, server)]() -> Result<std::uint64_t> {
          TRY_VALUE(mysql::Connection connection, mysql::Connection::open(endpoint));
          TRY_VALUE(mysql::RowStream rows, connection.stream(fmt::format("SELECT * FROM {}.orders", name)));
          mysql::RowView row;
          for (std::uint64_t count = 0;; ++count) {
            TRY_VALUE(const bool more, rows.next(row));
            if (!more) return count;
          }
        });
  }
  return readers;
}

std::vector<Reader> binlog_readers(const Lab& lab, const std::vector<model::BinlogPosition>& from) {
  std::vector<Reader> readers;
  for (std::size_t server = 0; server < lab.readers().size(); ++server) {
    constexpr std::uint32_t first_server_id = 900'000'001;
    const mysql::DumpStart start{.at = from[server],
                                 .gtid_set = std::nullopt,
                                 .server_id = first_server_id + static_cast<std::uint32_t>(server),
                                 .non_blocking = true};
    readers.push_back([endpoint = lab.readers()[server], start]() -> Result<std::uint64_t> {
      TRY_VALUE(mysql::Connection connection, mysql::Connection::open(endpoint));
      TRY(connection.start_dump(start));
      for (std::uint64_t count = 0;; ++count) {
        TRY_VALUE(const std::string_view event, connection.read_event());
        if (event.empty()) return count;
      }
    });
  }
  return readers;
}

Result<AnchorRun> run_anchor(const std::vector<Reader>& readers, const kafka::Config& like, const std::string& topic,
                             const Messages& messages, std::uint64_t count, const StopCheck& stop) {
  AnchorRun run;
  const double cpu_before = own_cpu_s();
  const Stopwatch watch;
  std::mutex mutex;
  std::optional<Error> first;
  std::vector<std::thread> threads;
  const auto fail_with = [&](Error error) {
    std::lock_guard lock(mutex);
    if (!first) first = std::move(error);
  };
  for (const Reader& reader : readers) {
    threads.emplace_back([&] {
      const Result<std::uint64_t> read = reader();
      if (!read) return fail_with(read.error());
      std::lock_guard lock(mutex);
      run.read += *read;
      run.read_s = std::max(run.read_s, watch.seconds());
    });
  }
  const std::size_t producers = readers.size();
  for (std::size_t i = 0; i < producers; ++i) {
    threads.emplace_back([&, share = count / producers + (i < count % producers ? 1 : 0)] {
      const auto send = [&]() -> Status {
        TRY_VALUE(const Client client, make_client(like));
        const Topic handle(rd_kafka_topic_new(client.get(), topic.c_str(), nullptr));
        return produce(client.get(), handle.get(), messages, share, stop);
      };
      if (Status sent = send(); !sent) return fail_with(std::move(sent.error()));
      std::lock_guard lock(mutex);
      run.produce_s = std::max(run.produce_s, watch.seconds());
    });
  }
  for (std::thread& thread : threads) thread.join();
  run.cpu_s = own_cpu_s() - cpu_before;
  if (first) return fail(std::move(*first));
  run.wall_s = std::max(run.read_s, run.produce_s);
  return run;
}

}  // namespace tributary::bench
