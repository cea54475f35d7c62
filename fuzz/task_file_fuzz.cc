// Any bytes as a task file: a task whose printed form is read as the same task, or an error with its place.
#include "input.h"
#include "task/spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tributary;
  using fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.find("_file") != std::string_view::npos || text.find("/") != std::string_view::npos) return 0;  // reads none
  const auto task = task::parse_task(text, "t", "/nowhere");
  if (!task) {
    const base::Error& error = task.error();
    require(error.info().side == base::ErrorSide::task, "an error of the task file", error.message());
    unsigned long line = 0, column = 0;
    char behind = 0;
    require(std::sscanf(error.where.c_str(), "t:%lu:%lu%c", &line, &column, &behind) == 2 && line >= 1 && column >= 1,
            "the error names line and column", error.message());
    return 0;
  }
  const auto again = task::parse_task(task->canonical_yaml(), "t", "/nowhere");
  require(again.has_value(), "a task's printed form is read", task->canonical_yaml());
  require(again->identity() == task->identity(), "and is the same task", again->identity() + "\n" + task->identity());
  require(again->canonical_yaml() == task->canonical_yaml(), "printed the same way", again->canonical_yaml());
  return 0;
}
