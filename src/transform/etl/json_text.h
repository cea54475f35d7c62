// JSON as far as scripts need it: whether a text is JSON, and what an array of scalars holds. Threads: values.
#pragma once

#include <string>
#include <string_view>

#include "transform/etl/arena.h"
#include "transform/etl/datum.h"

namespace tributary::transform::etl {

bool is_json(std::string_view text);

// The items of an array: strings, numbers (integer, decimal, real), booleans, nulls. False: `problem` says why not, or
// the arena is used up. Items borrow from `text` and the arena.
bool read_json_array(std::string_view text, Arena& arena, DatumList& items, std::string& problem);

}  // namespace tributary::transform::etl
