#include "transform/filter/digest.h"

#include <openssl/evp.h>

#include <array>

#include "model/text.h"

namespace tributary::transform::filter {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? 0xEDB88320U : 0U);
    table[i] = rest;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> crc_table = make_crc_table();

}  // namespace

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t rest = 0xFFFFFFFF;
  for (const char c : bytes) rest = rest >> 8 ^ crc_table[(rest ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~rest;
}

bool md5_hex(std::string_view bytes, char* to) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) return false;
  model::write_hex(to, {reinterpret_cast<const char*>(digest.data()), size});
  return true;
}

}  // namespace tributary::transform::filter
