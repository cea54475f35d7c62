// The session a script runs in, as far as it matters for tables: USE and SET move it on. Values it can't know (of
// another variable, of an expression) leave it as it is. Threads: one at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "source/ddl/tracker.h"

namespace tributary::source {

class ScriptSession {
 public:
  // The session of a client that has just connected.
  ScriptSession(const ServerTraits& traits, std::string database);

  // True if the statement is one of those that move the session.
  bool take(std::string_view sql);
  const StatementContext& context() const { return context_; }

 private:
  void assign(std::string variable, std::string value);
  std::string value_of(std::string_view variable) const;

  const ServerTraits traits_;
  StatementContext context_;
  std::map<std::string, std::string> user_variables_;
};

// Bits of a list of names, or of a number.
std::uint64_t parse_sql_mode(std::string_view text, mysql::Flavour flavour);

}  // namespace tributary::source
