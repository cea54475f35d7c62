// Reads DTS Avro records and shows their values as text. Independent of the encoder's tables: it follows Record.avsc
// alone, so it also reads records of other writers (several blocks, negative block counts, no bornTimestamp).
//
// Any byte string gives a record or data_avro_malformed with "byte N" in `where`; memory stays within a constant factor
// of the input. Threads: functions without shared state.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "encode/record.h"

namespace tributary::encode::dts {

// The whole of `bytes` has to be one datum.
base::Result<Record> decode_record(std::string_view bytes);

// One value of a record's images, by its bytes in a record that was read.
Value decode_value(std::string_view bytes);

// A value as people and scripts read it, always valid UTF-8; empty for null and for EmptyObject.
// Numbers as the server prints them; 2024-04-12, -101:02:03, 2024-04-12 15:12:45.000006 (six digits, or no fraction
// when it is zero); Timestamp as date and time in UTC (0 is 0000-00-00 00:00:00, MySQL's zero timestamp); strings in
// UTF-8; binary values, and strings in a character set that can't be converted, as lower-case hex.
std::optional<std::string> as_text(const Value& value);

// objectName taken apart at its dots, \u002E turned back into a dot: {"db", "table"}.
std::vector<std::string> object_name_parts(std::string_view object_name);

}  // namespace tributary::encode::dts
