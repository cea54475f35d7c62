#include "source/binlog/log_structures.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "source/binlog/derived_schema.h"
#include "source/binlog/statement_context.h"
#include "source/ddl/charsets.h"

namespace tributary::source {

using base::Result;
using base::Status;

namespace {

mysql::Flavour flavour_of(const FormatDescription& format) {
  return format.is_mariadb ? mysql::Flavour::mariadb : mysql::Flavour::mysql;
}

ServerTraits traits_of(const FormatDescription& format) {
  ServerTraits traits;
  traits.flavour = flavour_of(format);
  traits.version_number = format.server_version_number;
  const bool is_new_mysql = !format.is_mariadb && traits.version_number >= 80000;
  traits.default_collation = is_new_mysql ? "utf8mb4_0900_ai_ci" : "latin1_swedish_ci";
  traits.explicit_defaults_for_timestamp = traits.version_number >= (format.is_mariadb ? 101000u : 80002u);
  return traits;
}

// Statements that make up statement-format logs and change no structure: not worth a parse.
bool changes_rows_only(std::string_view sql) {
  static constexpr std::array<std::string_view, 9> verbs = {"begin",  "commit", "rollback", "savepoint", "insert",
                                                            "update", "delete", "replace",  "xa"};
  const std::size_t size = static_cast<std::size_t>(
      std::ranges::find_if_not(sql, [](unsigned char c) { return std::isalpha(c) != 0; }) - sql.begin());
  return std::ranges::any_of(verbs, [&](std::string_view verb) {
    return verb.size() == size &&
           std::equal(verb.begin(), verb.end(), sql.begin(), [](char a, char b) { return a == (b | 0x20); });
  });
}

bool is_character(WireType type) {
  switch (type) {
    case WireType::string:
    case WireType::var_string:
    case WireType::varchar:
    case WireType::varchar_compressed:
    case WireType::blob:
    case WireType::blob_compressed:
      return true;
    default:
      return false;
  }
}

// The n of CHAR(n) and VARCHAR(n), 0 if it is not there.
std::uint32_t declared_length(const model::Column& column) {
  const std::size_t open = column.declared_type.find('(');
  if (open == std::string::npos) return 0;
  std::uint32_t length = 0;
  const char* const end = column.declared_type.data() + column.declared_type.size();
  std::from_chars(column.declared_type.data() + open + 1, end, length);
  return length;
}

// Character sets as the table map tells them. Where it does not, those of the statements are kept unless the column's
// length in bytes speaks against them: the database's default may have been set before the log began.
void correct_charsets(const TableMap& map, const TableMetadata& metadata, mysql::Flavour flavour,
                      model::TableSchema& schema) {
  std::size_t character = 0;
  for (std::size_t i = 0; i < schema.columns.size() && i < map.columns().size(); ++i) {
    const WireColumn& wire = map.columns()[i];
    model::Column& column = schema.columns[i];
    if (!is_character(wire.type)) continue;
    const std::size_t number = character++;
    if (number < metadata.collations.size()) {
      const auto collation = ddl::collation_by_id(flavour, static_cast<std::uint32_t>(metadata.collations[number]));
      const ddl::Charset* charset = ddl::charset_of_collation(collation);
      if (charset != nullptr && charset->name != "binary") column.charset = charset->name;
      continue;
    }
    const bool has_length = column.type == model::ColumnType::char_ || column.type == model::ColumnType::varchar;
    const ddl::Charset* charset = ddl::find_charset(column.charset);
    if (has_length && charset != nullptr && declared_length(column) * charset->bytes_max != wire.metadata)
      column.charset.clear();
  }
}

}  // namespace

void LogStructures::on_format(const FormatDescription& format) {
  end_statement();
  const ServerTraits traits = traits_of(format);
  if (tracker_ && tracker_->traits().flavour == traits.flavour &&
      tracker_->traits().version_number == traits.version_number)
    return;
  SchemaTracker next(traits);
  if (tracker_ && tracker_->traits().flavour == traits.flavour) {  // the server was upgraded
    for (const auto& [name, collation] : tracker_->databases()) next.put_database(name, collation);
    for (const auto& [name, table] : tracker_->tables()) next.put_table(*table);
  }
  tracker_ = std::move(next);
}

std::string LogStructures::charset_of(std::optional<std::uint16_t> collation) const {
  if (!collation || !tracker_) return {};
  const ddl::Charset* charset = ddl::charset_of_collation(ddl::collation_by_id(tracker_->traits().flavour, *collation));
  return charset == nullptr ? std::string() : std::string(charset->name);
}

std::string LogStructures::text_of(const QueryEvent& query) const {
  const std::string charset = charset_of(query.client_collation);
  if (!charset.empty() && !charset.starts_with("utf8")) {
    if (auto text = ddl::to_utf8(query.sql, charset)) return std::move(*text);
  }
  return std::string(query.sql);
}

std::string LogStructures::on_statement(const QueryEvent& query) {
  if (!tracker_ || changes_rows_only(query.sql)) return {};
  const auto collation = [&](const std::optional<std::uint16_t>& id) {
    return id ? std::string(ddl::collation_by_id(tracker_->traits().flavour, *id)) : std::string();
  };
  const StatementContext context = statement_context(query, tracker_->traits());
  if (!context.database.empty() && !tracker_->databases().contains(context.database)) {
    const std::string of_database = collation(query.database_collation);
    tracker_->put_database(context.database, !of_database.empty() ? of_database
                                             : !context.server_collation.empty()
                                                 ? context.server_collation
                                                 : tracker_->traits().default_collation);
  }
  const Effect effect = tracker_->apply(context, query.sql);
  if (effect.outcome != Effect::Outcome::not_understood) return {};
  for (const TableName& name : effect.concerned) tracker_->remove_table(name);
  return effect.is_ddl && !effect.concerned.empty() ? effect.reason : std::string();
}

Result<LogTable*> LogStructures::on_table_map(const EventView& event, const FormatDescription& format) {
  TRY_VALUE(const MappedTable name, parse_mapped_table(event, format));
  std::string key(name.database);
  key += '\0';
  key += name.table;
  std::unique_ptr<LogTable>& table = tables_[key];
  if (!table) table = std::make_unique<LogTable>();
  const TrackedTablePtr tracked = tracker_ ? tracker_->find(name.database, name.table) : nullptr;
  if (auto parsed = table->map.parse(event, format); !parsed) {
    table->plan.reset();
    if (parsed.error().code != base::ErrorCode::data_event_unsupported) return base::fail(std::move(parsed.error()));
    table->undecoded = parsed.error().what;
  } else if (!table->plan || !table->plan->fits(table->map) || table->tracked != tracked) {
    TRY(make_plan(*table, tracked));
  }
  std::erase_if(ids_, [&](const auto& known) { return known.first == name.table_id; });
  ids_.emplace_back(name.table_id, table.get());
  return table.get();
}

Status LogStructures::make_plan(LogTable& table, const TrackedTablePtr& tracked) {
  table.plan.reset();
  table.undecoded.clear();
  table.tracked = tracked;
  TRY_VALUE(const TableMetadata metadata, table.map.metadata());
  const auto plan_of = [&](const model::TableSchema& known) {
    auto schema = std::make_shared<model::TableSchema>(known);
    schema->row_end.reset();  // rows are told as they are logged, history of system-versioned tables too
    correct_charsets(table.map, metadata, tracker_ ? tracker_->traits().flavour : mysql::Flavour::mysql, *schema);
    return RowPlan::make(table.map, std::move(schema));
  };
  if (tracked != nullptr) {
    if (auto plan = plan_of(tracked->schema)) {
      table.plan = std::move(*plan);
      return {};
    }
  }
  auto derived = derive_schema(table.map);
  if (!derived) {
    if (derived.error().code != base::ErrorCode::data_event_unsupported) return base::fail(std::move(derived.error()));
    table.undecoded = derived.error().what;
    return {};
  }
  if (auto plan = plan_of(**derived))
    table.plan = std::move(*plan);
  else
    table.undecoded = plan.error().what;
  return {};
}

LogTable* LogStructures::find(std::uint64_t table_id) {
  const auto known = std::find_if(ids_.rbegin(), ids_.rend(), [&](const auto& id) { return id.first == table_id; });
  return known == ids_.rend() ? nullptr : known->second;
}

}  // namespace tributary::source
