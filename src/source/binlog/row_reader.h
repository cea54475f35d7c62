// Row images to values: rows events are read through a plan made once per table layout.
//
// Values are canonical as model/value.h says, the same as the snapshot gives for the same stored value. They borrow
// from the rows event's bytes or from the reader's scratch and live until the next next(). Errors:
// data_schema_mismatch, data_event_malformed, data_value_malformed, data_event_unsupported (an image without columns).
// Threads: a RowPlan may be shared once made; a RowReader is for one thread at a time.
// Source: MySQL libbinlogevents rows_event.h, sql/log_event.cc (row image layout per type).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "model/value.h"
#include "source/binlog/event.h"
#include "source/binlog/row_plan.h"
#include "source/binlog/table_map.h"

namespace tributary::source {

enum class RowChange : std::uint8_t { insert, update, delete_ };

// A rows event before its rows are looked at.
struct RowsEvent {
  RowChange change = RowChange::insert;
  bool is_partial = false;  // PARTIAL_UPDATE_ROWS: after images may hold JSON diffs
  std::uint64_t table_id = 0;
  std::uint16_t flags = 0;
  std::uint64_t column_count = 0;
  std::string_view columns_before;  // bitmap of the columns in the images; of the only image for insert
  std::string_view columns_after;   // of the after image; update only
  std::string_view rows;
  std::uint32_t rows_offset = 0;  // of `rows` in the event

  static constexpr std::uint16_t flag_statement_end = 0x01;
  // No rows, no table: only there to carry the flag.
  static constexpr std::uint64_t dummy_table_id = 0xffffff;
  bool ends_statement() const { return (flags & flag_statement_end) != 0; }
};
// The plain kinds, v1 and v2; pass compressed ones through inflate_rows() first.
base::Result<RowsEvent> parse_rows(const EventView& event, const FormatDescription& format);
// Only the table id, of compressed events too.
base::Result<std::uint64_t> parse_rows_table_id(const EventView& event, const FormatDescription& format);

class RowReader {
 public:
  // Begins with the rows of an event; event and plan must outlive the rows. Fails if the event's column count is not
  // the plan's.
  base::Status open(const RowsEvent& event, const RowPlan& plan);
  // parse_rows() and open() in one; inflates compressed events into the reader's own buffer.
  base::Status open(const EventView& event, const FormatDescription& format, const RowPlan& plan);

  // The next row; false at the end. `before` is filled for update and delete, `after` for insert and update: one value
  // per schema column, in order; the other one is left empty. Of a system-versioned table only rows that hold now are
  // told of: what the server writes and removes of their history is passed over, and the end of a row is its deletion.
  base::Result<bool> next(std::vector<model::Value>& before, std::vector<model::Value>& after);

  // What happened to the row of the last next().
  RowChange change() const { return change_; }

  const RowsEvent& event() const { return event_; }

  // For reading offline: a JSON column whose change is logged without the value it changes (PARTIAL_JSON with a minimal
  // before image) gives the changes as text (append_json_changes_text) instead of an error.
  void show_json_changes() { shows_json_changes_ = true; }

 private:
  base::Result<bool> next_stored(std::vector<model::Value>& before, std::vector<model::Value>& after);
  template <bool every_column>
  const char* read_image(std::string_view bitmap, std::uint32_t present, const char* at, unsigned image,
                         std::vector<model::Value>& row);
  base::Status append_json(const RowPlan::Step& step, unsigned image, std::string_view stored, base::Buffer& out);
  base::Error failure() const;

  RowsEvent event_;
  RowChange change_ = RowChange::insert;
  const RowPlan* plan_ = nullptr;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::uint32_t present_before_ = 0, present_after_ = 0;

  base::Buffer scratch_;  // bounded texts: decimals, padded bytes, addresses; sized once, so that it never moves
  char* scratch_at_ = nullptr;
  std::vector<base::Buffer> texts_;          // unbounded ones: one per such column and image
  std::vector<std::string_view> documents_;  // JSON columns of the before image, for the changes in the after image
  std::string_view partial_;                 // bitmap of the JSON columns that hold changes; empty: none does
  base::Buffer inflated_;                    // the body of a compressed event
  bool shows_json_changes_ = false;

  // What read_image() failed on.
  const char* failed_at_ = nullptr;
  std::uint32_t failed_column_ = 0;
  std::string failed_reason_;
  base::ErrorCode failed_code_ = base::ErrorCode::data_event_malformed;
};

}  // namespace tributary::source
