// What a comparison found, for people and as one JSON object. Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "compare/table_compare.h"

namespace tributary::lab {

struct Report {
  std::vector<TableReport> tables;
  std::uint64_t records = 0;  // of the topic
  std::uint64_t ddl_records = 0;
  double seconds = 0;  // of reading the source

  std::uint64_t difference_count() const;
};

std::string report_text(const Report& report, bool color);
std::string report_json(const Report& report);

}  // namespace tributary::lab
