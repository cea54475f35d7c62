// What in a captured physical database may be a table that the topology did not know when it was read. Only hints for
// when to look again: what is carried is decided by exact names. Threads: pure functions.
#pragma once

#include <string_view>

namespace tributary::source {

// A table of the middleware itself (`__drds_global_tx_log`, a table thrown away): never a user's.
bool is_system_table(std::string_view table);

// True if the statement may bring a table into being or give one another name: CREATE TABLE, RENAME, ALTER ... RENAME;
// not for the middleware's own tables, whose partitions come and go.
bool may_make_table(std::string_view sql);

}  // namespace tributary::source
