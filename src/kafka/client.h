// Kafka as the rest of the program sees it: one configuration, a producer of encoded batches, a reader, and a look at
// the cluster. Hides librdkafka (2.0.2 or newer), whose headers no other folder includes.
//
// Errors: destination_config (a setting is refused), destination_unreachable (retriable), destination_auth,
// destination_topic_missing, destination_topic_denied, destination_record_too_large (what: the record's key),
// destination_fenced, destination_transactions, destination_transaction_lost (retriable), destination_rejected,
// destination_records_gone, cancelled.
// Facts: librdkafka's CONFIGURATION.md and INTRODUCTION.md (idempotence, ordering, transactions), KIP-98.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "model/record.h"

namespace tributary::kafka {

enum class Security : std::uint8_t { plaintext, plain, scram_sha_256, scram_sha_512 };
enum class Compression : std::uint8_t { none, gzip, snappy, lz4, zstd };

// The topic of checkpoints takes records of this size, whatever the others do.
inline constexpr std::uint32_t checkpoint_bytes_max = 16u << 20;

struct Config {
  std::string brokers;  // host:port,host:port
  Security security = Security::plaintext;
  std::string username, password;
  bool tls = false;
  std::string tls_ca;  // PEM file; empty: the system's authorities
  std::string client_id = "tributary";

  Compression compression = Compression::none;
  // How long a batch waits to be filled. Longer means fewer requests and less CPU per record, later visibility.
  std::uint32_t linger_ms = 50;
  std::uint32_t batch_bytes_max = 1'000'000;   // must not be over the topic's max.message.bytes
  std::uint32_t record_bytes_max = 1'000'000;  // key and value; larger ones are destination_record_too_large
  std::size_t unacked_bytes_max = 16u << 20;   // produce() waits beyond this; bounds the producer's memory

  std::string transactional_id;                   // not empty: a producer of transactions, see Producer::fence()
  std::uint32_t transaction_timeout_ms = 60'000;  // the broker aborts what is open for longer

  std::map<std::string, std::string> overrides;  // librdkafka properties, applied last
};

// ---- producing ------------------------------------------------------------------------------------------------------

// Records of one batch for one partition, in the order in which they are to stand there. The record at records[i] has
// the sequence number first_sequence + i. Sequence numbers grow over the producer's life, in any one partition.
struct Run {
  std::uint16_t topic = 0;  // from Producer::topic()
  std::int32_t partition = 0;
  std::uint64_t first_sequence = 0;
  std::span<const std::uint32_t> records;  // indexes into RecordBatch::records

  std::uint64_t last_sequence() const { return first_sequence + records.size() - 1; }
};

// Every record of the partition up to and with last_sequence is in Kafka on all in-sync replicas.
struct Ack {
  std::uint16_t topic = 0;
  std::int32_t partition = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t records = 0;  // newly acknowledged
  std::uint64_t bytes = 0;    // of their keys and values
};

// Called on the producer's own thread with the acks of one round, at most one per partition. Keep it short.
using AckHandler = std::function<void(std::span<const Ack>)>;

// Something the client library is retrying by itself.
struct Problem {
  base::Error error;
  std::int64_t since_ms = 0;  // Unix epoch
};

struct ProducerCounters {
  std::uint64_t records_sent = 0;  // handed to the client library
  std::uint64_t records_acked = 0;
  std::uint64_t bytes_acked = 0;
  std::uint64_t unacked_bytes = 0;
};

// Idempotent, acks=all, never gives up by itself: a broker that is away shows in problem() until it is back.
// A permanent error that a broker reports (too large, denied, fenced, ...) makes the producer fail for good: nothing is
// acknowledged after it, and every later call returns that error. Make a new producer to go on.
//
// Threads: produce() one at a time (its order is the order in the partition); the rest from any thread.
class Producer {
 public:
  static base::Result<std::unique_ptr<Producer>> create(const Config& config, AckHandler on_acks);
  // Gives up what is not acknowledged: flush() first for a clean end. No ack is called after it returns.
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  // The number by which runs name the topic: 0, 1, ... in the order of first asking. The topic is neither created nor
  // checked: see describe(). record_bytes_max 0: that of the configuration. On the thread that produces.
  base::Result<std::uint16_t> topic(const std::string& name, std::uint32_t record_bytes_max = 0);
  // The same by a number of the caller's, which may leave others out. A number keeps its topic.
  base::Status name_topic(std::uint16_t number, const std::string& name, std::uint32_t record_bytes_max = 0);

  // Hands over the records in the order of the runs, which must cover the batch, each record once. Waits while too much
  // is unacknowledged. Afterwards the batch is empty, and its byte buffer is another, recycled one: large batches are
  // sent from where they stand, without a copy, and kept until they are acknowledged.
  // destination_record_too_large, and `cancelled` while waiting, leave batch and producer as they were; after any other
  // error a part may be on its way.
  base::Status produce(model::RecordBatch& batch, std::span<const Run> runs, const base::CancelToken& cancel);

  // destination_record_too_large, with the key, if one of them is over its topic's limit. produce() asks too.
  base::Status check(const model::RecordBatch& batch) const;

  // Sends at once what lingers and waits until everything is acknowledged and handed to the handler.
  // destination_unreachable when the time is over.
  base::Status flush(std::int64_t timeout_ms, const base::CancelToken& cancel);

  // Sends what lingers now. May wait for a moment.
  void hurry();

  // ---- with a transactional id: fence() once, then begin(), produce() ..., commit() or abort(), by one thread.
  // Takes the id over: what an older producer of it left open is aborted, and whatever it still tries is refused.
  // Waits for the brokers up to timeout_ms. destination_transactions: they can't do that, or don't let us.
  base::Status fence(std::int64_t timeout_ms, const base::CancelToken& cancel);
  base::Status begin();
  // Sends what lingers, waits until all of the transaction is acknowledged, and ends it. After an error nobody but the
  // broker knows whether it was committed, and the producer is of no use any more: a newer one of the same id, and what
  // it finds in the topics, tell. destination_transaction_lost: it was aborted or given up by the broker.
  base::Status commit(const base::CancelToken& cancel);
  // Gives the open transaction up; as well as it goes.
  void abort(std::int64_t timeout_ms);

  base::Status status() const;  // the permanent error, if there is one
  std::optional<Problem> problem() const;
  ProducerCounters counters() const;

 private:
  struct State;
  explicit Producer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// ---- reading --------------------------------------------------------------------------------------------------------

// Borrowed until the next poll().
struct MessageView {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;  // -1: the broker gave none
  bool has_key = false;            // false: null key
  bool has_value = true;           // false: tombstone
  std::string_view key, value;
};

struct StartAt {
  enum class Kind : std::uint8_t { beginning, end, timestamp, offset } kind = Kind::beginning;
  std::int64_t value = 0;  // milliseconds since the epoch, or the offset

  static StartAt beginning() { return {}; }
  static StartAt end() { return {Kind::end, 0}; }
  static StartAt timestamp(std::int64_t ms) { return {Kind::timestamp, ms}; }
  static StartAt offset(std::int64_t offset) { return {Kind::offset, offset}; }
};

// Where reading begins in a partition, and the offset behind the last record wanted.
struct PartitionRange {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t from = 0, end = 0;
};

struct PartitionSpan {
  std::int32_t partition = 0;
  std::int64_t first = 0;  // offset of the oldest record kept
  std::int64_t end = 0;    // offset behind the last one
};

// Reads whole topics without joining a group; committed records only. Records that the broker dropped before they were
// read are destination_records_gone, never skipped. Threads: one at a time.
class Consumer {
 public:
  static base::Result<std::unique_ptr<Consumer>> create(const Config& config);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // All partitions of the topic, from the same kind of place. Replaces what was assigned before, and takes note of the
  // end offsets of this moment for at_end().
  base::Status assign(const std::vector<std::string>& topics, StartAt start, int timeout_ms = 10'000);
  // Parts of partitions, which may be of several topics; at_end() goes by their ends.
  base::Status assign(std::span<const PartitionRange> ranges);
  // Reading goes on to where these end now; they must be assigned.
  void extend(std::span<const PartitionRange> ranges);
  // Up to `most` messages of any partition, as soon as there are some; empty when the time is over.
  base::Result<std::span<const MessageView>> poll(int timeout_ms, std::size_t most = 1000);
  // True when everything that was in the topics at assign(), or up to the ends asked for, has been returned by poll().
  bool at_end() const;
  base::Result<std::vector<PartitionSpan>> spans(const std::string& topic, int timeout_ms = 10'000);
  std::optional<Problem> problem() const;

 private:
  struct State;
  explicit Consumer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The value of the newest committed record of a key in a compacted topic; unset if there is none. Reads the partition
// from its beginning to its end, and waits for transactions open there to end, up to timeout_ms.
base::Result<std::optional<std::string>> last_value(const Config& config, const std::string& topic,
                                                    std::int32_t partition, std::string_view key, int timeout_ms,
                                                    const base::CancelToken& cancel);

// ---- the cluster ----------------------------------------------------------------------------------------------------

struct Topic {
  std::string name;
  std::int32_t partitions = 0;
  std::optional<std::uint32_t> message_bytes_max;  // max.message.bytes, where the broker tells and we may ask
};

struct Cluster {
  std::vector<std::string> brokers;  // host:port as advertised
  std::vector<Topic> topics;         // in the order asked for
};

// Connects, authenticates and looks at the named topics without creating any. An error names the first topic in
// trouble.
base::Result<Cluster> describe(const Config& config, const std::vector<std::string>& topics, int timeout_ms);

// The same of topics that were made a moment ago, of which the brokers may not know yet: waits until they do.
base::Result<Cluster> describe_made(const Config& config, const std::vector<std::string>& topics, int timeout_ms);

// All topics of the cluster that we may see, sorted; without the brokers' own.
base::Result<std::vector<std::string>> topic_names(const Config& config, int timeout_ms);

struct TransactionSetup {
  std::string id;  // a transactional id to try, which no producer of the task has; empty: it is known that they work
  std::string checkpoint_topic;
};

// Whether the cluster lets us write in transactions, and has the checkpoint topic, which is made (compacted) if it is
// missing; its partitions. destination_transactions, or what is wrong with the topic.
base::Result<std::int32_t> prepare_transactions(const Config& config, const TransactionSetup& setup, int timeout_ms);

// An existing topic is not an error. replicas -1: the broker's default.
base::Status create_topic(const Config& config, const std::string& name, std::int32_t partitions, int replicas,
                          const std::map<std::string, std::string>& settings, int timeout_ms);

}  // namespace tributary::kafka
