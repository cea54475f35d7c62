// The session of a statement, from the status variables of its Query event. Threads: free function.
#pragma once

#include "source/binlog/event_body.h"
#include "source/ddl/tracker.h"

namespace tributary::source {

// What an event does not say is as the server has it globally.
StatementContext statement_context(const QueryEvent& query, const ServerTraits& traits);

}  // namespace tributary::source
