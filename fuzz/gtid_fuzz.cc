// GTID sets: any text, which reads back from what it prints; sets put together number by number, held against a plain
// set of numbers.
#include <set>

#include "input.h"
#include "model/position.h"

namespace {

using namespace tributary;
using fuzz::require;
using model::GtidSet;

void check_form(const GtidSet& set) {
  for (const auto& [source, intervals] : set.mysql()) {
    require(!intervals.empty(), "a source has transactions", source);
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      require(intervals[i].first >= 1 && intervals[i].first <= intervals[i].last, "an interval is one", set.text());
      require(i == 0 || intervals[i - 1].last + 1 < intervals[i].first, "intervals are in order and apart", set.text());
      require(set.contains_mysql(source, intervals[i].first) && set.contains_mysql(source, intervals[i].last),
              "a set holds what it lists", set.text());
      require(!set.contains_mysql(source, intervals[i].first - 1), "and not what it does not", set.text());
    }
  }
  require(set.contains(set), "a set holds itself", set.text());
  require(set.contains(GtidSet()), "a set holds nothing", set.text());
  auto again = GtidSet::parse(set.text());
  require(again.has_value() && *again == set && again->text() == set.text(), "a set reads back from its text",
          set.text());
}

void check_text(std::string_view text) {
  auto set = GtidSet::parse(text);
  if (!set) {
    require(set.error().code == base::ErrorCode::data_value_malformed, "an error of the value");
    return;
  }
  check_form(*set);
  // Two texts behind one another are the union.
  const std::size_t half = text.size() / 2;
  auto left = GtidSet::parse(text.substr(0, half)), right = GtidSet::parse(text.substr(half));
  if (!left || !right || left->is_mariadb() || right->is_mariadb()) return;
  auto both = GtidSet::parse(left->text() + "," + right->text());
  require(both.has_value() && both->contains(*left) && both->contains(*right), "a union holds both parts");
  auto turned = GtidSet::parse(right->text() + "," + left->text());
  require(turned.has_value() && *turned == *both, "a union has no order");
}

void check_numbers(fuzz::Input in) {
  const std::string source = "00112233-4455-6677-8899-aabbccddeeff";
  GtidSet set, other;
  std::set<std::uint64_t> numbers, others;
  while (!in.empty()) {
    const std::uint64_t number = 1 + in.below(100);
    const bool is_other = number % 2 != 0 && in.flag();
    (is_other ? other : set).add_mysql(source, number);
    (is_other ? others : numbers).insert(number);
  }
  check_form(set);
  for (std::uint64_t number = 0; number <= 101; ++number)
    require(set.contains_mysql(source, number) == numbers.contains(number), "a set holds what was added", set.text());
  require(set.contains(other) == std::includes(numbers.begin(), numbers.end(), others.begin(), others.end()),
          "a set holds another when it holds all of it", set.text() + " " + other.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_text({reinterpret_cast<const char*>(data), size});
  check_numbers(fuzz::Input(data, size));
  return 0;
}
