// A row in little room: a short value as it is, a long one as its beginning, its size and its SHA-256. Two images with
// the same columns are equal exactly when their rows are (hash collisions aside).
//
// Layout: per column one byte: the size of what follows up to 63, or 255 for a long value: 24 bytes of its beginning,
// 8 bytes of size, 16 bytes of hash. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tributary::lab {

void append_cell(std::string& image, std::string_view canonical);

// The cells as display() can show them: long values are cut, with "... (123456 bytes, abcd1234)" behind.
std::vector<std::string> cells_of(std::string_view image);

}  // namespace tributary::lab
