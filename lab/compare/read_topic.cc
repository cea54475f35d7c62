#include "compare/read_topic.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "encode/decoder.h"

namespace tributary::lab {

using base::ErrorCode;
using base::Status;

namespace {

constexpr int poll_ms = 200;
// Offsets that hold no record (marks of transactions) can stand at the end: then silence is the end.
constexpr int silent_polls_max = 25;

Status fold_message(const kafka::MessageView& message, Fold& fold) {
  const auto place = [&] {
    return fmt::format("{}, partition {}, offset {}", message.topic, message.partition, message.offset);
  };
  const auto record = encode::dts::decode_record(message.value);
  if (!record) return base::fail(base::Error(record.error()).in(place() + ", "));
  if (const std::string why = fold.apply(*record, place()); !why.empty())
    return base::fail(ErrorCode::data_avro_malformed, why, place());
  return {};
}

}  // namespace

Status read_topic(const kafka::Config& config, const std::string& topic, const ReadOptions& options, Fold& fold) {
  kafka::Config settings = config;
  settings.client_id = "tributary-lab-compare";
  // The mock broker keeps 5 MiB of a partition: the library fetches ahead of the folding.
  settings.overrides["queued.max.messages.kbytes"] = "262144";
  settings.overrides["queued.min.messages"] = "1000000";
  settings.overrides["fetch.wait.max.ms"] = "10";
  TRY_VALUE(const auto consumer, kafka::Consumer::create(settings));
  // "The beginning" is looked up when the first fetch is made, and may have moved by then: the offset may not.
  TRY_VALUE(const auto spans, consumer->spans(topic));
  const bool is_whole = std::ranges::all_of(spans, [](const kafka::PartitionSpan& span) { return span.first == 0; });
  TRY(consumer->assign({topic}, is_whole ? kafka::StartAt::offset(0) : kafka::StartAt::beginning()));
  std::map<std::int32_t, std::int64_t> next;
  for (const kafka::PartitionSpan& span : spans) next[span.partition] = span.first;
  if (options.started) options.started();
  std::vector<kafka::PartitionSpan> ends;
  bool told = !options.follow;
  int silent = 0;
  const auto is_read = [&] {
    if (!options.follow) return consumer->at_end();
    for (const auto& span : ends)
      if (span.first < span.end && next[span.partition] < span.end) return false;
    return true;
  };
  while (true) {
    if (options.cancelled && options.cancelled()) return base::fail(ErrorCode::cancelled);
    if (!told && options.told()) {
      told = true;
      TRY_VALUE(ends, consumer->spans(topic));
    }
    if (told && (is_read() || silent >= silent_polls_max)) return {};
    TRY_VALUE(const auto messages, consumer->poll(poll_ms));
    silent = messages.empty() && told && !consumer->problem() ? silent + 1 : 0;
    for (const kafka::MessageView& message : messages) {
      // Marks of transactions take an offset or two; a larger hole at the start is what the broker has dropped.
      if (next[message.partition] == 0 && message.offset > 2)
        return base::fail(ErrorCode::destination_records_gone,
                          fmt::format("the first record left is {}", message.offset),
                          fmt::format("{}, partition {}", topic, message.partition));
      TRY(fold_message(message, fold));
      next[message.partition] = message.offset + 1;
    }
  }
}

}  // namespace tributary::lab
