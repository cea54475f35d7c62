// Words that a server does not take for a column's name without quotes. Threads: immutable.
#pragma once

#include <string_view>

namespace tributary::transform::filter {

// Reserved in any of the servers from MySQL 5.6 and MariaDB 10.11 on. `upper` in capitals.
bool is_reserved(std::string_view upper);

// Values of the moment or the session that are written without parentheses: CURRENT_DATE and so on.
bool is_moment(std::string_view upper);

}  // namespace tributary::transform::filter
