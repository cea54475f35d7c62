// PARTIAL_JSON: an after image that holds a JSON column's changes instead of its value.
//
// Errors: data_value_malformed (also for a change whose path is not in the document). Threads: pure functions.
// Source: MySQL sql-common/json_diff.h: diff ::= operation path-length path [value-length value]
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "base/error.h"

namespace tributary::source {

// Appends the text of `document` (binary JSON of the before image) with `diffs` applied in order; no diffs: unchanged.
base::Status append_patched_json_text(std::string_view document, std::string_view diffs, base::Buffer& out);

// The changes themselves, for people: JSON_REPLACE(@, '$.a', 1); JSON_INSERT(@, '$.b[0]', "x"); JSON_REMOVE(@, '$.c').
base::Status append_json_changes_text(std::string_view diffs, base::Buffer& out);

}  // namespace tributary::source
