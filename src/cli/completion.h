// Completion scripts for shells, made from the description of the command line. Threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tributary::cli {

struct OptionDescription {
  std::string name;  // --json
  std::string help;
  bool takes_value = false;
  std::vector<std::string> choices;  // of its value, if they are few and known
};

struct CommandDescription {
  std::string name;
  std::string help;
  std::vector<OptionDescription> options;
  bool takes_file = false;           // its argument is a path
  std::vector<std::string> choices;  // or one of these words
};

std::string bash_completion(const std::vector<CommandDescription>& commands);
std::string zsh_completion(const std::vector<CommandDescription>& commands);
std::string fish_completion(const std::vector<CommandDescription>& commands);

}  // namespace tributary::cli
