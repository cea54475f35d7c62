#include "source/ddl/script.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "source/ddl/token_cursor.h"

namespace tributary::source {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Splitter {
 public:
  explicit Splitter(std::string_view script) : script_(script) {
    if (script_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  std::vector<ScriptStatement> run() {
    while (at_ < script_.size()) {
      if (!begun_ && skip_between()) continue;
      if (rest().starts_with(delimiter_)) {
        end_statement(at_);
        at_ += delimiter_.size();
      } else {
        step();
      }
    }
    end_statement(script_.size());
    return std::move(statements_);
  }

 private:
  std::string_view rest() const { return script_.substr(at_); }
  bool is_line_comment() const {
    return rest()[0] == '#' || (rest().starts_with("--") && (rest().size() == 2 || is_space(rest()[2])));
  }
  void skip_line() { at_ = std::min(script_.find('\n', at_), script_.size() - 1) + 1; }

  // Space, comments and DELIMITER before a statement.
  bool skip_between() {
    if (is_space(script_[at_])) {
      ++at_;
      return true;
    }
    if (is_line_comment()) {
      skip_line();
      return true;
    }
    if (rest().starts_with("/*") && !rest().starts_with("/*!") && !rest().starts_with("/*M!")) {
      const std::size_t end = script_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? script_.size() : end + 2;
      return true;
    }
    constexpr std::string_view command = "delimiter";
    if (ddl::same_word(rest().substr(0, command.size()), command) && rest().size() > command.size() &&
        is_space(rest()[command.size()])) {
      std::string_view line = rest().substr(command.size(), rest().find('\n') - command.size());
      while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
      const std::size_t end = static_cast<std::size_t>(std::find_if(line.begin(), line.end(), is_space) - line.begin());
      if (end != 0) delimiter_ = line.substr(0, end);
      skip_line();
      return true;
    }
    return false;
  }

  void step() {
    if (!begun_) {
      begun_ = true;
      begin_ = at_;
    }
    const char c = script_[at_];
    if (c == '\'' || c == '"' || c == '`') return skip_quoted(c);
    if (is_line_comment()) return skip_line();
    if (rest().starts_with("/*") && !rest().starts_with("/*!") && !rest().starts_with("/*M!")) {
      const std::size_t end = script_.find("*/", at_ + 2);
      at_ = end == std::string_view::npos ? script_.size() : end + 2;
      return;
    }
    ++at_;
  }

  void skip_quoted(char quote) {
    for (++at_; at_ < script_.size(); ++at_) {
      if (script_[at_] == '\\' && quote != '`')
        ++at_;
      else if (script_[at_] == quote)
        break;
    }
    at_ = std::min(at_ + 1, script_.size());
  }

  void end_statement(std::size_t end) {
    if (!begun_) return;
    begun_ = false;
    while (end > begin_ && is_space(script_[end - 1])) --end;
    for (; counted_ < begin_; ++counted_) {
      if (script_[counted_] != '\n') continue;
      ++line_;
      line_begin_ = counted_ + 1;
    }
    statements_.push_back({script_.substr(begin_, end - begin_), line_, begin_ - line_begin_ + 1});
  }

  std::string_view script_, delimiter_ = ";";
  std::size_t at_ = 0, begin_ = 0, counted_ = 0, line_ = 1, line_begin_ = 0;
  bool begun_ = false;
  std::vector<ScriptStatement> statements_;
};

}  // namespace

std::vector<ScriptStatement> split_script(std::string_view script) { return Splitter(script).run(); }

}  // namespace tributary::source
