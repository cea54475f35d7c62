// Any bytes as a binlog: framing, every event body, payloads, table maps, rows with the structure their table map
// tells, and the same bytes as single bodies of every type, as binary JSON, as JSON changes and as an XA statement.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/binlog/json_binary.h"
#include "source/binlog/json_diff.h"
#include "source/binlog/test_binlog.h"

namespace {

using namespace tributary;

// Reads every byte of every value, so that the address sanitizer sees those that point nowhere.
class Reader : public source::testing::BinlogWalker {
 public:
  std::uint64_t sum = 0;

 private:
  void read(const std::vector<model::Value>& row) {
    for (const model::Value& value : row) {
      sum += static_cast<std::uint64_t>(value.kind);
      switch (value.kind) {
        case model::ValueKind::bytes:
        case model::ValueKind::decimal_text:
          for (const char c : value.text) sum += static_cast<std::uint8_t>(c);
          break;
        case model::ValueKind::datetime:
          if (value.t.month > 12 || value.t.day > 31 || value.t.hour > 23 || value.t.micros > 999999) std::abort();
          break;
        case model::ValueKind::time:
          if (value.t.hour > 838 || value.t.minute > 59 || value.t.second > 59) std::abort();
          break;
        default:
          break;
      }
    }
  }
  void on_row(const model::TableSchema& schema, source::RowChange, const std::vector<model::Value>& before,
              const std::vector<model::Value>& after) override {
    if (!before.empty() && before.size() != schema.columns.size()) std::abort();
    if (!after.empty() && after.size() != schema.columns.size()) std::abort();
    read(before);
    read(after);
  }
};

// The first byte says what the rest is: an event type for a body, or one of the forms below.
constexpr std::uint8_t as_json = 200, as_json_changes = 201, as_xa = 202;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  {
    Reader reader;
    reader.ignore_checksums = true;
    reader.stop_at_error = false;
    reader.walk(bytes);
    Reader strict;
    strict.walk(bytes);
  }
  if (bytes.empty()) return 0;
  const auto form = static_cast<std::uint8_t>(bytes.front());
  const std::string_view rest = bytes.substr(1);
  base::Buffer out;
  switch (form) {
    case as_json:
      (void)source::append_json_text(rest, out);
      return 0;
    case as_json_changes: {
      const std::size_t half = rest.empty() ? 0 : static_cast<std::uint8_t>(rest.front()) % rest.size();
      (void)source::append_patched_json_text(rest.substr(0, half), rest.substr(half), out);
      return 0;
    }
    case as_xa: {
      auto statement = source::parse_xa_statement(rest);
      if (statement && *statement) {
        // An id's key reads back as the same id.
        auto again = source::parse_xa_statement("XA COMMIT " + (*statement)->id.key());
        if (!again || !*again || !((*again)->id == (*statement)->id)) std::abort();
      }
      return 0;
    }
    default:
      break;
  }
  std::string event(source::event_header_size, '\0');
  event[4] = static_cast<char>(form);
  event += rest;
  const auto event_size = static_cast<std::uint32_t>(event.size());
  for (int i = 0; i < 4; ++i) event[static_cast<std::size_t>(9 + i)] = static_cast<char>(event_size >> (8 * i));
  Reader single;
  single.ignore_checksums = true;
  single.stop_at_error = false;
  single.walk(event);
  return 0;
}
