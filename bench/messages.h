// Records of the product, read back from a topic: what the anchor's producer sends, so that its messages are equal in
// size, keys and compressibility. Threads: a value.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace tributary::bench {

struct Message {
  std::string key, value;
};

struct Messages {
  std::vector<Message> all;
  double mean_bytes = 0;  // key and value
};

// The first `most` records that the topic still holds. Errors: destination_unreachable if none comes.
base::Result<Messages> read_messages(const std::string& brokers, const std::string& topic, std::size_t most);

}  // namespace tributary::bench
