// What the task file says of record formats and of the schema registry.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "task/spec.h"

namespace tributary::task {
namespace {

using base::ErrorCode;
using encode::Format;

std::string task(std::string_view more) {
  return fmt::format(
      "name: shop\n"
      "source: {{engine: mysql, host: 127.0.0.1, user: app, password: p}}\n"
      "destination:\n  engine: kafka\n  brokers: 127.0.0.1:9092\n  topic: shop\n{}"
      "migration: [full]\nobjects: {{shop: all}}\nstate_dir: ./state\n",
      more);
}

base::Result<TaskSpec> parse(std::string_view more) { return parse_task(task(more), "shop.yaml", "/tasks"); }

TEST(TaskFormat, DtsAvroIsTheDefaultAndLeavesTheFingerprintAsItWas) {
  const auto spec = parse("");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->destination.format.format, Format::dts_avro);
  EXPECT_FALSE(spec->destination.format.use_registry);
  EXPECT_EQ(parse("  format: dts_avro\n")->fingerprint(), spec->fingerprint());
}

TEST(TaskFormat, OptionsAreReadFromTheSectionOfTheFormat) {
  auto spec = parse("  format: canal_json\n  canal_json: {labels_as_text: true, time_zone: \"-03:30\"}\n");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_TRUE(spec->destination.format.canal_json.labels_as_text);
  EXPECT_EQ(spec->destination.format.canal_json.time_zone_offset_s, -12600);

  spec = parse(
      "  format: debezium_json\n  debezium_json: {schema: true, decimals: string, unsigned_bigint: precise, "
      "tombstones: "
      "false}\n");
  ASSERT_TRUE(spec) << spec.error().message();
  const encode::DebeziumJsonOptions& debezium = spec->destination.format.debezium_json;
  EXPECT_TRUE(debezium.with_schema && debezium.unsigned_bigint_precise && !debezium.tombstones);
  EXPECT_EQ(debezium.decimals, encode::DebeziumJsonOptions::Decimals::text);
  EXPECT_EQ(debezium.topic_prefix, "shop") << "the task's name";

  spec = parse(
      "  format: avro\n  avro: {namespace: com.example, every_column_nullable: true}\n"
      "  registry: {urls: [\"http://a:1\", \"http://b:2\"], username: me, password: secret}\n");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->destination.format.plain_avro.namespace_prefix, "com.example");
  EXPECT_EQ(spec->destination.format.subject_naming, encode::SubjectNaming::topic_record);
  EXPECT_EQ(spec->destination.registry.urls, (std::vector<std::string>{"http://a:1", "http://b:2"}));
  EXPECT_EQ(spec->destination.registry.credentials.password.reveal(), "secret");
  EXPECT_EQ(spec->canonical_yaml().find("secret"), std::string::npos);
}

TEST(TaskFormat, TheCanonicalFormReadsBackAsTheSameTask) {
  for (const char* more :
       {"  format: canal_json\n  canal_json: {time_zone: \"+08:00\"}\n",
        "  format: canal_json\n  canal_json: {time_zone: \"-00:30\"}\n",
        "  format: debezium_json\n  debezium_json: {decimals: double, topic_prefix: other}\n",
        "  format: avro\n  avro: {time_of_day: true}\n  registry: {urls: [\"http://a:1\"], subjects: record}\n",
        "  registry: {urls: [\"http://a:1\"]}\n"}) {
    const auto spec = parse(more);
    ASSERT_TRUE(spec) << spec.error().message();
    const auto again = parse_task(spec->canonical_yaml(), "canonical", "/");
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->canonical_yaml(), spec->canonical_yaml());
    EXPECT_EQ(again->fingerprint(), spec->fingerprint());
  }
}

TEST(TaskFormat, AnotherFormatIsAnotherTaskAndAnotherRegistryIsNot) {
  const std::string first = parse("  format: debezium_json\n")->fingerprint();
  EXPECT_NE(first, parse("")->fingerprint());
  EXPECT_NE(first, parse("  format: debezium_json\n  debezium_json: {schema: true}\n")->fingerprint());
  EXPECT_NE(parse("  registry: {urls: [\"http://a:1\"]}\n")->fingerprint(), parse("")->fingerprint());
  EXPECT_EQ(parse("  registry: {urls: [\"http://a:1\"]}\n")->fingerprint(),
            parse("  registry: {urls: [\"http://b:1\"], username: me, password: p}\n")->fingerprint());
}

TEST(TaskFormat, WhatDoesNotFitIsRefusedWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"  format: protobuf\n", "7:11"},
      {"  canal_json: {labels_as_text: true}\n", "7:15"},
      {"  format: canal_json\n  canal_json: {time_zone: Asia/Shanghai}\n", "8:27"},
      {"  format: canal_json\n  canal_json: {time_zone: \"+15:00\"}\n", "8:27"},
      {"  format: debezium_json\n  debezium_json: {decimals: float}\n", "8:29"},
      {"  format: debezium_json\n  registry: {urls: [\"http://a\"]}\n", "8:13"},
      {"  format: avro\n  avro: {namespace: 9lives}\n  registry: {urls: [\"http://a\"]}\n", "8:21"}};
  for (const auto& [more, where] : cases) {
    const auto spec = parse(more);
    ASSERT_FALSE(spec.has_value()) << more;
    EXPECT_EQ(spec.error().where, std::string("shop.yaml:") + where) << spec.error().message();
  }
  const auto spec = parse("  format: avro\n");
  ASSERT_FALSE(spec.has_value());
  EXPECT_NE(spec.error().what.find("registry"), std::string::npos) << spec.error().message();
}

}  // namespace
}  // namespace tributary::task
