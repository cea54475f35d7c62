// The body of an event as named fields, for people and for scripts: what `tributary binlog` prints.
//
// Events that carry or delimit changes are errors when they can't be read; of others that can't (a fork's own form)
// there are no fields. Table maps, rows events and payloads are not read here. Errors: data_event_malformed. Threads:
// values. Source: MySQL libbinlogevents (control_events.h, statement_events.h, load_data_events.h), MariaDB
// log_event.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "source/binlog/event.h"
#include "source/binlog/event_body.h"

namespace tributary::source {

struct EventField {
  // Texts are bytes as the log holds them; binary ones are hex already.
  using Value = std::variant<std::uint64_t, std::int64_t, bool, std::string, std::vector<std::string>>;
  std::string_view name;
  Value value;
  bool is_detail = false;  // for scripts: not worth a person's line
};
using EventFields = std::vector<EventField>;

EventFields fields_of(const QueryEvent& query);
EventFields fields_of(const GtidEvent& gtid);
EventFields fields_of(const MariaDbGtidEvent& gtid, std::uint32_t server_id);
EventFields fields_of(const FormatDescription& format);
// All other events.
base::Result<EventFields> read_event_fields(const EventView& event, const FormatDescription& format);

// "in_use", "artificial", ...: the flags of the header by name, the rest as a number.
std::vector<std::string> flag_names(std::uint16_t flags);

std::string to_hex(std::string_view bytes);

}  // namespace tributary::source
