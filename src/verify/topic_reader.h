// Reads a task's topics into the fold, from where the fold stands, committed records only.
// Errors: those of the Kafka client; destination_unreachable when nothing comes for too long. Threads: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "kafka/client.h"
#include "verify/fold.h"

namespace tributary::verify {

class TopicReader {
 public:
  // topics: all partitions of each.
  static base::Result<std::unique_ptr<TopicReader>> open(const kafka::Config& config, std::vector<std::string> topics,
                                                         base::CancelToken& cancel);

  // Empty, or why the fold is not of these topics as they are now: it looks at the last record folded of each
  // partition.
  base::Result<std::string> misfit(const Fold& fold);
  // Where each partition begins, for a fold from the beginning.
  base::Result<std::vector<Place>> beginnings();

  // Folds up to where the topics end for readers of committed records at this moment.
  // done, total: records of this call, about.
  using OnProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;
  base::Status read_to_end(Fold& fold, const OnProgress& on_progress);
  // Folds up to all that is written at this moment, also behind transactions that are still open, which has to wait for
  // their end. False if that takes longer.
  base::Result<bool> read_all(Fold& fold, std::int64_t patience_ms);

 private:
  TopicReader(const kafka::Config& config, std::vector<std::string> topics, base::CancelToken& cancel)
      : config_(config), topics_(std::move(topics)), cancel_(cancel) {}
  base::Result<std::vector<kafka::PartitionRange>> ranges(kafka::Consumer& by, const Fold& fold) const;
  base::Result<bool> read(Fold& fold, const std::vector<kafka::PartitionRange>& to, std::int64_t patience_ms,
                          const OnProgress& on_progress);

  const kafka::Config config_;
  const std::vector<std::string> topics_;
  base::CancelToken& cancel_;
  std::unique_ptr<kafka::Consumer> consumer_, uncommitted_;
  bool is_assigned_ = false;
};

}  // namespace tributary::verify
