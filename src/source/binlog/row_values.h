// Column values whose text has to be made: addresses, UUIDs, floats, MariaDB's compressed columns.
// Source: MariaDB plugin/type_inet, plugin/type_uuid, sql/field_comp.cc. Threads: pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/buffer.h"

namespace tributary::source {

// A float by way of its shortest decimal: 0.1f is 0.1, not 0.10000000149.
double widen(float number);

// Each writes the server's text for whole (padded) bytes and returns its end: 36, up to 15, up to 45 characters.
char* put_uuid(const char* bytes, char* out);
char* put_inet4(const char* bytes, char* out);
char* put_inet6(const char* bytes, char* out);

// A geometry's WKB. What is too short to have an SRID in front is given as it is: MySQL 5.6 keeps any bytes that ALTER
// made a geometry, and an empty one in rows to which a NOT NULL column was added.
inline std::string_view without_srid(std::string_view stored) {
  constexpr std::size_t srid_size = 4;
  return stored.size() < srid_size ? stored : stored.substr(srid_size);
}

// The value of a COMPRESSED column: a head byte, then the text plain or deflated. False if it is neither. `out` is
// overwritten where the text has to be made; `text` borrows from either.
bool read_compressed_column(std::string_view stored, base::Buffer& out, std::string_view& text);

}  // namespace tributary::source
