// Bytes as JSON strings: plain ASCII stands as it is behind "t", anything else as hexadecimal behind "x".
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tributary::checkpoint {

std::string bytes_to_text(std::string_view bytes);
// Unset if the text is not of that form.
std::optional<std::string> bytes_from_text(std::string_view text);

}  // namespace tributary::checkpoint
