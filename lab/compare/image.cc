#include "compare/image.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <cstdint>
#include <cstring>

namespace tributary::lab {
namespace {

constexpr std::size_t short_max = 63, beginning = 24, hash_bytes = 16;
constexpr std::size_t long_cell = beginning + sizeof(std::uint64_t) + hash_bytes;

}  // namespace

void append_cell(std::string& image, std::string_view canonical) {
  if (canonical.size() <= short_max) {
    image += static_cast<char>(canonical.size());
    image += canonical;
    return;
  }
  image += static_cast<char>(255);
  image += canonical.substr(0, beginning);
  const std::uint64_t size = canonical.size();
  image.append(reinterpret_cast<const char*>(&size), sizeof size);
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(canonical.data()), canonical.size(), hash);
  image.append(reinterpret_cast<const char*>(hash), hash_bytes);
}

std::vector<std::string> cells_of(std::string_view image) {
  std::vector<std::string> cells;
  while (!image.empty()) {
    const auto size = static_cast<unsigned char>(image[0]);
    image.remove_prefix(1);
    if (size <= short_max) {
      cells.emplace_back(image.substr(0, size));
      image.remove_prefix(size);
      continue;
    }
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, image.data() + beginning, sizeof bytes);
    std::uint32_t hash = 0;
    std::memcpy(&hash, image.data() + beginning + sizeof bytes, sizeof hash);
    std::string_view start = image.substr(0, beginning);
    while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0x80) != 0) start.remove_suffix(1);
    cells.push_back(fmt::format("{}... ({} bytes, hash {:08x})", start, bytes - 1, hash));
    image.remove_prefix(long_cell);
  }
  return cells;
}

}  // namespace tributary::lab
