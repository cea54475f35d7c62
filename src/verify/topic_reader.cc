#include "verify/topic_reader.h"

#include <fmt/format.h>

#include <map>

#include "base/clock.h"
#include "verify/hash.h"

namespace tributary::verify {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using kafka::PartitionRange;

namespace {

constexpr int poll_ms = 100;
constexpr std::size_t messages_at_once = 4000;
constexpr std::int64_t silence_ms_max = 120'000;  // a transaction that nobody ends holds readers up for a minute

}  // namespace

Result<std::unique_ptr<TopicReader>> TopicReader::open(const kafka::Config& config, std::vector<std::string> topics,
                                                       base::CancelToken& cancel) {
  std::unique_ptr<TopicReader> reader(new TopicReader(config, std::move(topics), cancel));
  kafka::Config quick = config;
  // With its queue full the library pauses for a second: what is queued has to last for that long.
  quick.overrides.emplace("queued.max.messages.kbytes", "40960");
  quick.overrides.emplace("queued.min.messages", "160000");
  TRY_VALUE(reader->consumer_, kafka::Consumer::create(quick));
  kafka::Config all = config;
  all.overrides["isolation.level"] = "read_uncommitted";
  TRY_VALUE(reader->uncommitted_, kafka::Consumer::create(all));
  return reader;
}

Result<std::vector<Place>> TopicReader::beginnings() {
  std::vector<Place> places;
  for (const std::string& topic : topics_) {
    TRY_VALUE(const auto spans, consumer_->spans(topic));
    for (const kafka::PartitionSpan& span : spans)
      places.push_back({.topic = topic, .partition = span.partition, .next = span.first});
  }
  return places;
}

Result<std::string> TopicReader::misfit(const Fold& fold) {
  std::map<std::pair<std::string, std::int32_t>, const Place*> places;
  for (const Place& place : fold.places()) places[{place.topic, place.partition}] = &place;
  std::vector<PartitionRange> last;
  for (const std::string& topic : topics_) {
    TRY_VALUE(const auto spans, uncommitted_->spans(topic));
    for (const kafka::PartitionSpan& span : spans) {
      const auto found = places.find({topic, span.partition});
      if (found == places.end()) return fmt::format("it does not hold partition {} of {}", span.partition, topic);
      const Place& place = *found->second;
      places.erase(found);
      if (place.next > span.end)
        return fmt::format("{} ends at offset {} of partition {}, and {} was folded: it is another topic", topic,
                           span.end, span.partition, place.next - 1);
      if (place.next < span.first)
        return fmt::format("records of {}, partition {}, from offset {} on are gone", topic, span.partition,
                           place.next);
      if (place.last_offset >= span.first)
        last.push_back({topic, span.partition, place.last_offset, place.last_offset + 1});
    }
  }
  if (!places.empty()) return "the topics of the task are others now";
  if (last.empty()) return std::string();
  TRY(consumer_->assign(last));
  is_assigned_ = false;
  std::size_t same = 0;
  const std::int64_t begun_ms = base::SystemClock::instance().monotonic_ms();
  while (!consumer_->at_end()) {
    if (cancel_.requested()) return fail(ErrorCode::cancelled);
    TRY_VALUE(const auto messages, consumer_->poll(poll_ms));
    for (const kafka::MessageView& message : messages)
      for (const Place& place : fold.places())
        if (place.partition == message.partition && place.topic == message.topic &&
            place.last_offset == message.offset && place.last_hash == hash(message.value))
          ++same;
    if (base::SystemClock::instance().monotonic_ms() - begun_ms > silence_ms_max)
      return fail(ErrorCode::destination_unreachable, "the last record folded can't be read", topics_.front());
  }
  if (same < last.size()) return "its last record is not in the topic: that is another one of the same name";
  return std::string();
}

Result<std::vector<PartitionRange>> TopicReader::ranges(kafka::Consumer& by, const Fold& fold) const {
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> ends;
  for (const std::string& topic : topics_) {
    TRY_VALUE(const auto spans, by.spans(topic));
    for (const kafka::PartitionSpan& span : spans) ends[{topic, span.partition}] = span.end;
  }
  std::vector<PartitionRange> out;
  for (const Place& place : fold.places())
    out.push_back({place.topic, place.partition, place.next, ends[{place.topic, place.partition}]});
  return out;
}

Status TopicReader::read_to_end(Fold& fold, const OnProgress& on_progress) {
  TRY_VALUE(const auto to, ranges(*consumer_, fold));
  TRY_VALUE(const bool done, read(fold, to, silence_ms_max, on_progress));
  if (done) return {};
  const auto problem = consumer_->problem();
  if (problem) return fail(problem->error);
  return fail(ErrorCode::destination_unreachable, "the topic can't be read to its end", topics_.front());
}

Result<bool> TopicReader::read_all(Fold& fold, std::int64_t patience_ms) {
  TRY_VALUE(const auto to, ranges(*uncommitted_, fold));
  return read(fold, to, patience_ms, {});
}

// patience_ms: as long as nothing comes.
Result<bool> TopicReader::read(Fold& fold, const std::vector<PartitionRange>& to, std::int64_t patience_ms,
                               const OnProgress& on_progress) {
  if (is_assigned_)
    consumer_->extend(to);
  else
    TRY(consumer_->assign(to));
  is_assigned_ = true;
  std::map<std::pair<std::string_view, std::int32_t>, std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < fold.places().size(); ++i)
    numbers[{fold.places()[i].topic, fold.places()[i].partition}] = i;
  std::uint64_t done = 0, total = 0;
  for (const PartitionRange& range : to)
    total += static_cast<std::uint64_t>(std::max<std::int64_t>(0, range.end - range.from));
  const base::SystemClock& clock = base::SystemClock::instance();
  std::int64_t heard_ms = clock.monotonic_ms();
  while (!consumer_->at_end()) {
    if (cancel_.requested()) return fail(ErrorCode::cancelled);
    TRY_VALUE(const auto messages, consumer_->poll(poll_ms, messages_at_once));
    for (const kafka::MessageView& message : messages)
      TRY(fold.take(numbers.at({message.topic, message.partition}), message.offset, message.value));
    if (!messages.empty()) {
      TRY(fold.commit());
      heard_ms = clock.monotonic_ms();
      done += messages.size();
      if (on_progress) on_progress(done, std::max(done, total));
    } else if (clock.monotonic_ms() - heard_ms > patience_ms) {
      return false;
    }
  }
  // Behind the last record there may be marks of transactions: they count as read.
  for (const PartitionRange& range : to) fold.passed(numbers.at({range.topic, range.partition}), range.end);
  TRY(fold.commit());
  return true;
}

}  // namespace tributary::verify
