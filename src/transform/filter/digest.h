// Checksums as MD5() and CRC32() give them. Sources: RFC 1321, ISO 3309. Threads: free functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tributary::transform::filter {

std::uint32_t crc32(std::string_view bytes);
// 32 lower-case digits; false where the library has no MD5 (FIPS).
bool md5_hex(std::string_view bytes, char* to);

}  // namespace tributary::transform::filter
