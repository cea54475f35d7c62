// A verification as people and scripts read it. Pure functions. Threads: any.
#pragma once

#include <string>
#include <vector>

#include "task/spec.h"
#include "task/verify.h"

namespace tributary::cli {

// The tables' numbers in columns that line up, then warnings and the verdict. Lines without line ends.
std::vector<std::string> verify_summary(const std::string& task, const verify::Summary& summary);
// One difference, on a few lines.
std::vector<std::string> verify_difference(const verify::Difference& difference);
// "[0:01:05] shop: folding, 120,000 of 2,000,000 (6 %)".
std::string verify_progress(const std::string& task, const verify::Progress& progress);

// One JSON object each, no line end.
std::string verify_json(const std::string& task, const verify::Summary& summary);
std::string verify_json(const verify::Difference& difference);
std::string verify_json(const std::string& task, const verify::Progress& progress);

}  // namespace tributary::cli
