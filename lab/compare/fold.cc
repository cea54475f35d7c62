#include "compare/fold.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compare/canonical.h"
#include "compare/image.h"
#include "encode/decoder.h"

namespace tributary::lab {
namespace {

namespace dts = encode::dts;

constexpr std::int32_t op_insert = 0, op_update = 1, op_delete = 2, op_ddl = 3, op_init = 16;
constexpr std::size_t bytes_of_a_value = 40;  // in words
constexpr char whole_row = '\xFE';            // in front of a place that is not a key; no cell begins so

// The columns of the primary key, else of the first unique key.
std::vector<std::string> key_columns(std::string_view tag) {
  const auto keys = nlohmann::json::parse(tag, nullptr, false);
  if (!keys.is_object() || keys.empty()) return {};
  const auto& columns = keys.contains("PRIMARY") ? keys["PRIMARY"] : keys.front();
  std::vector<std::string> names;
  for (const auto& name : columns)
    if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

// Cells in the order of `columns`, whatever the order of the record's fields.
std::string image_of(const std::vector<dts::Field>& fields, const std::vector<dts::Value>& values,
                     const std::vector<std::string>& columns) {
  std::string image;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    std::size_t at = c;
    if (at >= fields.size() || fields[at].name != columns[c])
      at = static_cast<std::size_t>(std::ranges::find(fields, columns[c], &dts::Field::name) - fields.begin());
    append_cell(image, at < fields.size() ? canonical(fields[at].data_type_number, values[at]) : "?absent");
  }
  return image;
}

std::vector<std::string> names_of(const std::vector<dts::Field>& fields) {
  std::vector<std::string> names;
  for (const dts::Field& field : fields) names.push_back(field.name);
  return names;
}

std::string differing_cells(const FoldedTable& table, std::string_view held, std::string_view before) {
  const auto a = cells_of(held), b = cells_of(before);
  std::string out;
  int shown = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == b[i] || ++shown > 3) continue;
    out += fmt::format("{}{} was {}, the record says {}", out.empty() ? "" : "; ", table.columns[i],
                       display(a[i], bytes_of_a_value), display(b[i], bytes_of_a_value));
  }
  return out;
}

}  // namespace

struct Fold::Change {
  const dts::Record& record;
  std::string_view place;
};

std::string FoldedTable::place_of(std::string_view image) const {
  std::string whole(1, whole_row);
  if (key.empty()) return whole += image;
  const auto cells = cells_of(image);
  std::string out;
  for (const std::size_t column : key) {
    if (cells[column].empty()) return whole += image;  // NULL tells no row apart
    append_cell(out, cells[column]);
  }
  return out;
}

std::string FoldedTable::name_of(std::string_view image) const {
  const auto cells = cells_of(image);
  std::string out;
  const auto add = [&](std::size_t column) {
    if (column < cells.size())
      out += fmt::format("{}{}={}", out.empty() ? "" : ", ", columns[column], display(cells[column], bytes_of_a_value));
  };
  if (key.empty()) {
    constexpr std::size_t shown = 6;
    for (std::size_t i = 0; i < std::min(columns.size(), shown); ++i) add(i);
    if (columns.size() > shown) out += fmt::format(" and {} more columns", columns.size() - shown);
  }
  for (const std::size_t column : key) add(column);
  return out;
}

FoldedTable& Fold::table_of(const dts::Record& record, const std::vector<dts::Field>& fields) {
  const auto parts = dts::object_name_parts(record.object_name.value_or(""));
  FoldedTable& table = tables_[fmt::format("{}", fmt::join(parts, "."))];
  if (!table.columns.empty()) return table;
  table.columns = names_of(fields);
  table.key_tag = record.tag("pk_uk_info").value_or("");
  for (const std::string& name : key_columns(table.key_tag)) {
    const auto found = std::ranges::find(table.columns, name);
    if (found != table.columns.end()) table.key.push_back(static_cast<std::size_t>(found - table.columns.begin()));
  }
  return table;
}

void Fold::complain(FoldedTable& table, const Change& change, std::string_view image, std::string_view what) {
  ++table.out_of_order;
  if (table.complaints.size() < complaints_max_)
    table.complaints.push_back(
        fmt::format("{}: {} {} ({})", table.name_of(image), change.record.operation_name(), what, change.place));
}

void Fold::take(FoldedTable& table, const Change& change, const std::string& image) {
  std::string place = table.place_of(image);
  const bool by_key = place[0] != whole_row;
  const auto found = table.rows.find(place);
  if (found == table.rows.end() || (!by_key && found->second.count == 0)) {
    ++table.ahead_of_snapshot;
    if (by_key) table.rows.emplace(std::move(place), FoldedRow{});
    return;
  }
  FoldedRow& row = found->second;
  if (row.count == 0) return complain(table, change, image, "of a row that was deleted before");
  if (row.image != image)
    complain(table, change, image, "does not follow what the topic held: " + differing_cells(table, row.image, image));
  --row.count;
  --table.rows_present;
  if (row.count == 0) row.image.clear();
}

void Fold::put(FoldedTable& table, const Change& change, std::string image) {
  std::string place = table.place_of(image);
  const bool by_key = place[0] != whole_row;
  const auto [at, is_new] = table.rows.try_emplace(std::move(place));
  FoldedRow& row = at->second;
  const bool is_init = change.record.operation == op_init;
  if (by_key && row.count > 0) {
    if (is_init && row.image == image) {
      ++table.repeats;
      return;
    }
    complain(table, change, image, "of a row that is there: " + differing_cells(table, row.image, image));
    row.image = std::move(image);
    return;
  }
  if (by_key && is_init && !is_new) complain(table, change, image, "of a row that was deleted before");
  row.image = std::move(image);
  ++row.count;
  ++table.rows_present;
}

std::string Fold::apply(const dts::Record& record, std::string_view place) {
  ++records_;
  const auto* before = std::get_if<std::vector<dts::Value>>(&record.before_images);
  const auto* after = std::get_if<std::vector<dts::Value>>(&record.after_images);
  if (record.operation == op_ddl) {
    const auto* statement = std::get_if<std::string>(&record.after_images);
    ddl_.push_back(statement != nullptr ? *statement : "");
    return {};
  }
  const bool is_row = record.operation == op_insert || record.operation == op_update || record.operation == op_delete ||
                      record.operation == op_init;
  if (!is_row) return {};
  const auto* fields = std::get_if<std::vector<dts::Field>>(&record.fields);
  const bool wants_before = record.operation == op_update || record.operation == op_delete;
  const bool wants_after = record.operation != op_delete;
  if (fields == nullptr || (wants_before && before == nullptr) || (wants_after && after == nullptr))
    return fmt::format("{} without its fields or images", record.operation_name());
  if ((wants_before && before->size() != fields->size()) || (wants_after && after->size() != fields->size()))
    return fmt::format("{} whose images do not have as many values as it has fields", record.operation_name());

  FoldedTable& table = table_of(record, *fields);
  const Change change{record, place};
  std::string from = wants_before ? image_of(*fields, *before, table.columns) : "";
  std::string to = wants_after ? image_of(*fields, *after, table.columns) : "";
  if (fields->size() != table.columns.size() || record.tag("pk_uk_info").value_or("") != table.key_tag)
    complain(table, change, wants_after ? to : from, "has other columns or keys than the table's first record");

  const std::string identity =
      fmt::format("{}|{}|{}|{}|{}|{}|", record.operation, record.id, record.source_position,
                  record.tag("server_id").value_or(""), record.object_name.value_or(""), from.size()) +
      from + to;
  const bool is_repeat = !seen_.insert(std::hash<std::string>{}(identity)).second;
  switch (record.operation) {
    case op_insert:
      ++table.inserts;
      break;
    case op_update:
      ++table.updates;
      break;
    case op_delete:
      ++table.deletes;
      break;
    default:
      ++table.inits;
  }
  if (is_repeat) {
    ++table.repeats;
    return {};
  }
  if (wants_before) take(table, change, from);
  if (wants_after) put(table, change, std::move(to));
  return {};
}

}  // namespace tributary::lab
