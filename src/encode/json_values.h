// Values in JSON texts. The add_ functions append to a buffer and find their own room, the write_ functions write into
// room that is there and return its new end. Threads: functions without state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "model/charset.h"
#include "model/schema.h"
#include "model/value.h"

namespace tributary::encode {

// The character set in which a column's `bytes` values are text; null for binary ones.
const model::Charset* text_charset(const model::Column& column);

// Digits with an optional sign: what may stand in a JSON text as a number. At most 20 characters.
bool is_integer_text(std::string_view text);

namespace json {

std::string quoted(std::string_view utf8);  // for plans

void add_quoted(base::Buffer& out, std::string_view utf8);  // has to be UTF-8
// Text of any character set; lower-case hex where the bytes are no text of it, as in keys.
void add_text(base::Buffer& out, const model::Charset& charset, std::string_view bytes);
// Each byte as the character of its number (ISO-8859-1).
void add_latin1(base::Buffer& out, std::string_view bytes);
void add_base64(base::Buffer& out, std::string_view bytes);  // with its quotes

char* write_base64(char* to, std::string_view bytes);  // needs (bytes + 2) / 3 * 4

// As Java's Double.toString: 1.0, 1.5E-5, 1.2345678E7.
char* write_java_real(char* to, double number);

// The labels of an ENUM or SET as the inside of JSON strings.
std::vector<std::string> inner_labels(const std::vector<std::string>& labels);
// The labels of a SET's bits between commas, in quotes; false when there is a bit without a label.
bool add_set(base::Buffer& out, const std::vector<std::string>& inner, std::uint64_t bits);

}  // namespace json

// Time with as many digits behind the point as the column has; six if there is more than that holds.
char* write_clock_digits(char* to, const model::TimeParts& t, bool is_negative, std::uint8_t digits);
char* write_datetime_digits(char* to, const model::TimeParts& t, std::uint8_t digits);
// `offset_s` is what the time zone is ahead of UTC. The zero timestamp stays 0000-00-00 00:00:00.
char* write_timestamp_digits(char* to, std::int64_t seconds, std::uint32_t micros, std::uint8_t digits,
                             std::int32_t offset_s);

}  // namespace tributary::encode
