#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "kafka/internal.h"
#include "kafka/unacked.h"

namespace tributary::kafka {

using base::Error;
using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using internal::Owned;
using internal::set;
using internal::to_error;

namespace {

// What librdkafka and the allocator need per message besides key and value.
constexpr std::size_t message_overhead = 256;
// Below this a copy is cheaper than keeping a buffer for the time of a round trip.
constexpr std::size_t borrow_bytes_min = 32 << 10;
// Messages handed over at a time: their descriptors (72 bytes each) stay in the first-level cache.
constexpr std::size_t messages_per_call = 256;
constexpr int wait_slice_ms = 5;
// What the library lets be under way on a connection with idempotence.
constexpr std::size_t requests_in_flight_max = 5;
constexpr std::int64_t look_interval_ms = 2000;
constexpr int probe_timeout_ms = 1000;
constexpr int hurry_ms = 2;
constexpr int init_slice_ms = 2000, commit_slice_ms = 1000;  // how soon a request to stop is heard
// A commit whose outcome is not known by then is left to the next producer, which asks the topic.
constexpr std::int64_t commit_ms_max = 120'000;
// Retries inside the library (too few in-sync replicas, say) make no noise: silence for this long is a problem by
// itself.
constexpr std::int64_t stall_ms = 5000;

std::int64_t monotonic_ms() { return base::SystemClock::instance().monotonic_ms(); }

Result<std::size_t> get_number(const rd_kafka_conf_t* conf, const char* name) {
  std::array<char, 64> text{};
  std::size_t size = text.size();
  if (rd_kafka_conf_get(conf, name, text.data(), &size) != RD_KAFKA_CONF_OK)
    return fail(ErrorCode::destination_config, "unknown", name);
  return static_cast<std::size_t>(std::strtoull(text.data(), nullptr, 10));
}

std::size_t key_bytes(const model::EncodedRecord& record) {
  return record.key_size == model::no_key ? 0 : record.key_size;
}

}  // namespace

struct Producer::State {
  State(const Config& c, AckHandler handler) : config(c), on_acks(std::move(handler)), unacked(c.unacked_bytes_max) {}

  // ---- fixed after create()
  const Config config;
  const AckHandler on_acks;
  Owned<rd_kafka_t> handle;
  Owned<rd_kafka_queue_t> events;
  std::thread thread;
  std::size_t request_bytes = 0;  // batch.size
  std::size_t requests_max = requests_in_flight_max;

  // ---- synchronised by themselves
  internal::ProblemBoard problems;
  std::atomic<bool> closing = false;
  std::atomic<bool> failed = false;
  std::atomic<std::uint64_t> records_sent = 0, records_acked = 0, bytes_acked = 0;

  // ---- guarded by mutex
  mutable std::mutex mutex;
  std::condition_variable progress;  // something was acknowledged, or all is lost
  Unacked unacked;
  std::size_t library_bytes = 0;  // keys and values that the library holds
  std::uint64_t handlers_running = 0;
  std::optional<Error> error;
  struct Topic {
    std::string name;
    Owned<rd_kafka_topic_t> handle;
  };
  std::deque<Topic> topics;
  std::vector<std::size_t> record_bytes_max;  // by topic; the producing thread only

  // ---- produce() only
  std::array<rd_kafka_message_t, messages_per_call> messages;

  // ---- the producer's thread only
  std::vector<Ack> acks;
  std::int64_t last_ack_ms = 0;

  Status create();
  Status status() const;
  void fail_with(Error why);
  std::optional<Error> fatal_error(std::string where) const;
  Status wait_for_room(const base::CancelToken& cancel, std::size_t charge);
  void wait_for_window(const base::CancelToken& cancel);
  Status send_run(const char* bytes, const model::RecordBatch& batch, const Run& run, int flags,
                  const base::CancelToken& cancel);

  void run();
  void on_deliveries(Owned<rd_kafka_event_t> event);
  void on_failed_delivery(const rd_kafka_message_t& first, rd_kafka_event_t* rest);
  void on_error(rd_kafka_event_t* event);
  void look_around();
  std::string topic_name(const rd_kafka_message_t& message) const { return rd_kafka_topic_name(message.rkt); }
};

Status Producer::State::create() {
  TRY_VALUE(auto conf, internal::common_settings(config));
  TRY(set(conf.get(), "enable.idempotence", "true"));
  TRY(set(conf.get(), "acks", "all"));
  // Never given up here; the task's own limit decides. In transactions it must not outlast them.
  TRY(set(conf.get(), "message.timeout.ms",
          config.transactional_id.empty() ? "0" : std::to_string(config.transaction_timeout_ms)));
  TRY(set(conf.get(), "linger.ms", std::to_string(config.linger_ms)));
  TRY(set(conf.get(), "batch.size", std::to_string(config.batch_bytes_max)));
  TRY(set(conf.get(), "batch.num.messages", "100000"));
  // The library refuses less than 1000.
  TRY(set(conf.get(), "message.max.bytes",
          std::to_string(std::max({config.record_bytes_max, config.batch_bytes_max,
                                   config.transactional_id.empty() ? 0 : checkpoint_bytes_max}))));
  // produce() bounds what is under way; the library's own limits only stand behind it.
  TRY(set(conf.get(), "queue.buffering.max.messages", "10000000"));
  TRY(set(conf.get(), "queue.buffering.max.kbytes",
          std::to_string(
              std::min<std::size_t>(2'000'000, 2 * (config.unacked_bytes_max + config.record_bytes_max) / 1024))));
  static constexpr std::array codecs = {"none", "gzip", "snappy", "lz4", "zstd"};
  TRY(set(conf.get(), "compression.codec", codecs.at(static_cast<std::size_t>(config.compression))));
  if (!config.transactional_id.empty()) {
    TRY(set(conf.get(), "transactional.id", config.transactional_id));
    TRY(set(conf.get(), "transaction.timeout.ms", std::to_string(config.transaction_timeout_ms)));
  }
  TRY(internal::apply_overrides(conf.get(), config));
  TRY_VALUE(request_bytes, get_number(conf.get(), "batch.size"));
  TRY_VALUE(const std::size_t in_flight, get_number(conf.get(), "max.in.flight.requests.per.connection"));
  requests_max = std::min(in_flight, requests_in_flight_max);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  TRY_VALUE(handle, internal::make_handle(RD_KAFKA_PRODUCER, std::move(conf)));
  events.reset(rd_kafka_queue_get_main(handle.get()));
  thread = std::thread([this] { run(); });
  return {};
}

Status Producer::State::status() const {
  if (!failed.load(std::memory_order_acquire)) return {};
  std::lock_guard lock(mutex);
  return fail(*error);
}

void Producer::State::fail_with(Error why) {
  {
    std::lock_guard lock(mutex);
    // What was dropped because a transaction failed may be told before what it failed of.
    if (!error || error->code == ErrorCode::destination_transaction_lost) error = std::move(why);
    failed.store(true, std::memory_order_release);
  }
  progress.notify_all();
}

// What the library can't go on from. A producer anew may, in transactions, where nothing is sent twice by that.
std::optional<Error> Producer::State::fatal_error(std::string where) const {
  std::array<char, 512> why{};
  const rd_kafka_resp_err_t code = rd_kafka_fatal_error(handle.get(), why.data(), why.size());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  Error ours = to_error(code, why.data(), std::move(where));
  if (!config.transactional_id.empty() && ours.code == ErrorCode::destination_rejected)
    ours.code = ErrorCode::destination_transaction_lost;
  return ours;
}

Status Producer::State::wait_for_room(const base::CancelToken& cancel, std::size_t charge) {
  std::unique_lock lock(mutex);
  const auto room = [&] { return unacked.empty() || unacked.charged() + charge <= config.unacked_bytes_max; };
  std::size_t charged_before = unacked.charged();
  while (!room()) {
    if (error) return fail(*error);
    if (cancel.requested()) return fail(ErrorCode::cancelled);
    progress.wait_for(lock, std::chrono::milliseconds(wait_slice_ms));
    if (std::exchange(charged_before, unacked.charged()) != unacked.charged() || room()) continue;
    // All that is under way is spread over so many partitions that none of their batches fills: lingering on would only
    // cost time. The library sends what it has while it is inside this call.
    lock.unlock();
    rd_kafka_flush(handle.get(), wait_slice_ms);
    lock.lock();
  }
  return {};
}

// The library spins while it has messages queued for a connection that can't take another request: its thread then
// burns a core (measured: half of all CPU time). So it gets no more than fits into the requests under way. When asked
// to stop, what was begun is handed over at once instead.
void Producer::State::wait_for_window(const base::CancelToken& cancel) {
  std::unique_lock lock(mutex);
  // With several partitions each is to have a request of its own to fill.
  const std::size_t window = request_bytes * (requests_max - 1 + std::max<std::size_t>(1, unacked.partitions()));
  while (!error && library_bytes >= window && !cancel.requested())
    progress.wait_for(lock, std::chrono::milliseconds(20));
}

Status Producer::State::send_run(const char* bytes, const model::RecordBatch& batch, const Run& run, int flags,
                                 const base::CancelToken& cancel) {
  rd_kafka_topic_t* topic = nullptr;
  {
    std::lock_guard lock(mutex);
    if (run.topic < topics.size()) topic = topics[run.topic].handle.get();
  }
  if (topic == nullptr) return fail(ErrorCode::internal, fmt::format("no topic has the number {}", run.topic));
  std::size_t done = 0;
  while (done < run.records.size()) {
    wait_for_window(cancel);
    const std::size_t count = std::min(messages_per_call, run.records.size() - done);
    std::size_t handing_over = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const model::EncodedRecord& record = batch.records[run.records[done + i]];
      const char* value = bytes + record.value_begin;
      rd_kafka_message_t& message = messages[i];
      message.payload = record.has_value ? const_cast<char*>(value) : nullptr;
      message.len = record.value_size;
      message.key_len = key_bytes(record);
      // A pointer that is not null with a length of 0 is an empty key; a null one is no key.
      message.key = record.key_size == model::no_key ? nullptr : const_cast<char*>(value - record.key_size);
      message._private = reinterpret_cast<void*>(run.first_sequence + done + i);
      message.err = RD_KAFKA_RESP_ERR_NO_ERROR;
      handing_over += message.len + message.key_len;
    }
    {
      std::lock_guard lock(mutex);
      library_bytes += handing_over;
    }
    const int sent = rd_kafka_produce_batch(topic, run.partition, flags, messages.data(), static_cast<int>(count));
    records_sent.fetch_add(static_cast<std::uint64_t>(sent), std::memory_order_relaxed);
    done += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) == count) continue;

    {
      std::lock_guard lock(mutex);
      for (std::size_t i = static_cast<std::size_t>(sent); i < count; ++i)
        library_bytes -= messages[i].len + messages[i].key_len;
    }
    // The library stops at the first message it has no room for; any other refusal would leave a hole in the order.
    const rd_kafka_message_t& refused = messages[static_cast<std::size_t>(sent)];
    if (refused.err != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      if (auto fatal = fatal_error(rd_kafka_topic_name(topic))) return fail(*std::move(fatal));
      // What became of the transaction is told by another thread, and perhaps later.
      if (refused.err == RD_KAFKA_RESP_ERR__STATE && !config.transactional_id.empty())
        return fail(ErrorCode::destination_transaction_lost, "it takes no more records", config.transactional_id);
      return fail(to_error(refused.err == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__FAIL : refused.err, "",
                           fmt::format("{}, partition {}", rd_kafka_topic_name(topic), run.partition)));
    }
    TRY(status());
    if (cancel.requested()) return fail(ErrorCode::cancelled);
    std::unique_lock lock(mutex);
    progress.wait_for(lock, std::chrono::milliseconds(5));
  }
  return {};
}

// ---- the producer's own thread

void Producer::State::run() {
  std::int64_t next_look_ms = 0;
  last_ack_ms = monotonic_ms();
  while (!closing.load()) {
    Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(events.get(), 500));
    if (event) {
      switch (rd_kafka_event_type(event.get())) {
        case RD_KAFKA_EVENT_DR:
          on_deliveries(std::move(event));
          break;
        case RD_KAFKA_EVENT_ERROR:
          on_error(event.get());
          break;
        default:
          break;
      }
      continue;
    }
    if (monotonic_ms() < next_look_ms) continue;
    next_look_ms = monotonic_ms() + look_interval_ms;
    look_around();
  }
}

void Producer::State::look_around() {
  bool idle;
  {
    std::lock_guard lock(mutex);
    idle = unacked.empty();
  }
  if (!idle) {
    if (monotonic_ms() - last_ack_ms >= stall_ms) problems.note_stall(config.brokers);
    return;
  }
  last_ack_ms = monotonic_ms();
  // With nothing under way no acknowledgement will tell that the brokers are back.
  if (!problems.now()) return;
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(handle.get(), 0, nullptr, &metadata, probe_timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  rd_kafka_metadata_destroy(metadata);
  problems.clear();
}

void Producer::State::on_error(rd_kafka_event_t* event) {
  rd_kafka_resp_err_t code = rd_kafka_event_error(event);
  std::string detail = rd_kafka_event_error_string(event);
  if (auto fatal = fatal_error(config.brokers)) return fail_with(*std::move(fatal));
  base::log::debug("kafka producer: {}: {}", rd_kafka_err2name(code), detail);
  problems.note(code, detail, config.brokers);
}

// All of one refused request have the same error; the largest record is the likely culprit where size is the reason.
void Producer::State::on_failed_delivery(const rd_kafka_message_t& first, rd_kafka_event_t* rest) {
  const auto purged = [](rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
           code == RD_KAFKA_RESP_ERR__DESTROY;
  };
  if (purged(first.err) && closing.load()) return;
  const rd_kafka_message_t* culprit = &first;
  if (first.err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    while (const rd_kafka_message_t* other = rd_kafka_event_message_next(rest))
      if (other->err == first.err && other->len + other->key_len > culprit->len + culprit->key_len) culprit = other;
  const std::string where = fmt::format("{}, partition {}", topic_name(*culprit), culprit->partition);
  const std::string key = internal::printable_key(culprit->key, culprit->key_len);
  // Why all is lost says more than that this record was dropped for it.
  if (auto fatal = fatal_error(where)) return fail_with(*std::move(fatal));
  if (purged(first.err) && !config.transactional_id.empty()) {
    fail_with({ErrorCode::destination_transaction_lost, "it was aborted", config.brokers});
    return;
  }
  fail_with(to_error(culprit->err, fmt::format("{} bytes, key {}", culprit->len + culprit->key_len, key), where));
}

void Producer::State::on_deliveries(Owned<rd_kafka_event_t> event) {
  acks.clear();
  const rd_kafka_topic_t* topic = nullptr;
  Ack* current = nullptr;
  bool in_order = true;
  if (failed.load(std::memory_order_acquire)) return;
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) [[unlikely]] {
      on_failed_delivery(*message, event.get());
      break;  // what was acknowledged before it still counts
    }
    if (current == nullptr || message->rkt != topic || message->partition != current->partition) [[unlikely]] {
      topic = message->rkt;
      const auto number = reinterpret_cast<std::uintptr_t>(rd_kafka_topic_opaque(topic));
      const auto same = [&](const Ack& a) { return a.topic == number && a.partition == message->partition; };
      const auto found = std::find_if(acks.begin(), acks.end(), same);
      current =
          found != acks.end() ? &*found : &acks.emplace_back(static_cast<std::uint16_t>(number), message->partition);
    }
    const auto sequence = reinterpret_cast<std::uintptr_t>(message->_private);
    in_order &= current->records == 0 || sequence > current->last_sequence;
    current->last_sequence = sequence;
    ++current->records;
    current->bytes += message->len + message->key_len;
  }
  event.reset();  // from here on the library no longer reads the batches' bytes
  if (acks.empty()) return;

  std::uint64_t records = 0, bytes = 0;
  {
    std::lock_guard lock(mutex);
    for (const Ack& ack : acks) {
      in_order = in_order && unacked.acked(ack.topic, ack.partition, ack.last_sequence, ack.records);
      records += ack.records;
      bytes += ack.bytes;
    }
    library_bytes -= std::min<std::size_t>(library_bytes, bytes);
    ++handlers_running;
  }
  if (!in_order) {
    fail_with({ErrorCode::internal, "the client library acknowledged records out of order", config.brokers});
  } else {
    records_acked.fetch_add(records, std::memory_order_relaxed);
    bytes_acked.fetch_add(bytes, std::memory_order_relaxed);
    problems.clear();
    last_ack_ms = monotonic_ms();
    on_acks(acks);
  }
  {
    std::lock_guard lock(mutex);
    --handlers_running;
  }
  progress.notify_all();
}

// ---- the public face

Producer::Producer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Producer>> Producer::create(const Config& config, AckHandler on_acks) {
  std::unique_ptr<Producer> producer(new Producer(std::make_unique<State>(config, std::move(on_acks))));
  TRY(producer->state_->create());
  return producer;
}

Producer::~Producer() {
  State& s = *state_;
  s.closing.store(true);
  if (s.thread.joinable()) {
    rd_kafka_queue_yield(s.events.get());
    s.thread.join();
  }
  s.events.reset();
  s.topics.clear();
  if (s.handle)
    rd_kafka_purge(s.handle.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  s.handle.reset();  // before the bytes that its messages still point to
}

Result<std::uint16_t> Producer::topic(const std::string& name, std::uint32_t record_bytes_max) {
  std::size_t number = 0;
  {
    std::lock_guard lock(state_->mutex);
    const auto& topics = state_->topics;
    const auto found = std::ranges::find(topics, name, &State::Topic::name);
    number = static_cast<std::size_t>(found - topics.begin());
    if (found != topics.end()) return static_cast<std::uint16_t>(number);
  }
  if (number > std::numeric_limits<std::uint16_t>::max())
    return fail(ErrorCode::destination_config, "more than 65,536 topics", name);
  TRY(name_topic(static_cast<std::uint16_t>(number), name, record_bytes_max));
  return static_cast<std::uint16_t>(number);
}

Status Producer::name_topic(std::uint16_t number, const std::string& name, std::uint32_t record_bytes_max) {
  std::lock_guard lock(state_->mutex);
  auto& topics = state_->topics;
  if (number < topics.size() && topics[number].handle) {
    if (topics[number].name == name) return {};
    return fail(ErrorCode::internal, "two topics of one number", name);
  }
  rd_kafka_topic_conf_t* conf = rd_kafka_default_topic_conf_dup(state_->handle.get());
  rd_kafka_topic_conf_set_opaque(conf, reinterpret_cast<void*>(std::uintptr_t{number}));
  Owned<rd_kafka_topic_t> handle(rd_kafka_topic_new(state_->handle.get(), name.c_str(), conf));
  if (!handle) return fail(to_error(rd_kafka_last_error(), "", name));
  const std::size_t count = std::max<std::size_t>(topics.size(), number + std::size_t{1});
  topics.resize(count);
  state_->record_bytes_max.resize(count);
  topics[number].name = name;
  topics[number].handle = std::move(handle);
  state_->record_bytes_max[number] = record_bytes_max != 0 ? record_bytes_max : state_->config.record_bytes_max;
  return {};
}

Status Producer::check(const model::RecordBatch& batch) const {
  const std::vector<std::size_t>& limits = state_->record_bytes_max;
  for (const model::EncodedRecord& record : batch.records) {
    if (record.topic >= limits.size())
      return fail(ErrorCode::internal, fmt::format("no topic has the number {}", record.topic));
    const std::size_t size = record.value_size + key_bytes(record), allowed = limits[record.topic];
    if (size <= allowed) [[likely]]
      continue;
    const std::string_view key = batch.key(record);
    const bool has_key = record.key_size != model::no_key;
    return fail(ErrorCode::destination_record_too_large,
                fmt::format("{} bytes where {} are allowed, key {}", size, allowed,
                            internal::printable_key(has_key ? key.data() : nullptr, key.size())));
  }
  return {};
}

Status Producer::produce(model::RecordBatch& batch, std::span<const Run> runs, const base::CancelToken& cancel) {
  State& s = *state_;
  TRY(s.status());
  if (batch.records.empty()) return {};
  TRY(check(batch));

  const std::size_t capacity = batch.bytes.capacity(), payload = batch.bytes.size();
  const bool borrow = payload >= borrow_bytes_min && payload >= capacity / 2;
  const std::size_t charge = (borrow ? capacity : payload) + message_overhead * batch.records.size();
  TRY(s.wait_for_room(cancel, charge));

  // Never null, or records without a byte would leave as tombstones.
  const char* bytes = payload == 0 ? "" : batch.bytes.data();
  {
    std::lock_guard lock(s.mutex);
    base::Buffer other;
    if (borrow) other = s.unacked.recycled();
    s.unacked.add(runs, borrow ? std::move(batch.bytes) : base::Buffer(), charge);
    if (borrow) batch.bytes = std::move(other);
  }
  const int flags = borrow ? 0 : RD_KAFKA_MSG_F_COPY;
  for (const Run& run : runs) {
    Status sent = s.send_run(bytes, batch, run, flags, cancel);
    if (!sent) {
      // A hole in the order can't be mended by going on.
      s.fail_with(sent.error());
      return sent;
    }
  }
  batch.clear();
  return {};
}

Status Producer::flush(std::int64_t timeout_ms, const base::CancelToken& cancel) {
  State& s = *state_;
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    TRY(s.status());
    {
      std::lock_guard lock(s.mutex);
      if (s.unacked.empty() && s.handlers_running == 0) return {};
    }
    if (cancel.requested()) return fail(ErrorCode::cancelled);
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      if (const auto problem = s.problems.now()) return fail(problem->error);
      return fail(ErrorCode::destination_unreachable,
                  fmt::format("not everything was acknowledged in {} ms", timeout_ms), s.config.brokers);
    }
    // The library sends what lingers while it is inside this call.
    rd_kafka_flush(s.handle.get(), static_cast<int>(std::min<std::int64_t>(left, 100)));
    std::unique_lock lock(s.mutex);
    s.progress.wait_for(lock, std::chrono::milliseconds(5),
                        [&] { return s.error || (s.unacked.empty() && s.handlers_running == 0); });
  }
}

// The library sends what lingers while it is inside this call, if its thread wakes up in time.
void Producer::hurry() { rd_kafka_flush(state_->handle.get(), hurry_ms); }

// ---- transactions

namespace {

// The library has its own words for what a transaction died of; whether it may be tried again is known by flags.
Error transaction_error(const rd_kafka_error_t* error, const Config& config) {
  Error ours = to_error(rd_kafka_error_code(error), rd_kafka_error_string(error), config.brokers);
  if (ours.code == ErrorCode::destination_fenced) return ours;
  // What names a cause that goes on after an abort stays what it is.
  if (rd_kafka_error_txn_requires_abort(error) && ours.code == ErrorCode::destination_rejected)
    ours.code = ErrorCode::destination_transaction_lost;
  return ours;
}

}  // namespace

Status Producer::fence(std::int64_t timeout_ms, const base::CancelToken& cancel) {
  State& s = *state_;
  const std::int64_t until = monotonic_ms() + timeout_ms;
  while (true) {
    const internal::Owned<rd_kafka_error_t> error(rd_kafka_init_transactions(s.handle.get(), init_slice_ms));
    if (!error) return {};
    if (cancel.requested()) return fail(ErrorCode::cancelled);
    const bool is_late = monotonic_ms() >= until;
    if (rd_kafka_error_is_retriable(error.get()) && !is_late) continue;
    if (const auto problem = s.problems.now()) return fail(problem->error);
    Error ours = transaction_error(error.get(), s.config);
    const rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
    if (rd_kafka_error_is_retriable(error.get()))
      ours.code = ErrorCode::destination_unreachable;
    else if (code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ||
             code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
      ours.code = ErrorCode::destination_transactions;
    ours.where = s.config.transactional_id;
    return fail(std::move(ours));
  }
}

Status Producer::begin() {
  TRY(state_->status());
  const internal::Owned<rd_kafka_error_t> error(rd_kafka_begin_transaction(state_->handle.get()));
  if (error) return fail(transaction_error(error.get(), state_->config));
  return {};
}

Status Producer::commit(const base::CancelToken& cancel) {
  State& s = *state_;
  const std::int64_t until = monotonic_ms() + commit_ms_max;
  while (true) {
    const internal::Owned<rd_kafka_error_t> error(rd_kafka_commit_transaction(s.handle.get(), commit_slice_ms));
    if (!error) break;
    // Our own error has the record's key.
    const Status own = s.status();
    if (!own && own.error().code != ErrorCode::destination_transaction_lost) return own;
    if (!rd_kafka_error_is_retriable(error.get())) return fail(transaction_error(error.get(), s.config));
    TRY(own);
    if (monotonic_ms() >= until)
      return fail(ErrorCode::destination_unreachable, rd_kafka_error_string(error.get()), s.config.brokers);
    if (cancel.requested()) return fail(ErrorCode::cancelled);
  }
  // The library knows of every acknowledgement by now; our thread may still be at it.
  std::unique_lock lock(s.mutex);
  s.progress.wait(lock, [&] { return s.error || (s.unacked.empty() && s.handlers_running == 0); });
  if (s.error) return fail(*s.error);
  return {};
}

void Producer::abort(std::int64_t timeout_ms) {
  const internal::Owned<rd_kafka_error_t> error(
      rd_kafka_abort_transaction(state_->handle.get(), static_cast<int>(timeout_ms)));
  if (error) base::log::debug("kafka producer: abort: {}", rd_kafka_error_string(error.get()));
}

Status Producer::status() const { return state_->status(); }

std::optional<Problem> Producer::problem() const { return state_->problems.now(); }

ProducerCounters Producer::counters() const {
  const State& s = *state_;
  std::lock_guard lock(s.mutex);
  return {s.records_sent.load(), s.records_acked.load(), s.bytes_acked.load(), s.unacked.charged()};
}

}  // namespace tributary::kafka
