// What the fold knows of one table of the topic, beside its rows. Kept with them. Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "verify/image.h"
#include "verify/row_state.h"

namespace tributary::verify {

struct TableFold {
  std::uint32_t number = 0;     // in the keys of its rows
  std::string database, table;  // as it is called now; empty: gone, with its rows
  bool is_keyless = false;
  std::vector<std::string> identity;    // the columns that tell its rows apart
  std::vector<std::string> structures;  // RecordReader::fields, by number

  std::uint64_t records = 0;
  std::uint64_t repeats = 0;        // the very same change again
  std::uint64_t late = 0;           // changes that stand behind a newer one of their row
  std::uint64_t unidentified = 0;   // records without the columns of the key: from before it was made
  bool is_renamed = false;          // identity is that of the name it had first
  bool partitions_emptied = false;  // rows went with partitions; which ones, the topic does not say
  Emptied emptied;
  Emptied restructured;  // the last statement that may have changed columns
  std::uint32_t newest_structure = 0;
  RowState newest;  // place, offset and time of the newest record; nothing else of it

  std::string name() const { return database + "." + table; }
  std::string write() const;
  static TableFold parse(std::string_view bytes);
};

}  // namespace tributary::verify
