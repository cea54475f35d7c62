// What a running task looks like: pure functions from two looks at its counters (an earlier one, for rates, and the
// present one) to text. Names of phases are DTS's. Threads: any; ProgressLines one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "pipeline/progress.h"

namespace tributary::cli {

std::string_view phase_name(pipeline::Phase phase);  // "full data migration", ...

struct Screen {
  int width = 80, height = 24;
  bool color = false;
};

// The whole block: lines without line ends, none wider than the screen, no more than fit above the prompt.
// `earlier` may be null: no rates then.
std::vector<std::string> render_screen(const pipeline::Progress* earlier, const pipeline::Progress& now,
                                       const Screen& screen);

// One line for logs: "[0:01:05] shop: full data migration, 1,234 of ~2,000 rows (61 %), ...".
std::string render_line(const pipeline::Progress* earlier, const pipeline::Progress& now);
// The last line of a run.
std::string render_summary(const pipeline::Progress& now, bool stopped);

// One JSON object, no line end. event: "progress", "done", "stopped"; "failed" carries the error.
std::string render_json(const pipeline::Progress& now, std::string_view event, const base::Error* error = nullptr);

// Decides which plain lines to print: one every `interval_ms`, at once when the phase changes, and one whenever an
// instance or the destination gets into trouble or out of it.
class ProgressLines {
 public:
  explicit ProgressLines(std::int64_t interval_ms = 5000) : interval_ms_(interval_ms) {}

  std::vector<std::string> take(const pipeline::Progress& now);

 private:
  std::vector<std::string> changed_problems(const pipeline::Progress& now);

  std::int64_t interval_ms_;
  std::optional<pipeline::Progress> printed_;
  std::map<std::string, std::string> problems_;  // by instance address, "" is the destination
};

}  // namespace tributary::cli
