// What the topic says last of one row, as kept on disk, and how a record changes it.
//
//   state = flags operation structure place offset timestamp server id highest_id recent... position image
//
// The numbers are Avro longs. `place` is a partition of a topic by the fold's own number. An image is the bytes of the
// record's array of values, to be read with the structure of that number.
//
// Order: ids of one server's changes rise in source order. A record whose id was seen for the row before is a repeat;
// one with a smaller id that was not is late. If the row ends with an id below its highest, the topic leaves it in an
// older state. Rows of the snapshot have no such id; their place is known by position.
// Threads: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::verify {

struct RowState {
  bool is_deleted = false;
  bool is_older = false;  // a newer change of the row stands before its last record
  std::int32_t operation = 0;
  std::uint32_t structure = 0;
  std::uint32_t place = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_s = 0;
  std::uint32_t server_id = 0;  // 0: unknown, or a row of the snapshot
  std::int64_t id = 0;
  std::int64_t highest_id = 0;
  std::vector<std::int64_t> recent_ids;  // of the server, newest last, at most recent_ids_max
  std::int64_t copies = 0;               // of a table without a key: how many such rows there are
  std::string_view position;             // borrowed
  std::string_view image;                // borrowed; empty if it is deleted

  static constexpr std::size_t recent_ids_max = 6;

  static RowState parse(std::string_view bytes);
  void write(std::string& out) const;  // replaces what is in it
};

enum class Arrival : std::uint8_t { new_change, repeat, late };

// Makes `state` what it is behind `record`, whose fields up to `id`, and position and image, are set. `known`: there
// was a state before.
Arrival apply(const RowState& record, bool known, RowState& state);

// The record stands in another partition than the one that the state is of, and is older: of two partitions either may
// be read first.
bool is_before_in_another_place(const RowState& record, const RowState& state);

// "offset@file number" in an order that goes along one server's log.
struct LogPlace {
  std::uint64_t file = 0, offset = 0;
  auto operator<=>(const LogPlace&) const = default;
};
LogPlace parse_position(std::string_view position);

// A statement that left a table without rows.
struct Emptied {
  bool is_set = false;
  std::uint32_t place = 0;
  std::int64_t offset = 0;
  std::uint32_t server_id = 0;
  std::int64_t id = 0;
  std::int64_t timestamp_s = 0;
};
// Whether a consumer that obeys the statement has dropped the row: by offset in one partition, else by the server's
// order, else by time, to the second.
bool is_emptied(const Emptied& statement, const RowState& row);

}  // namespace tributary::verify
