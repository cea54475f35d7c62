// Character sets and collations as servers know them: which collation belongs to which set, which is a set's default on
// which version, and how each version spells utf8mb3. Inside this folder a name is always the long one (utf8mb3...);
// shown() gives what the server shows. Source: information_schema of MySQL 5.6 and 9.7 and of MariaDB 10.11.
// Threads: free functions, no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/ddl/tracker.h"

namespace tributary::source::ddl {

struct Charset {
  std::string_view name;
  std::uint8_t bytes_max = 1, bytes_min = 1;  // of one character
};

// Null for an unknown one. Case does not count; utf8 is utf8mb3.
const Charset* find_charset(std::string_view name);

// The character set of a collation, null for an unknown one. `uca1400_ai_ci` alone (MariaDB) has none: see
// full_collation.
const Charset* charset_of_collation(std::string_view collation);

// The long, lower-case name: utf8_bin -> utf8mb3_bin.
std::string long_name(std::string_view charset_or_collation);

// What the server's information_schema calls it.
std::string shown_charset(const ServerTraits& traits, std::string_view charset);
std::string shown_collation(const ServerTraits& traits, std::string_view collation);

std::string default_collation(const ServerTraits& traits, const StatementContext& context, std::string_view charset);
std::string binary_collation(std::string_view charset);

// By the number a Query event carries; empty if unknown.
std::string collation_by_id(mysql::Flavour flavour, std::uint32_t id);

// The text in UTF-8; nothing if it is not in that character set, or that is not known here.
std::optional<std::string> to_utf8(std::string_view text, std::string_view charset);

// Whether each character of a text in UTF-8 is in that character set; not so if the set is not known here.
bool can_hold(std::string_view charset, std::string_view utf8);

// The text with a question mark for each character that is not in that set, as servers put it; nothing if the set is
// not known here.
std::optional<std::string> as_held(std::string_view charset, std::string_view utf8);

}  // namespace tributary::source::ddl
