// What JSON_UNQUOTE(JSON_EXTRACT(document, path)) is, as text: of a string its characters, of anything else its JSON as
// the servers write it. Paths of names and places only. Threads: free functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::transform::filter {

class Arena;

struct JsonStep {
  std::string name;
  std::optional<unsigned> place;  // in an array; the name does not count then
};

// $.name, $."any name", $[3] and what follows from them; nothing if it is anything else.
std::optional<std::vector<JsonStep>> parse_json_path(std::string_view path);

// False if there is no such place, or the document is no JSON up to it. Borrows from the document or the arena.
bool json_text(std::string_view document, const std::vector<JsonStep>& path, Arena& arena, std::string_view& out);

}  // namespace tributary::transform::filter
