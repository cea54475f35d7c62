// The session in which a logged statement ran, as the schema tracker takes it. Threads: pure functions.
#pragma once

#include "source/binlog/event_body.h"
#include "source/ddl/tracker.h"

namespace tributary::source {

StatementContext statement_context(const QueryEvent& query, const ServerTraits& traits);

}  // namespace tributary::source
