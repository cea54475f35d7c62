#include "compare/table_compare.h"

#include <fmt/format.h>

#include <algorithm>

#include "compare/image.h"

namespace tributary::lab {
namespace {

constexpr std::size_t absent = std::string::npos;
constexpr int cells_shown = 4;

}  // namespace

TableComparison::TableComparison(const SourceTable& source, FoldedTable* folded, std::size_t differences_max)
    : source_(source), folded_(folded != nullptr ? *folded : empty_), differences_max_(differences_max) {
  report_.name = source.name;
  if (folded == nullptr) {
    for (const SourceColumn& column : source.columns) {
      if (column.is_key) empty_.key.push_back(empty_.columns.size());
      empty_.columns.push_back(column.name);
    }
  }
  for (const std::string& name : folded_.columns) {
    const auto found = std::ranges::find(source.columns, name, &SourceColumn::name);
    order_.push_back(found == source.columns.end() ? absent : static_cast<std::size_t>(found - source.columns.begin()));
  }
  compare_columns();
}

void TableComparison::compare_columns() {
  for (const SourceColumn& column : source_.columns) {
    if (std::ranges::find(folded_.columns, column.name) == folded_.columns.end())
      tell(++report_.columns_wrong, fmt::format("column {} is at the source but not in the topic", column.name));
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (order_[i] == absent)
      tell(++report_.columns_wrong, fmt::format("column {} is in the topic but not at the source", folded_.columns[i]));
  }
}

void TableComparison::tell(std::uint64_t count, std::string text) {
  if (count <= differences_max_) report_.differences.push_back(std::move(text));
}

std::string TableComparison::image_of(const std::vector<std::string>& cells) const {
  std::string image;
  for (const std::size_t at : order_) append_cell(image, at == absent ? "?absent" : std::string_view(cells[at]));
  return image;
}

std::string TableComparison::differing_cells(std::string_view at_source, std::string_view in_topic) const {
  const auto a = cells_of(at_source), b = cells_of(in_topic);
  std::string out;
  int count = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (order_[i] == absent || a[i] == b[i] || ++count > cells_shown) continue;
    out += fmt::format("{}{} is {} at the source, {} in the topic", out.empty() ? "" : "; ", folded_.columns[i],
                       display(a[i]), display(b[i]));
  }
  if (count > cells_shown) out += fmt::format("; and {} more columns", count - cells_shown);
  return out;
}

void TableComparison::source_row(const std::vector<std::string>& cells) {
  ++report_.rows_source;
  const std::string image = image_of(cells);
  const auto found = folded_.rows.find(folded_.place_of(image));
  if (found == folded_.rows.end() || found->second.count == 0) {
    tell(++report_.missing, fmt::format("row {} is at the source but not in the topic", folded_.name_of(image)));
    return;
  }
  FoldedRow& row = found->second;
  if (row.image != image) {
    const std::string what = differing_cells(image, row.image);
    // What differs may be a column of one side only, told already.
    if (!what.empty()) tell(++report_.different, fmt::format("row {}: {}", folded_.name_of(image), what));
  }
  --row.count;
}

TableReport TableComparison::finish() {
  report_.rows_folded = folded_.rows_present;
  report_.inits = folded_.inits;
  report_.inserts = folded_.inserts;
  report_.updates = folded_.updates;
  report_.deletes = folded_.deletes;
  report_.repeats = folded_.repeats;
  report_.ahead_of_snapshot = folded_.ahead_of_snapshot;
  for (const auto& [place, row] : folded_.rows) {
    if (row.count == 0) continue;
    report_.extra += row.count;
    tell(report_.extra, fmt::format("row {} is in the topic but not at the source", folded_.name_of(row.image)));
  }
  report_.out_of_order = folded_.out_of_order;
  for (const std::string& text : folded_.complaints) report_.differences.push_back("out of order: " + text);
  return std::move(report_);
}

}  // namespace tributary::lab
