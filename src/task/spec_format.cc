#include <array>

#include "task/spec_parts.h"

namespace tributary::task {
namespace {

using encode::Format;
using encode::SubjectNaming;
using Decimals = encode::DebeziumJsonOptions::Decimals;

// "+08:00", within a day.
std::optional<std::int32_t> offset_of(std::string_view text) {
  const auto digit = [&](std::size_t at) { return static_cast<std::int32_t>(text[at] - '0'); };
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  for (const std::size_t at : {1, 2, 4, 5}) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
  }
  const std::int32_t hours = 10 * digit(1) + digit(2), minutes = 10 * digit(4) + digit(5);
  if (hours > 14 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

encode::CanalJsonOptions read_canal(const Section& destination) {
  const Section section = destination.section("canal_json", {"labels_as_text", "time_zone"});
  encode::CanalJsonOptions options;
  options.labels_as_text = section.boolean("labels_as_text", options.labels_as_text);
  if (section.has("time_zone")) {
    const std::string text = section.text("time_zone");
    const auto offset = offset_of(text);
    if (!offset) section.bad("time_zone", fmt::format("is {}; it is an offset like \"+08:00\"", quote(text)));
    options.time_zone_offset_s = offset.value_or(0);
  }
  return options;
}

encode::DebeziumJsonOptions read_debezium(const Section& destination, std::string_view task_name) {
  const Section section = destination.section(
      "debezium_json", {"schema", "topic_prefix", "decimals", "unsigned_bigint", "tombstones", "binlog_base_name"});
  encode::DebeziumJsonOptions options;
  options.version = encode::debezium_source_version;
  options.with_schema = section.boolean("schema", options.with_schema);
  options.topic_prefix = section.text("topic_prefix", task_name);
  options.decimals = section.choice<Decimals>(
      "decimals", {{"precise", Decimals::precise}, {"string", Decimals::text}, {"double", Decimals::real}},
      options.decimals);
  options.unsigned_bigint_precise =
      section.choice<bool>("unsigned_bigint", {{"long", false}, {"precise", true}}, false);
  options.tombstones = section.boolean("tombstones", options.tombstones);
  options.binlog_base_name = section.text("binlog_base_name", "mysql-bin");
  return options;
}

// Parts of letters, digits and underscores between dots.
bool is_namespace(std::string_view text) {
  bool at_begin = true;
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_letter && (at_begin || (!is_digit && c != '.'))) return false;
    at_begin = c == '.';
  }
  return !at_begin;
}

encode::PlainAvroOptions read_avro(const Section& destination) {
  const Section section =
      destination.section("avro", {"namespace", "every_column_nullable", "time_of_day", "tombstones"});
  encode::PlainAvroOptions options;
  if (section.has("namespace")) {
    options.namespace_prefix = section.text("namespace");
    if (!is_namespace(options.namespace_prefix)) {
      section.bad("namespace", fmt::format("is {}; it is names of letters, digits and '_' between dots",
                                           quote(options.namespace_prefix)));
    }
  }
  options.every_column_nullable = section.boolean("every_column_nullable", options.every_column_nullable);
  options.time_of_day = section.boolean("time_of_day", options.time_of_day);
  options.tombstones = section.boolean("tombstones", options.tombstones);
  return options;
}

SchemaRegistry read_registry(const Section& destination, const std::filesystem::path& base_dir,
                             SubjectNaming& subjects) {
  const Section section = destination.section(
      "registry", {"urls", "subjects", "username", "password", "password_env", "password_file", "tls"});
  SchemaRegistry registry;
  if (!section.present()) return registry;
  section.require("urls");
  registry.urls = section.texts("urls");
  subjects = section.choice<SubjectNaming>("subjects",
                                           {{"topic", SubjectNaming::topic},
                                            {"record", SubjectNaming::record},
                                            {"topic_record", SubjectNaming::topic_record}},
                                           subjects);
  registry.credentials = read_credentials(section, "username", base_dir, section.has("username"));
  const Section tls = section.section("tls", {"ca", "cert", "key"});
  const auto file = [&](std::string_view key) {
    return tls.has(key) ? read_file_name(tls, key, base_dir) : std::string();
  };
  registry.ca = file("ca");
  registry.cert = file("cert");
  registry.key = file("key");
  if (tls.has("cert") != tls.has("key"))
    tls.bad(tls.has("cert") ? "cert" : "key", "needs its other half: give cert and key");
  return registry;
}

}  // namespace

void read_format(const Section& destination, const std::filesystem::path& base_dir, std::string_view task_name,
                 Destination& into) {
  encode::FormatOptions& options = into.format;
  options.format = destination.choice<Format>("format",
                                              {{"dts_avro", Format::dts_avro},
                                               {"canal_json", Format::canal_json},
                                               {"debezium_json", Format::debezium_json},
                                               {"avro", Format::plain_avro}},
                                              options.format);
  for (const Format format : {Format::canal_json, Format::debezium_json, Format::plain_avro}) {
    const std::string_view name = encode::to_string(format);
    if (destination.has(name) && options.format != format)
      destination.bad(name,
                      fmt::format("has the options of another format; `format` is {}", to_string(options.format)));
  }
  options.canal_json = read_canal(destination);
  options.debezium_json = read_debezium(destination, task_name);
  options.plain_avro = read_avro(destination);
  // A topic has records of several tables, each with a schema of its own.
  if (options.format == Format::plain_avro) options.subject_naming = SubjectNaming::topic_record;
  into.registry = read_registry(destination, base_dir, options.subject_naming);
  const bool is_avro = options.format == Format::plain_avro || options.format == Format::dts_avro;
  options.use_registry = !into.registry.urls.empty();
  if (options.use_registry && !is_avro)
    destination.bad("registry", "is of use with `format: avro` or `format: dts_avro`");
  if (options.format == Format::plain_avro) destination.require("registry");
}

base::Status Destination::require_bare_dts_avro(std::string_view command) const {
  if (format.format == Format::dts_avro && !format.use_registry) return {};
  return base::fail(base::ErrorCode::task_bad_value,
                    fmt::format("{} reads topics of `format: dts_avro` without a registry; this one has {}{}", command,
                                encode::to_string(format.format), format.use_registry ? " and a registry" : ""),
                    "destination.format");
}

}  // namespace tributary::task
