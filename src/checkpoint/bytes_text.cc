#include "checkpoint/bytes_text.h"

#include <algorithm>

namespace tributary::checkpoint {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string bytes_to_text(std::string_view bytes) {
  if (std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0x20 && c <= 0x7e; }))
    return "t" + std::string(bytes);
  std::string text = "x";
  text.reserve(1 + 2 * bytes.size());
  constexpr char digits[] = "0123456789abcdef";
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::optional<std::string> bytes_from_text(std::string_view text) {
  if (text.empty()) return {};
  if (text.front() == 't') return std::string(text.substr(1));
  if (text.front() != 'x' || text.size() % 2 == 0) return {};
  std::string out;
  for (std::size_t i = 1; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return {};
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace tributary::checkpoint
