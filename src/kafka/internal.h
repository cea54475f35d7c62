// What the files of this folder share: settings, owners of librdkafka's handles, its errors in our words.
// Not for other folders.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "kafka/client.h"

namespace tributary::kafka::internal {

struct Deleter {
  void operator()(rd_kafka_conf_t* p) const { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_t* p) const { rd_kafka_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_event_t* p) const { rd_kafka_event_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const { rd_kafka_topic_partition_list_destroy(p); }
  void operator()(rd_kafka_error_t* p) const { rd_kafka_error_destroy(p); }
  void operator()(const rd_kafka_metadata_t* p) const { rd_kafka_metadata_destroy(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter>;

// The settings all handles share, with `config.overrides` not yet applied.
base::Result<Owned<rd_kafka_conf_t>> common_settings(const Config& config);
// And those of all that read without joining a group: they see where a partition ends, and committed records only.
base::Result<Owned<rd_kafka_conf_t>> reader_settings(const Config& config);
base::Status set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value);
base::Status apply_overrides(rd_kafka_conf_t* conf, const Config& config);
base::Result<Owned<rd_kafka_t>> make_handle(rd_kafka_type_t type, Owned<rd_kafka_conf_t> conf);

// librdkafka's code in our words; `detail` is its text for this occurrence, if it gave one.
base::Error to_error(rd_kafka_resp_err_t code, std::string_view detail, std::string where = {});

// Where a partition begins and ends, by the handle's isolation level. Asks again while the answer is a retriable error:
// a broker may not know yet that it leads a partition just made or moved.
base::Result<PartitionSpan> partition_span(rd_kafka_t* handle, const std::string& topic, std::int32_t partition,
                                           int timeout_ms);

// A record's key as it may stand in a message: printable, cut at 200 bytes.
std::string printable_key(const void* key, std::size_t size);

// The last thing the library complained of, until told that all is well. Threads: any.
class ProblemBoard {
 public:
  // From the library's error callback or event. Single lost connections are only remembered as the reason of what
  // follows: the library closes idle ones all the time.
  void note(rd_kafka_resp_err_t code, std::string_view detail, const std::string& brokers);
  // Nothing moves though something should.
  void note_stall(const std::string& brokers);
  void clear();
  std::optional<Problem> now() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Problem> problem_;
  std::string last_detail_;
};

}  // namespace tributary::kafka::internal
