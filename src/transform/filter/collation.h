// Collations as the servers apply them, byte for byte. A text is in the character set of its collation; UTF-8 for those
// of utf8 and utf8mb4. Threads: immutable once made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tributary::transform::filter {

class Arena;
struct WeightTable;  // of collations with a weight per character, or several (weights.h)

enum class TextSet : std::uint8_t { binary, utf8, latin1, ascii };

struct Collation {
  enum class Order : std::uint8_t { bytes, single_byte, characters };
  std::string name;
  TextSet set = TextSet::binary;
  Order order = Order::bytes;
  bool pads = false;                     // shorter texts count as if filled up with spaces
  bool is_binary_order = true;           // _bin and binary: letters differ by case
  const std::uint8_t* bytes = nullptr;   // single_byte: 256 weights
  const WeightTable* weights = nullptr;  // characters
  const std::uint8_t* cases = nullptr;   // latin1: 256 lower-case, then 256 upper-case ones
  const WeightTable* lower = nullptr;    // utf8
  const WeightTable* upper = nullptr;

  bool is_utf8() const { return set == TextSet::utf8; }
};

// Null if the collation is not known here as this server applies it. Lower-case names.
const Collation* find_collation(std::string_view name, bool is_mariadb, std::uint32_t version);
const Collation& binary_collation();
const Collation& connection_collation();  // utf8mb4_general_ci: what literals and numbers as text have (filter_session)

// Below, equal or above zero.
int compare(const Collation& collation, std::string_view a, std::string_view b);
int compare_unpadded(const Collation& collation, std::string_view a, std::string_view b);  // spaces at the end count
// `escape`: the bytes of one character, or none.
bool like(const Collation& collation, std::string_view text, std::string_view pattern, std::string_view escape);
// Where `part` begins at or behind byte `from`, as bytes; npos if nowhere. Servers compare stretches of as many bytes
// as `part` has, MySQL 9 by weights only.
std::size_t find(const Collation& collation, std::string_view text, std::string_view part, std::size_t from,
                 bool by_weights);

std::string_view change_case(const Collation& collation, std::string_view text, bool to_upper, Arena& arena);

// Characters as the set has them.
std::size_t character_count(const Collation& collation, std::string_view text);
// The byte behind the first `count` characters, at most the end.
std::size_t skip_characters(const Collation& collation, std::string_view text, std::size_t count);

}  // namespace tributary::transform::filter
