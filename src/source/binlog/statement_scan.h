// Looks through a part of a server's binlog for statements, without reading rows. Threads: any; blocks on the network.
// Errors: of the connection, of events, cancelled.
#pragma once

#include <functional>

#include "base/cancel.h"
#include "base/error.h"
#include "source/binlog/event_body.h"
#include "source/binlog/stream_position.h"
#include "source/topology/topology.h"

namespace tributary::source {

// Told of each statement behind `from` that ends at or before `to`, in order; false ends the search. BEGIN, COMMIT,
// savepoints and XA statements are left out.
using EachStatement = std::function<bool(const QueryEvent& query, const model::BinlogPosition& end)>;

// from.at empty: by from.gtid_set.
base::Status scan_statements(const Instance& instance, const StreamPosition& from, const model::BinlogPosition& to,
                             const EachStatement& each, base::CancelToken& cancel);

}  // namespace tributary::source
