#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

namespace tributary::bench {
namespace {

double median_of(const Shape& shape, const std::function<double(const Pair&)>& figure) {
  std::vector<double> values;
  for (const Pair& pair : shape.pairs) values.push_back(figure(pair));
  return median(std::move(values));
}

double of(const Shape& shape, double Pair::*member) {
  return median_of(shape, [member](const Pair& pair) { return pair.*member; });
}

using Program = Cost Pair::*;

double of(const Shape& shape, Program program, double Cost::*member) {
  return median_of(shape, [=](const Pair& pair) { return pair.*program.*member; });
}

struct Summary {
  double rows_per_s, rows_per_s_inside, ratio, cpu_s, cpu_us_per_row, peak_rss_mib;
};

// The ratio is the median over the pairs, each of which ran in the same noise.
Summary summarise(const Shape& shape, Program program, double rows) {
  return {.rows_per_s = median_of(shape, [=](const Pair& p) { return rows / (p.*program).wall_s; }),
          .rows_per_s_inside = median_of(
              shape, [=](const Pair& p) { return (p.*program).inside_s > 0 ? rows / (p.*program).inside_s : 0; }),
          .ratio = median_of(shape, [=](const Pair& p) { return p.anchor_wall_s / (p.*program).wall_s; }),
          .cpu_s = of(shape, program, &Cost::cpu_s),
          .cpu_us_per_row = of(shape, program, &Cost::cpu_s) / rows * 1e6,
          .peak_rss_mib = of(shape, program, &Cost::peak_rss_mib)};
}

std::string thousands(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string cells(const std::vector<std::string>& row) {
  constexpr int label_width = 18, width = 11;
  std::string line = fmt::format("{:<{}}", row.front(), label_width);
  for (std::size_t i = 1; i < row.size(); ++i) line += fmt::format(" {:>{}}", row[i], width);
  return line + "\n";
}

double rounded(double value, double to) { return std::round(value * to) / to; }

std::string program_lines(const Shape& shape, Program program, const std::string& name, double rows) {
  const auto s = [](double seconds) { return fmt::format("{:.2f}", seconds); };
  const Summary sum = summarise(shape, program, rows);
  return cells({shape.name + " " + name, thousands(sum.rows_per_s), fmt::format("{:.2f}", sum.ratio),
                s(of(shape, program, &Cost::wall_s)), s(sum.cpu_s), s(sum.cpu_us_per_row),
                fmt::format("{:.0f}", sum.peak_rss_mib), s(of(shape, program, &Cost::servers_cpu_s)),
                s(of(shape, program, &Cost::broker_cpu_s))}) +
         cells({"  by its own clock", thousands(sum.rows_per_s_inside), "", s(of(shape, program, &Cost::inside_s))});
}

nlohmann::ordered_json program_json(const Shape& shape, Program program, double rows) {
  const Summary sum = summarise(shape, program, rows);
  return {{"rows_per_s", std::round(sum.rows_per_s)},
          {"ratio", rounded(sum.ratio, 1e3)},
          {"cpu_us_per_row", rounded(sum.cpu_us_per_row, 1e3)},
          {"peak_rss_mib", rounded(sum.peak_rss_mib, 10)},
          {"rows_per_s_inside", std::round(sum.rows_per_s_inside)},
          {"cpu_s", rounded(sum.cpu_s, 1e3)},
          {"servers_cpu_s", rounded(of(shape, program, &Cost::servers_cpu_s), 1e3)},
          {"broker_cpu_s", rounded(of(shape, program, &Cost::broker_cpu_s), 1e3)}};
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string as_table(const Figures& figures) {
  const auto rows = static_cast<double>(figures.rows);
  const auto s = [](double seconds) { return fmt::format("{:.2f}", seconds); };
  std::string out = fmt::format("\n{} rows on two servers ({}), one partition, {} broker, compression {}\n\n",
                                thousands(rows), figures.server, figures.broker, figures.compression);
  out += cells({"", "rows/s", "of anchor", "wall s", "CPU s", "CPU us/row", "peak MiB", "servers s", "broker s"});
  for (const Shape& shape : figures.shapes) {
    const double anchor_cpu = of(shape, &Pair::anchor_cpu_s);
    out += cells({shape.name + " anchor",
                  thousands(median_of(shape, [&](const Pair& p) { return rows / p.anchor_wall_s; })), "",
                  s(of(shape, &Pair::anchor_wall_s)), s(anchor_cpu), s(anchor_cpu / rows * 1e6), "",
                  s(of(shape, &Pair::anchor_servers_cpu_s)), s(of(shape, &Pair::anchor_broker_cpu_s))});
    out += cells({"  reading half", "", "", s(of(shape, &Pair::anchor_read_s))});
    out += cells({"  producing half", "", "", s(of(shape, &Pair::anchor_produce_s))});
    out += program_lines(shape, &Pair::product, "product", rows);
    if (!figures.against.empty()) out += program_lines(shape, &Pair::other, "other", rows);
  }
  if (!figures.against.empty()) out += fmt::format("\nother: {}\n", figures.against);
  out += fmt::format(
      "\nThe product's time is that of the whole process, from its start to its exit with everything acknowledged. "
      "The\n"
      "anchor's is that of the slower half; both halves run at once, unconnected, and send the product's own records\n"
      "({:.0f} and {:.0f} bytes in the mean). {}\n",
      figures.shapes.front().record_bytes, figures.shapes.back().record_bytes,
      figures.shapes.front().pairs.size() > 1
          ? fmt::format("Medians of {} runs, taken in turn; the ratio is the median of the pairs'.",
                        figures.shapes.front().pairs.size())
          : "One run.");
  return out;
}

std::string as_json(const Figures& figures) {
  const auto rows = static_cast<double>(figures.rows);
  nlohmann::ordered_json all;
  for (const Shape& shape : figures.shapes) {
    auto walls = nlohmann::ordered_json::array();
    for (const Pair& pair : shape.pairs)
      walls.push_back({rounded(pair.anchor_wall_s, 1e3), rounded(pair.product.wall_s, 1e3)});
    nlohmann::ordered_json one = program_json(shape, &Pair::product, rows);
    one["anchor_rows_per_s"] = std::round(median_of(shape, [&](const Pair& p) { return rows / p.anchor_wall_s; }));
    one["anchor_cpu_us_per_row"] = rounded(of(shape, &Pair::anchor_cpu_s) / rows * 1e6, 1e3);
    one["record_bytes"] = std::round(shape.record_bytes);
    one["wall_s_anchor_and_product"] = std::move(walls);
    if (!figures.against.empty()) one["other"] = program_json(shape, &Pair::other, rows);
    all[shape.name] = std::move(one);
  }
  all["rows"] = figures.rows;
  all["broker"] = figures.broker;
  all["compression"] = figures.compression;
  all["server"] = figures.server;
  if (!figures.against.empty()) all["against"] = figures.against;
  all["load_s"] = rounded(figures.load_s, 10);
  return all.dump();
}

}  // namespace tributary::bench
