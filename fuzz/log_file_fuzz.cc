// Any bytes as a binlog file for the offline reader: as they are (gzip too), or as events behind the head of a file
// without checksums. Every error must name the file, every event that is told must be closed.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "input.h"
#include "source/binlog/log_walk.h"

namespace {

using namespace tributary;

class Visitor : public source::LogVisitor {
 public:
  int open = 0;
  std::uint64_t sum = 0;

  void on_event(const source::LogEvent& event) override {
    ++open;
    sum += event.fields.size() + event.undecoded.size();
  }
  void on_row(const source::LogEvent& event, const std::vector<model::Value>& before,
              const std::vector<model::Value>& after) override {
    for (const auto* image : {&before, &after}) {
      if (!image->empty() && image->size() != event.schema->columns.size()) std::abort();
      for (const model::Value& value : *image)
        if (value.kind == model::ValueKind::bytes)
          for (const char c : value.text) sum += static_cast<std::uint8_t>(c);
    }
  }
  void on_event_end(const source::LogEvent&) override { --open; }
};

void put(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}

// The magic number and a format description of MySQL 5.5: no checksums from here on.
std::string head() {
  std::string body("\4\0", 2);
  body += std::string("5.5.62-log").append(40, '\0') + std::string(4, '\0') + '\x13';
  const source::FormatDescription usual;
  for (int type = 1; type <= 171; ++type)
    body += static_cast<char>(usual.post_header_lengths[static_cast<std::size_t>(type)]);
  std::string event(4, '\0');
  event += '\x0f';
  put(event, 1, 4);
  put(event, 19 + body.size(), 4);
  put(event, 0, 6);
  return "\xfe"
         "bin" +
         event + body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const std::string good_head = head();
  static const int file = memfd_create("log", 0);
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  std::string bytes = (data[0] & 1) != 0 ? good_head : std::string();
  bytes.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (ftruncate(file, 0) != 0 || pwrite(file, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    std::abort();
  Visitor visitor;
  source::LogWalker walker(visitor);
  const base::CancelToken cancel;
  auto log = source::LogFile::open(path);
  if (!log) return 0;
  const auto done = walker.walk(**log, {.from = (data[0] & 2) != 0 ? bytes.size() / 2 : 0}, cancel);
  if (visitor.open != 0) std::abort();
  if (!done && !done.error().where.starts_with(path)) std::abort();
  return 0;
}
