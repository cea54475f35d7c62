// Where a row lives: the product's shard functions over key values.
//
// Facts (PolarDB-X 1.0 rule strings): integers go by abs(k), text by Java's String.hashCode; with one key for database
// and table the slot is abs(h) % (D*T) and the shard slot / T; with two keys the database is abs(h) % D, the table
// abs(h) % T. WEEK is day-of-week (Sunday 1) % 7, MM the month, DD the day of the month, MMDD the day of the year, each
// % T. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::lab {

enum class ShardFunction : std::uint8_t { none, hash, week, mm, dd, mmdd };

std::string_view to_string(ShardFunction function);  // "hash", "week"; "" for none
std::optional<ShardFunction> shard_function(std::string_view name);

// A key value as the router sees it.
struct KeyValue {
  bool null = false;
  std::string text;  // decimal digits for integers, the text itself otherwise
};

// String.hashCode of the UTF-16 form of UTF-8 text (invalid bytes count as themselves).
std::int32_t java_hash_code(std::string_view utf8);

// abs() of the hash; NULL is 0. An integer key which is no number is hashed as text.
std::uint64_t hash_magnitude(const KeyValue& value, bool integer_key);

// Slot of a date or datetime ("2024-02-29 12:00:00", "20240229"); nothing if it is no date. NULL is 0.
std::optional<int> date_slot(ShardFunction function, const KeyValue& value, int count);

}  // namespace tributary::lab
