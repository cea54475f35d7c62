#include "bench/messages.h"

#include "kafka/client.h"

namespace tributary::bench {

using base::ErrorCode;
using base::fail;
using base::Result;

Result<Messages> read_messages(const std::string& brokers, const std::string& topic, std::size_t most) {
  kafka::Config config;
  config.brokers = brokers;
  TRY_VALUE(const auto consumer, kafka::Consumer::create(config));
  TRY(consumer->assign({topic}, kafka::StartAt::beginning()));
  Messages out;
  std::size_t bytes = 0;
  constexpr int patience_ms = 10'000;
  while (out.all.size() < most && !consumer->at_end()) {
    TRY_VALUE(const auto polled, consumer->poll(patience_ms));
    if (polled.empty()) break;
    for (const kafka::MessageView& message : polled) {
      if (out.all.size() == most) break;
      out.all.push_back({std::string(message.key), std::string(message.value)});
      bytes += message.key.size() + message.value.size();
    }
  }
  if (out.all.empty()) return fail(ErrorCode::destination_unreachable, "the topic holds no record", topic);
  out.mean_bytes = static_cast<double>(bytes) / static_cast<double>(out.all.size());
  return out;
}

}  // namespace tributary::bench
