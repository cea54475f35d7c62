// MySQL's binary JSON to the text that the server prints in a SELECT, byte for byte.
//
// Work and output are bounded by the document's size: overlapping parts, cycles and depth over 100 are errors.
// Errors: data_value_malformed, `where` is "byte N of the document". Threads: pure functions.
// Source: MySQL sql-common/json_binary.h (the grammar), json_dom.cc (wrapper_to_string), strings/dtoa.cc (my_gcvt).
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "base/error.h"

namespace tributary::source {

// Appends to `out`. An empty document is the JSON null that servers read it as.
base::Status append_json_text(std::string_view document, base::Buffer& out);

// A double as my_gcvt prints it, with ".0" where it would look like an integer.
void append_json_double(double number, base::Buffer& out);

// "text" with JSON's escapes, as the server writes them.
void append_json_string(std::string_view text, base::Buffer& out);

}  // namespace tributary::source
