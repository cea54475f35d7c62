#include "verify/table_fold.h"

#include "encode/avro_io.h"

namespace tributary::verify {

using encode::avro::add_long;
using encode::avro::add_string;
using encode::avro::Reader;

namespace {

void add_strings(std::string& out, const std::vector<std::string>& texts) {
  add_long(out, static_cast<std::int64_t>(texts.size()));
  for (const std::string& text : texts) add_string(out, text);
}

std::vector<std::string> take_strings(Reader& from) {
  std::vector<std::string> texts;
  for (std::int64_t left = from.take_long(); left > 0 && from.ok(); --left) texts.emplace_back(from.take_bytes());
  return texts;
}

void add_emptied(std::string& out, const Emptied& statement) {
  add_long(out, statement.is_set ? 1 : 0);
  add_long(out, statement.place);
  add_long(out, statement.offset);
  add_long(out, statement.server_id);
  add_long(out, statement.id);
  add_long(out, statement.timestamp_s);
}

Emptied take_emptied(Reader& from) {
  Emptied statement;
  statement.is_set = from.take_long() != 0;
  statement.place = static_cast<std::uint32_t>(from.take_long());
  statement.offset = from.take_long();
  statement.server_id = static_cast<std::uint32_t>(from.take_long());
  statement.id = from.take_long();
  statement.timestamp_s = from.take_long();
  return statement;
}

}  // namespace

std::string TableFold::write() const {
  std::string out;
  add_long(out, number);
  add_string(out, database);
  add_string(out, table);
  add_long(out, is_keyless ? 1 : 0);
  add_strings(out, identity);
  add_strings(out, structures);
  for (const std::uint64_t count : {records, repeats, late, unidentified})
    add_long(out, static_cast<std::int64_t>(count));
  add_long(out, is_renamed ? 1 : 0);
  add_long(out, partitions_emptied ? 1 : 0);
  add_emptied(out, emptied);
  add_emptied(out, restructured);
  add_long(out, newest_structure);
  std::string row;
  newest.write(row);
  add_string(out, row);
  return out;
}

TableFold TableFold::parse(std::string_view bytes) {
  Reader from(bytes);
  TableFold t;
  t.number = static_cast<std::uint32_t>(from.take_long());
  t.database = from.take_bytes();
  t.table = from.take_bytes();
  t.is_keyless = from.take_long() != 0;
  t.identity = take_strings(from);
  t.structures = take_strings(from);
  for (std::uint64_t* count : {&t.records, &t.repeats, &t.late, &t.unidentified})
    *count = static_cast<std::uint64_t>(from.take_long());
  t.is_renamed = from.take_long() != 0;
  t.partitions_emptied = from.take_long() != 0;
  t.emptied = take_emptied(from);
  t.restructured = take_emptied(from);
  t.newest_structure = static_cast<std::uint32_t>(from.take_long());
  t.newest = RowState::parse(from.take_bytes());
  t.newest.position = {};
  t.newest.image = {};
  return t;
}

}  // namespace tributary::verify
