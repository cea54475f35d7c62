// Records of a topic as a table for people and as JSON lines for scripts. Pure functions. Threads: any.
#pragma once

#include <string>
#include <vector>

#include "task/tail_record.h"

namespace tributary::cli {

struct TailColumns {
  int time = 19, operation = 9, table = 22, key = 14, changes = 40, position = 16;
};
// Widths that fill a terminal of this width; the position goes first when there is too little room (0 wide).
TailColumns tail_columns(int terminal_width);

std::string tail_heading(const TailColumns& columns);
// One line: time (UTC), operation, db.table, key, what changed, position. Long values are shortened.
std::string tail_line(const task::TailRecord& record, const TailColumns& columns);

// One object, no line end: topic, partition, offset, timestamp_ms, operation, db, table, objectName, id, position,
// time, key, tags, and before and after (objects or null) or ddl. Every value is text or null; a column that stands
// twice in the record stands twice.
std::string tail_json(const task::TailRecord& record);

}  // namespace tributary::cli
