#include "verify/report.h"

namespace tributary::verify {

std::string_view to_string(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::changed:
      return "changed";
    case DifferenceKind::missing:
      return "missing in topic";
    case DifferenceKind::extra:
      return "extra in topic";
    case DifferenceKind::out_of_order:
      return "out of order";
    case DifferenceKind::structure:
      return "structure";
  }
  return "?";
}

std::string_view to_string(Progress::Phase phase) {
  switch (phase) {
    case Progress::Phase::starting:
      return "starting";
    case Progress::Phase::folding:
      return "folding";
    case Progress::Phase::comparing:
      return "comparing";
    case Progress::Phase::rechecking:
      return "rechecking";
    case Progress::Phase::repairing:
      return "repairing";
  }
  return "?";
}

std::uint64_t Summary::differences() const {
  std::uint64_t sum = 0;
  for (const TableResult& table : tables) sum += table.differ() + (table.structure_differs ? 1 : 0);
  return sum;
}

}  // namespace tributary::verify
