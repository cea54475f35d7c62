// The one place where errors are shown to the user. Threads: any.
#pragma once

#include <string>

#include "base/error.h"

namespace tributary::cli {

// "tributary: [code] text: what (at where)" and, on a second line, what to do.
std::string error_text(const base::Error& error);
// {"error": {"code", "text", "what", "where", "remedy", "class", "exit_code"}}
std::string error_json(const base::Error& error);
std::string error_json(const base::Error& error, int exit_code);

// Writes it (text to standard error, JSON to standard output, where scripts read) and gives the exit code.
int report(const base::Error& error, bool json);
// For commands whose exit code is not that of the error.
int report(const base::Error& error, bool json, int exit_code);

}  // namespace tributary::cli
