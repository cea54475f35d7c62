// How differences are put into words.
#include <fmt/format.h>

#include <map>

#include "encode/decoder.h"
#include "verify/comparison.h"

namespace tributary::verify {

std::string type_name(std::int32_t data_type_number) {
  static const std::map<std::int32_t, std::string> names = {
      {1, "tinyint"},  {2, "smallint"},  {3, "int"},    {4, "float"},     {5, "double"},    {7, "timestamp"},
      {8, "bigint"},   {9, "mediumint"}, {10, "date"},  {11, "time"},     {12, "datetime"}, {13, "year"},
      {15, "text"},    {16, "bit"},      {245, "json"}, {246, "decimal"}, {247, "enum"},    {248, "set"},
      {252, "binary"}, {253, "varchar"}, {254, "char"}, {255, "geometry"}};
  const auto found = names.find(data_type_number);
  return found == names.end() ? fmt::format("type {}", data_type_number) : found->second;
}

std::optional<std::string> value_text(std::string_view value) {
  return encode::dts::as_text(encode::dts::decode_value(value));
}

std::vector<ValuePair> differing_columns(const Structure& topic, const std::vector<std::string_view>& topic_values,
                                         const Structure& source, const std::vector<std::string_view>& source_values) {
  std::vector<ValuePair> out;
  base::Buffer a, b;
  for (std::size_t i = 0; i < topic.columns.size() && i < topic_values.size(); ++i) {
    const auto at = source.find(topic.columns[i].name);
    if (!at || *at >= source_values.size()) continue;
    a.clear();
    b.clear();
    append_canonical(topic_values[i], a);
    append_canonical(source_values[*at], b);
    if (a.view() == b.view()) continue;
    std::optional<std::string> in_topic = value_text(topic_values[i]), in_source = value_text(source_values[*at]);
    // Of another type, and reads the same: nothing that a consumer could have written differently.
    if (topic.columns[i].type_number != source.columns[*at].type_number && in_topic == in_source) continue;
    out.push_back({topic.columns[i].name, std::move(in_source), std::move(in_topic)});
  }
  return out;
}

void describe_record(const RowState& state, const std::vector<Place>& places, Difference& to) {
  to.has_record = true;
  if (state.place < places.size()) {
    to.topic = places[state.place].topic;
    to.partition = places[state.place].partition;
  }
  to.offset = state.offset;
  to.id = state.id;
  to.position = state.position;
  encode::dts::Record record;
  record.operation = state.operation;
  to.operation = record.operation_name();
}

void Comparison::compare_structure(Target& target) {
  const TableFold* table = fold_.find(target.name);
  if (table == nullptr || table->structures.empty() || !target.logical) return;
  const Structure topic = Structure::parse(table->structures[table->newest_structure]);
  if (topic == target.structure) return;
  if (is_emptied(table->restructured, table->newest)) {
    target.result.notes.push_back(
        "a statement changed its columns behind the last record of a row: the structure can't be compared");
    return;
  }
  Difference difference;
  difference.kind = DifferenceKind::structure;
  difference.database = target.name.first;
  difference.table = target.name.second;
  describe_record(table->newest, fold_.places(), difference);
  for (const Structure::Column& column : target.structure.columns) {
    const auto at = topic.find(column.name);
    if (at && topic.columns[*at].type_number == column.type_number) continue;
    difference.columns.push_back({column.name, type_name(column.type_number),
                                  at ? std::optional(type_name(topic.columns[*at].type_number)) : std::nullopt});
  }
  for (const Structure::Column& column : topic.columns)
    if (!target.structure.find(column.name))
      difference.columns.push_back({column.name, std::nullopt, type_name(column.type_number)});
  if (difference.columns.empty()) {  // the same ones in another order
    std::string source, in_topic;
    for (const Structure::Column& column : target.structure.columns)
      source += (source.empty() ? "" : ", ") + column.name;
    for (const Structure::Column& column : topic.columns) in_topic += (in_topic.empty() ? "" : ", ") + column.name;
    difference.columns.push_back({"(order)", source, in_topic});
  }
  target.result.structure_differs = true;
  on_difference_(difference);
}

}  // namespace tributary::verify
