// The MD5 digest (RFC 1321), for scripts that ask for it; it protects nothing. Threads: functions without state.
#pragma once

#include <string_view>

namespace tributary::transform::etl {

// Writes 32 hexadecimal digits in lower case. Returns the end.
char* write_md5(char* to, std::string_view bytes);

}  // namespace tributary::transform::etl
