#include "task/tail_record.h"

#include <fmt/format.h>

#include "encode/decoder.h"
#include "task/utf8.h"

namespace tributary::task {
namespace {

using encode::dts::Field;
using encode::dts::Images;
using encode::dts::Value;

base::Result<std::optional<TailImage>> read_image(const std::vector<Field>* fields, const Images& images,
                                                  std::string_view name) {
  const auto* values = std::get_if<std::vector<Value>>(&images);
  if (!values) return std::optional<TailImage>{};
  if (!fields || fields->size() != values->size()) {
    return base::fail(base::ErrorCode::data_avro_malformed,
                      fmt::format("{} has {} values for {} fields", name, values->size(), fields ? fields->size() : 0));
  }
  TailImage image;
  image.reserve(values->size());
  for (std::size_t i = 0; i < values->size(); ++i) {
    image.push_back({(*fields)[i].name, encode::dts::as_text((*values)[i])});
  }
  return std::optional(std::move(image));
}

}  // namespace

std::string TailRecord::table_name() const { return table.empty() ? database : database + "." + table; }

base::Result<TailRecord> read_tail_record(std::string_view value) {
  TRY_VALUE(encode::dts::Record decoded, encode::dts::decode_record(value));
  TailRecord record;
  record.operation = decoded.operation_name();
  record.object_name = decoded.object_name;
  if (decoded.object_name) {
    const std::vector<std::string> parts = encode::dts::object_name_parts(*decoded.object_name);
    if (!parts.empty()) record.database = parts.front();
    if (parts.size() > 1) record.table = parts.back();
  }
  record.id = decoded.id;
  record.source_timestamp = decoded.source_timestamp;
  record.position = std::move(decoded.source_position);
  record.tags = std::move(decoded.tags);
  const auto* fields = std::get_if<std::vector<Field>>(&decoded.fields);
  TRY_VALUE(record.before, read_image(fields, decoded.before_images, "beforeImages"));
  TRY_VALUE(record.after, read_image(fields, decoded.after_images, "afterImages"));
  if (const auto* statement = std::get_if<std::string>(&decoded.after_images)) record.ddl = *statement;
  return record;
}

std::string text_or_hex(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

}  // namespace tributary::task
