#include "source/binlog/statement_context.h"

#include <string>

#include "source/ddl/charsets.h"

namespace tributary::source {

namespace {

// MariaDB since 10.8.4, when the variable became one of the session.
constexpr std::uint32_t mariadb_option_version = 100804;
constexpr std::uint32_t mariadb_option_explicit_defaults = 1U << 24;

std::uint16_t u16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) | static_cast<unsigned char>(bytes[at + 1])
                                                                                << 8);
}

}  // namespace

StatementContext statement_context(const QueryEvent& query, const ServerTraits& traits) {
  StatementContext context;
  const auto collation = [&](const std::optional<std::uint16_t>& id) {
    return id ? ddl::collation_by_id(traits.flavour, *id) : std::string();
  };
  context.database = query.database;
  context.sql_mode = query.sql_mode.value_or(0);
  context.session = query.thread_id;
  context.error_code = query.error_code;
  if (const ddl::Charset* charset = ddl::charset_of_collation(collation(query.client_collation)))
    context.client_charset = charset->name;
  context.connection_collation = collation(query.connection_collation);
  context.server_collation = collation(query.server_collation);
  context.utf8mb4_collation = collation(query.utf8mb4_collation);
  context.explicit_defaults_for_timestamp =
      query.explicit_defaults_for_timestamp.value_or(traits.explicit_defaults_for_timestamp);
  if (traits.flavour == mysql::Flavour::mariadb && traits.version_number >= mariadb_option_version && query.flags2)
    context.explicit_defaults_for_timestamp = (*query.flags2 & mariadb_option_explicit_defaults) != 0;
  for (std::size_t at = 0; at + 4 <= query.charset_collations.size(); at += 4) {
    const std::string of = ddl::collation_by_id(traits.flavour, u16(query.charset_collations, at));
    const ddl::Charset* const charset = ddl::charset_of_collation(of);
    if (charset)
      context.default_collations[std::string(charset->name)] =
          ddl::collation_by_id(traits.flavour, u16(query.charset_collations, at + 2));
  }
  return context;
}

}  // namespace tributary::source
