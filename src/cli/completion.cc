#include "cli/completion.h"

#include <fmt/format.h>

namespace tributary::cli {
namespace {

std::string names_of(const std::vector<CommandDescription>& commands) {
  std::string out;
  for (const CommandDescription& command : commands) out += (out.empty() ? "" : " ") + command.name;
  return out;
}

std::string names_of(const std::vector<OptionDescription>& options) {
  std::string out;
  for (const OptionDescription& option : options) out += (out.empty() ? "" : " ") + option.name;
  return out;
}

// For single quotes in bash, zsh and fish alike: the quote itself is left out, it carries no meaning in a help text.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c != '\'') out += c;
  }
  return out + "'";
}

// In zsh's _arguments, brackets and colons have a meaning.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') continue;
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string bash_completion(const std::vector<CommandDescription>& commands) {
  std::string out = fmt::format(R"(# bash completion for tributary: source <(tributary completion bash)
_tributary() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=${{COMP_WORDS[1]}}
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=( $(compgen -W '{} --help --version' -- "$current") )
    return
  fi
  case "$command $previous" in
)",
                                names_of(commands));
  for (const CommandDescription& command : commands) {
    for (const OptionDescription& option : command.options) {
      if (!option.takes_value) continue;
      const std::string reply = option.choices.empty()
                                    ? "compgen -f -- \"$current\""
                                    : fmt::format("compgen -W '{}' -- \"$current\"", fmt::join(option.choices, " "));
      out += fmt::format("    '{} {}') COMPREPLY=( $({}) ); return ;;\n", command.name, option.name, reply);
    }
  }
  out += "  esac\n  case \"$command\" in\n";
  for (const CommandDescription& command : commands) {
    out +=
        fmt::format("    {})\n      if [[ $current == -* ]]; then COMPREPLY=( $(compgen -W '{}' -- \"$current\") )\n",
                    command.name, names_of(command.options));
    if (command.takes_file)
      out += "      else COMPREPLY=( $(compgen -f -- \"$current\") )\n";
    else if (!command.choices.empty())
      out +=
          fmt::format("      else COMPREPLY=( $(compgen -W '{}' -- \"$current\") )\n", fmt::join(command.choices, " "));
    out += "      fi ;;\n";
  }
  return out + "  esac\n}\ncomplete -o filenames -F _tributary tributary\n";
}

std::string zsh_completion(const std::vector<CommandDescription>& commands) {
  std::string out =
      "#compdef tributary\n# zsh completion for tributary: put it into a folder of $fpath as _tributary\n_tributary() "
      "{\n  local -a commands\n  commands=(\n";
  for (const CommandDescription& command : commands)
    out += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.help));
  out +=
      "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n  local "
      "command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const CommandDescription& command : commands) {
    out += fmt::format("    {})\n      _arguments", command.name);
    for (const OptionDescription& option : command.options) {
      std::string value = option.takes_value ? ":value:" : "";
      if (option.takes_value)
        value += option.choices.empty() ? "_files" : fmt::format("({})", fmt::join(option.choices, " "));
      out += fmt::format(" \\\n        '{}[{}]{}'", option.name, zsh_text(option.help), value);
    }
    if (command.takes_file)
      out += " \\\n        '*:file:_files'";
    else if (!command.choices.empty())
      out += fmt::format(" \\\n        '1:word:({})'", fmt::join(command.choices, " "));
    out += " ;;\n";
  }
  return out +
         "  esac\n}\nif [[ $funcstack[1] == _tributary ]]; then _tributary \"$@\"; else compdef _tributary tributary; "
         "fi\n";
}

std::string fish_completion(const std::vector<CommandDescription>& commands) {
  std::string out =
      "# fish completion for tributary: tributary completion fish > ~/.config/fish/completions/tributary.fish\n";
  out += "complete -c tributary -n __fish_use_subcommand -f\n";
  for (const CommandDescription& command : commands) {
    out +=
        fmt::format("complete -c tributary -n __fish_use_subcommand -a {} -d {}\n", command.name, quoted(command.help));
    const std::string when = fmt::format("-n '__fish_seen_subcommand_from {}'", command.name);
    if (!command.takes_file) out += fmt::format("complete -c tributary {} -f\n", when);
    if (!command.choices.empty())
      out += fmt::format("complete -c tributary {} -a '{}'\n", when, fmt::join(command.choices, " "));
    for (const OptionDescription& option : command.options) {
      out += fmt::format("complete -c tributary {} -l {} -d {}", when, option.name.substr(2), quoted(option.help));
      if (option.takes_value)
        out += option.choices.empty() ? " -r" : fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
      out += '\n';
    }
  }
  return out;
}

}  // namespace tributary::cli
