#include "source/binlog/event_fields_old.h"

#include <fmt/format.h>

#include <cstring>

#include "source/binlog/cursor.h"

namespace tributary::source {
namespace {

// intvar ::= kind(1) value(8)
EventFields read_intvar(Cursor cursor) {
  const std::uint8_t kind = cursor.u8();
  const std::uint64_t value = cursor.u64();
  if (!cursor.ok()) return {};
  const std::string_view name = kind == 1 ? "LAST_INSERT_ID" : kind == 2 ? "INSERT_ID" : "INVALID";
  return {{"variable", std::string(name)}, {"value", value}};
}

EventFields read_rand(Cursor cursor) {
  const std::uint64_t first = cursor.u64();
  const std::uint64_t second = cursor.u64();
  if (!cursor.ok()) return {};
  return {{"seed1", first}, {"seed2", second}};
}

// A DECIMAL value as it stands: precision, scale, then its digits.
std::string user_value(std::uint8_t type, bool is_unsigned, std::string_view bytes) {
  constexpr std::uint8_t text = 0, real = 1, integer = 2;
  if (type == text) return std::string(bytes);
  if (type == real && bytes.size() == 8) {
    double number = 0;
    std::memcpy(&number, bytes.data(), 8);
    return fmt::format("{}", number);
  }
  if (type == integer && bytes.size() == 8) {
    const std::uint64_t number = little<8>(bytes.data());
    return is_unsigned ? fmt::format("{}", number) : fmt::format("{}", static_cast<std::int64_t>(number));
  }
  return to_hex(bytes);
}

// user_var ::= name-length(4) name is-null(1) [type(1) collation(4) length(4) value [flags(1)]]
EventFields read_user_var(Cursor cursor) {
  const std::string_view name = cursor.bytes(cursor.u32());
  const bool is_null = cursor.u8() != 0;
  EventFields fields{{"name", std::string(name)}};
  if (is_null) {
    fields.push_back({"is_null", true});
    return cursor.ok() ? fields : EventFields{};
  }
  const std::uint8_t type = cursor.u8();
  const std::uint32_t collation = cursor.u32();
  const std::string_view value = cursor.bytes(cursor.u32());
  if (!cursor.ok()) return {};
  const bool is_unsigned = cursor.left() != 0 && (cursor.u8() & 1) != 0;
  constexpr std::string_view types[] = {"string", "real", "int", "row", "decimal"};
  fields.push_back({"type", std::string(type < 5 ? types[type] : "unknown")});
  fields.push_back({"value", user_value(type, is_unsigned, value)});
  fields.push_back({"collation", std::uint64_t{collation}, true});
  return fields;
}

// load ::= thread(4) seconds(4) skipped-lines(4) table-length(1) database-length(1) columns(4) [file-id(4)]
//          separators column-name-lengths column-names table database file
// separators ::= 5 characters, 2 flags (load) | 5 texts of length(1) bytes, 1 flag (new_load)
EventFields read_load(const EventView& event) {
  Cursor cursor(event.body, event.body_offset);
  EventFields fields;
  const std::uint32_t thread_id = cursor.u32();
  cursor.skip(8);
  const std::uint8_t table_size = cursor.u8();
  const std::uint8_t database_size = cursor.u8();
  const std::uint32_t columns = cursor.u32();
  const bool is_create_file = event.header.type == EventType::create_file;
  std::uint32_t file_id = 0;
  if (is_create_file) file_id = cursor.u32();
  if (event.header.type == EventType::load) {
    cursor.skip(7);
  } else {
    for (int i = 0; i < 5; ++i) cursor.skip(cursor.u8());
    cursor.skip(1);
  }
  std::uint64_t names_size = columns;
  for (const char length : cursor.bytes(columns)) names_size += static_cast<unsigned char>(length);
  cursor.skip(names_size);
  const std::string_view table = cursor.bytes(table_size);
  cursor.skip(1);
  const std::string_view database = cursor.bytes(database_size);
  cursor.skip(1);
  std::string_view file = cursor.rest();
  if (!cursor.ok()) return {};
  file = file.substr(0, file.find('\0'));
  fields.push_back({"database", std::string(database)});
  fields.push_back({"table", std::string(table)});
  fields.push_back({"file", std::string(file)});
  if (is_create_file) fields.push_back({"file_id", std::uint64_t{file_id}});
  fields.push_back({"thread_id", std::uint64_t{thread_id}, true});
  return fields;
}

// A piece of the file that LOAD DATA read.
EventFields read_block(Cursor cursor) {
  const std::uint32_t file_id = cursor.u32();
  if (!cursor.ok()) return {};
  return {{"file_id", std::uint64_t{file_id}}, {"data_bytes", std::uint64_t{cursor.left()}}};
}

EventFields read_file_id(Cursor cursor) {
  const std::uint32_t file_id = cursor.u32();
  if (!cursor.ok()) return {};
  return {{"file_id", std::uint64_t{file_id}}};
}

}  // namespace

EventFields read_old_event_fields(const EventView& event) {
  const Cursor cursor(event.body, event.body_offset);
  switch (event.header.type) {
    case EventType::intvar:
      return read_intvar(cursor);
    case EventType::rand:
      return read_rand(cursor);
    case EventType::user_var:
      return read_user_var(cursor);
    case EventType::load:
    case EventType::new_load:
    case EventType::create_file:
      return read_load(event);
    case EventType::append_block:
    case EventType::begin_load_query:
      return read_block(cursor);
    case EventType::exec_load:
    case EventType::delete_file:
      return read_file_id(cursor);
    default:
      return {};
  }
}

}  // namespace tributary::source
