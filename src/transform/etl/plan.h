// A compiled script: nodes that name their children by index. Threads: immutable once compiled.
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "transform/etl/civil_time.h"
#include "transform/etl/columns.h"
#include "transform/etl/decimal.h"
#include "transform/etl/functions.h"
#include "transform/etl/program.h"
#include "transform/etl/syntax.h"
#include "transform/etl/time_format.h"

namespace tributary::transform::etl {

struct Node {
  Op op = Op::constant;
  Type type;
  bool is_literal_number = false;  // put together of literals only: 1.5 is a DOUBLE in a new column
  Place place;
  std::uint32_t first = 0;  // in Plan::children
  std::uint32_t count = 0;
  std::uint32_t index = 0;  // column; regular expression, pieces of a format, zone
  std::uint32_t extra = 0;  // image of v, time format, units of dt_add, Comparison, ListOrder
  Datum constant;
};

enum Comparison : std::uint32_t { numbers, texts, moments };
enum ListOrder : std::uint32_t { as_given, sorted_texts, sorted_integers };
enum Image : std::uint32_t { before_image, after_image };
enum Unit : std::uint32_t { years = 1, months, days, hours, minutes, seconds };  // of dt_add, four bits each in `extra`

struct Plan {
  std::vector<Node> nodes;
  std::vector<std::uint32_t> children;
  std::uint32_t root = 0;

  model::TableSchemaPtr output;
  std::size_t source_columns = 0;
  std::vector<ColumnAccess> columns;  // of the output
  std::vector<std::uint32_t> texts;   // columns of CHAR, VARCHAR and TEXT that are the user's, for tail_replace

  // What nodes refer to.
  std::deque<std::string> strings;
  Arena lists;
  std::vector<std::unique_ptr<const re2::RE2>> regexes;
  std::vector<TimeFormat> formats;
  std::vector<Zone> zones;  // the first is UTC
  std::vector<std::vector<std::string>> pieces;

  EtlProgram::Options options;
  std::string text;
};

// Less than, equal to, greater than 0. Neither is NULL.
int compare(Comparison how, const Datum& a, const Datum& b);

}  // namespace tributary::transform::etl
