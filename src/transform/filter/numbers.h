// Numbers out of texts and into them, by the servers' rules. Threads: free functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "transform/filter/decimal.h"

namespace tributary::transform::filter {

// What a text begins with, behind spaces: 1.5abc is 1.5, abc is 0. Beyond a double: the largest one.
// Digits of that number without zeros in front; those of an exponent do not count.
unsigned digits_of_real(std::string_view text);
double leading_real(std::string_view text);
// The same as an integer, as CAST ... AS SIGNED reads it; a number without sign may need the 64th bit.
std::int64_t leading_integer(std::string_view text);
// As CAST ... AS DECIMAL reads it, with `scale` digits behind the point and at most `digits` before it, else as many
// nines.
Decimal leading_decimal(std::string_view text, unsigned digits, unsigned scale);
Decimal limited(const Decimal& number, unsigned digits, unsigned scale);

}  // namespace tributary::transform::filter
