#include "source/binlog/statement_context.h"

namespace tributary::source {

StatementContext statement_context(const QueryEvent& query) {
  StatementContext context;
  context.database = query.database;
  context.sql_mode = query.sql_mode.value_or(0);
  return context;
}

}  // namespace tributary::source
