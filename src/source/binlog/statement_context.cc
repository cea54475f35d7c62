#include "source/binlog/statement_context.h"

#include "source/ddl/charsets.h"

namespace tributary::source {

StatementContext statement_context(const QueryEvent& query, const ServerTraits& traits) {
  StatementContext context;
  context.database = query.database;
  context.sql_mode = query.sql_mode.value_or(0);
  const auto collation = [&](const std::optional<std::uint16_t>& id) {
    return id ? ddl::collation_by_id(traits.flavour, *id) : std::string();
  };
  if (const ddl::Charset* client = ddl::charset_of_collation(collation(query.client_collation)))
    context.client_charset = client->name;
  context.connection_collation = collation(query.connection_collation);
  context.server_collation = collation(query.server_collation);
  context.explicit_defaults_for_timestamp = traits.explicit_defaults_for_timestamp;
  context.session = query.thread_id;
  return context;
}

}  // namespace tributary::source
