// One parsed statement on the tables known: what it does to them, as effects and as a draft. Threads: free functions.
#pragma once

#include "source/ddl/catalogue.h"
#include "source/ddl/column_rules.h"
#include "source/ddl/syntax.h"

namespace tributary::source::ddl {

Placed<void> apply_statement(const Session& session, const Statement& statement, Draft& draft, Effect& effect);

}  // namespace tributary::source::ddl
