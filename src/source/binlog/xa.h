// XA transaction ids and the XA statements that servers write into binlogs as Query events.
// Source: MySQL 8.0 and MariaDB 10.11 binlogs; X/Open XID. Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tributary::source {

struct XaId {
  std::int32_t format_id = 1;
  std::string gtrid;  // raw bytes, up to 64
  std::string bqual;  // raw bytes, up to 64

  // One text per id, the same for all spellings of it: X'6162',X'63',1 with lower-case hex. Also what the servers
  // accept in XA COMMIT.
  std::string key() const;
  bool operator==(const XaId&) const = default;
};

enum class XaVerb : std::uint8_t { start, end, prepare, commit, rollback };

struct XaStatement {
  XaVerb verb = XaVerb::start;
  bool one_phase = false;
  XaId id;
};

// XA START|BEGIN|END|PREPARE|COMMIT|ROLLBACK xid [ONE PHASE]; nullopt if the text is no such statement.
// data_event_malformed if it begins like one but its id can't be read.
base::Result<std::optional<XaStatement>> parse_xa_statement(std::string_view sql);

}  // namespace tributary::source
