// Makes the topics that records name known to a producer, each when it is first written. Threads: one at a time, the
// one that produces.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "kafka/client.h"
#include "sink/topics.h"

namespace tributary::sink {

class ProducerTopics {
 public:
  explicit ProducerTopics(std::shared_ptr<const Topics> topics) : topics_(std::move(topics)) {}

  base::Status know(kafka::Producer& producer, std::span<const kafka::Run> runs) {
    for (const kafka::Run& run : runs) {
      if (run.topic < known_.size() && known_[run.topic]) [[likely]]
        continue;
      const Topic topic = topics_->at(run.topic);
      if (topic.name.empty()) return base::fail(base::ErrorCode::internal, "a record names a topic that is not there");
      TRY(producer.name_topic(run.topic, topic.name));
      if (known_.size() <= run.topic) known_.resize(run.topic + std::size_t{1});
      known_[run.topic] = true;
    }
    return {};
  }

 private:
  const std::shared_ptr<const Topics> topics_;
  std::vector<bool> known_;
};

}  // namespace tributary::sink
