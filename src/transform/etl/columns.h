// The values of a table's columns as scripts see them, and back.
//
// Text is UTF-8 in a script and the column's character set in the row. TIME is text (-12:30:00), YEAR and BIT are
// integers, ENUM and SET their labels, DATE a datetime at midnight, TIMESTAMP a datetime in UTC. What a script sets is
// converted as the server stores it: fractions that a column has no room for are rounded, trailing spaces of CHAR go,
// DATE drops the clock; whatever else does not fit is refused. Threads: immutable.
#pragma once

#include <cstdint>
#include <string>

#include "model/charset.h"
#include "model/schema.h"
#include "transform/etl/arena.h"
#include "transform/etl/datum.h"

namespace tributary::transform::etl {

enum class Form : std::uint8_t {
  integer,
  bit,
  decimal,
  real,
  real_of_4,
  text,
  json,
  bytes,
  opaque,
  label,
  labels,
  date,
  time,
  datetime,
  timestamp,
  year,
  uuid,
  inet
};

struct ColumnAccess {
  const model::Column* column = nullptr;
  Form form = Form::integer;
  Type type;  // what reading gives
  const model::Charset* charset = nullptr;
  std::uint32_t characters_max = 0;  // 0: any number
  std::uint64_t bytes_max = 0;       // 0: any number
  std::int64_t least = 0;            // integers
  std::uint64_t most = 0;
};

// `column` has to stay.
ColumnAccess access_of(const model::Column& column);

// `problem` is set when the result is `failed`.
Datum load(const ColumnAccess& access, const model::Value& value, Arena& arena, std::string& problem);

bool can_store(const ColumnAccess& access, Kind kind);
// The text of the value is in the arena, in the datum's or in the labels. False: `problem` says why not.
bool store(const ColumnAccess& access, const Datum& datum, Arena& arena, model::Value& value, std::string& problem);

// The column that e_set adds for expressions of this type.
model::Column column_for(std::string name, const Type& type);
std::string type_name(const Type& type);

}  // namespace tributary::transform::etl
