// Fields of the events of statement-format logs: session values and LOAD DATA in its several forms. Private to
// event_fields. An event that is not of these kinds has no fields. Threads: values.
#pragma once

#include "source/binlog/event_fields.h"

namespace tributary::source {

EventFields read_old_event_fields(const EventView& event);

}  // namespace tributary::source
