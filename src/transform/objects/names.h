// Names in upper and lower case as DTS writes them: Java's toUpperCase and toLowerCase in Locale.ROOT, that is
// Unicode's full mappings without a language (ß becomes SS, a final Σ becomes ς). Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::transform {

// dbListCaseChangeMode. default_: the destination's own habit, which for Kafka is to keep the source's names.
enum class Capitalization : std::uint8_t { default_, source, upper, lower };

std::string_view to_string(Capitalization how);  // default, source, dest_upper, dest_lower
// Also "upper" and "lower".
std::optional<Capitalization> parse_capitalization(std::string_view word);

std::string capitalized(std::string_view name, Capitalization how);

}  // namespace tributary::transform
