#include "task/spec.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "task/spec_reference.h"

namespace tributary::task {
namespace {

using base::ErrorCode;

constexpr std::string_view shop = R"(name: shop
source:
  engine: polardbx10
  host: 127.0.0.1
  port: 3307
  user: app
  password: front-secret
  storage:
    user: repl
    password: storage-secret
    addresses: {"rds-a.internal:3306": "127.0.0.1:13306"}
destination:
  engine: kafka
  brokers: 127.0.0.1:9092
  topic: shop
migration: [incremental, schema, full]
objects: {shop: all, crm: [customers, contacts]}
state_dir: ./state
)";

// The text with one part of it replaced; the part must be there.
std::string with(std::string_view part, std::string_view replacement, std::string_view text = shop) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string_view::npos) << part;
  return std::string(text).replace(at, part.size(), replacement);
}

base::Result<TaskSpec> parse(std::string_view text) { return parse_task(text, "shop.yaml", "/tasks"); }

struct Expected {
  ErrorCode code;
  std::string_view where;
  std::string_view what;  // a part of it
};

void expect_error(const std::string& text, const Expected& expected) {
  const auto spec = parse(text);
  ASSERT_FALSE(spec.has_value()) << text;
  EXPECT_EQ(spec.error().info().name, base::error_info(expected.code).name) << spec.error().message();
  EXPECT_EQ(spec.error().where, "shop.yaml:" + std::string(expected.where)) << spec.error().message();
  EXPECT_NE(spec.error().what.find(expected.what), std::string::npos) << spec.error().what;
}

TEST(TaskSpec, TheIssuesExampleIsReadWholeWithItsDefaults) {
  const auto spec = parse(shop);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->name, "shop");
  EXPECT_EQ(spec->source.engine, SourceEngine::polardbx10);
  EXPECT_EQ(spec->source.address.text(), "127.0.0.1:3307");
  EXPECT_EQ(spec->source.credentials.user, "app");
  EXPECT_EQ(spec->source.credentials.password.reveal(), "front-secret");
  EXPECT_EQ(spec->source.storage.credentials.password.reveal(), "storage-secret");
  EXPECT_EQ(spec->source.storage.addresses.at("rds-a.internal:3306").front().text(), "127.0.0.1:13306");
  EXPECT_EQ(spec->source.server_id, 0u) << "made for each instance";
  EXPECT_EQ(spec->destination.kafka.brokers, "127.0.0.1:9092");
  EXPECT_EQ(spec->destination.topic, "shop");
  EXPECT_TRUE(spec->destination.ddl_topic.empty());
  EXPECT_TRUE(spec->migration.schema && spec->migration.full && spec->migration.incremental);
  ASSERT_EQ(spec->objects.size(), 2u);
  EXPECT_TRUE(spec->objects[0].all);
  EXPECT_EQ(spec->objects[1].tables, (std::vector<std::string>{"customers", "contacts"}));
  EXPECT_EQ(spec->state_dir.lexically_normal(), "/tasks/state");
  EXPECT_EQ(spec->retry.connection_minutes, 720u);
  EXPECT_TRUE(spec->start.now);
}

TEST(TaskSpec, TheReferenceShownInHelpIsATask) {
  const auto spec = parse(task_file_reference());
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->destination.kafka.client.at("linger.ms"), "20");
}

TEST(TaskSpec, TheShardedReferenceShownInHelpIsASource) {
  const std::string rest(task_file_reference().substr(task_file_reference().find("destination:")));
  const auto spec = parse("name: s\n" + std::string(sharded_source_reference()) + rest);
  ASSERT_TRUE(spec) << spec.error().message();
  ASSERT_EQ(spec->source.shards.size(), 2u);
  EXPECT_EQ(spec->source.shards[0].credentials.user, "repl");
  EXPECT_EQ(spec->source.shards[1].credentials.user, "other");
  EXPECT_EQ(spec->source.databases[0].tables.at("orders"), (std::vector<std::string>{"orders_??"}));
  EXPECT_EQ(spec->source.databases[1].name, "crm") << "a database without a mapping lies under its own name";
  EXPECT_EQ(spec->source.databases[1].physical, std::vector<std::string>{"crm"});
}

TEST(TaskSpec, StorageWithoutItsOwnUserTakesTheFronts) {
  const auto spec = parse(with("    user: repl\n    password: storage-secret\n", ""));
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->source.storage.credentials.user, "app");
  EXPECT_EQ(spec->source.storage.credentials.password.reveal(), "front-secret");
}

TEST(TaskSpec, UnknownKeysNameTheirPlaceAndTheLikelyKey) {
  expect_error(with("  topic: shop", "  topci: shop"), {ErrorCode::task_unknown_key, "15:3", "did you mean `topic`?"});
  expect_error(with("state_dir", "state-dir"), {ErrorCode::task_unknown_key, "18:1", "did you mean `state_dir`?"});
  expect_error(with("    user: repl", "    usr: repl"),
               {ErrorCode::task_unknown_key, "9:5", "of source.storage, did you mean `user`?"});
  expect_error(std::string(shop) + "zebra: 1\n", {ErrorCode::task_unknown_key, "19:1", "its keys are name, source"});
}

TEST(TaskSpec, MissingKeysNameTheSectionTheyBelongTo) {
  expect_error(with("name: shop\n", ""), {ErrorCode::task_missing_key, "1:1", "`name`"});
  expect_error(with("  host: 127.0.0.1\n", ""), {ErrorCode::task_missing_key, "3:3", "`source.host`"});
  expect_error(with("  password: front-secret\n", ""), {ErrorCode::task_missing_key, "3:3", "`source.password`"});
  expect_error(with("  topic: shop\n", ""), {ErrorCode::task_missing_key, "13:3", "`destination.topic`"});
  expect_error(with("migration: [incremental, schema, full]\n", ""),
               {ErrorCode::task_missing_key, "1:1", "`migration`"});
  expect_error(with("objects: {shop: all, crm: [customers, contacts]}\n", ""),
               {ErrorCode::task_missing_key, "1:1", "`objects`"});
  expect_error("name: x\n", {ErrorCode::task_missing_key, "1:1", "`source`"});
}

TEST(TaskSpec, WrongTypesAreNamed) {
  expect_error(with("port: 3307", "port: high"),
               {ErrorCode::task_bad_value, "5:9", "must be a whole number from 1 to 65535"});
  expect_error(with("port: 3307", "port: \"3307\""), {ErrorCode::task_bad_value, "5:9", "must be a whole number"});
  expect_error(with("host: 127.0.0.1", "host: [a]"),
               {ErrorCode::task_bad_value, "4:9", "must be one text, not a list"});
  expect_error(with("host: 127.0.0.1", "host:"), {ErrorCode::task_bad_value, "4:3", "must be one text, not nothing"});
  expect_error(with("source:\n", "source: here\n", "name: x\nsource:\n"),
               {ErrorCode::task_bad_value, "2:9", "must be a map of keys, not text"});
  expect_error(with("objects: {shop: all, crm: [customers, contacts]}", "objects: [shop]"),
               {ErrorCode::task_bad_value, "17:10", "must be a map"});
  expect_error(with("shop: all", "shop: some"), {ErrorCode::task_bad_value, "17:17", "must be `all` or a list"});
  expect_error(std::string(shop) + "heartbeat: {enabled: maybe}\n",
               {ErrorCode::task_bad_value, "19:22", "must be true or false"});
}

TEST(TaskSpec, ValuesOutOfRangeAreNamedWithTheirRange) {
  expect_error(with("port: 3307", "port: 70000"),
               {ErrorCode::task_bad_value, "5:9", "is `70000`, allowed are 1 to 65535"});
  expect_error(with("port: 3307", "port: 99999999999999999999999"),
               {ErrorCode::task_bad_value, "5:9", "allowed are 1 to 65535"});
  expect_error(with("engine: polardbx10", "engine: polardbx"),
               {ErrorCode::task_bad_value, "3:11", "did you mean `polardbx10`?"});
  expect_error(with("[incremental, schema, full]", "[ful]"),
               {ErrorCode::task_bad_value, "16:12", "did you mean `full`?"});
  expect_error(with("name: shop", "name: \"a b\""), {ErrorCode::task_bad_value, "1:7", "letters, digits"});
  expect_error(with("  topic: shop", "  topic: a/b"), {ErrorCode::task_bad_value, "15:10", "a topic is"});
  expect_error(with("brokers: 127.0.0.1:9092", "brokers: 127.0.0.1"),
               {ErrorCode::task_bad_value, "14:12", "host:port"});
  expect_error(with("\"127.0.0.1:13306\"", "\"127.0.0.1:0\""), {ErrorCode::task_bad_value, "11:40", "1 to 65535"});
  expect_error(std::string(shop) + "retry: {connection_minutes: 9}\n",
               {ErrorCode::task_bad_value, "19:29", "10 to 1440"});
  expect_error(std::string(shop) + "retry: {connection_minutes: 20, other_minutes: 20}\n",
               {ErrorCode::task_bad_value, "19:48", "less than connection_minutes (20)"});
}

TEST(TaskSpec, DuplicatesAreNamedWithTheFirstPlace) {
  expect_error(std::string(shop) + "name: again\n", {ErrorCode::task_bad_value, "19:1", "first on line 1"});
  expect_error(with("[customers, contacts]", "[customers, customers]"),
               {ErrorCode::task_bad_value, "17:39", "names `customers` twice"});
  expect_error(with("[incremental, schema, full]", "[full, full]"),
               {ErrorCode::task_bad_value, "16:19", "names `full` twice"});
}

TEST(TaskSpec, KeysOfAnotherEngineAreRefused) {
  expect_error(with("engine: polardbx10", "engine: mysql"),
               {ErrorCode::task_bad_value, "9:5", "is not for engine mysql"});
  expect_error(with("  port: 3307\n", "  shards: []\n"),
               {ErrorCode::task_bad_value, "5:11", "is not for engine polardbx10"});
}

TEST(TaskSpec, KafkaSecurityNeedsItsCredentials) {
  expect_error(with("  topic: shop", "  topic: shop\n  security: scram-sha-256"),
               {ErrorCode::task_missing_key, "13:3", "`destination.username`"});
  expect_error(with("  topic: shop", "  topic: shop\n  username: u\n  password: p"),
               {ErrorCode::task_bad_value, "16:13", "needs `security"});
  const auto spec = parse(with("  topic: shop", "  topic: shop\n  security: plain\n  username: u\n  password: p"));
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->destination.kafka.security, KafkaSecurity::plain);
}

TEST(TaskSpec, ClientPropertiesThatWouldBreakDeliveryAreRefused) {
  expect_error(with("  topic: shop", "  topic: shop\n  client: {acks: 1}"),
               {ErrorCode::task_bad_value, "16:12", "is set by the task itself"});
}

TEST(TaskSpec, AStartPositionIsForIncrementalOnlyTasks) {
  const std::string start = "start: {position: {\"127.0.0.1:13306\": {file: mysql-bin.000012, offset: 4711}}}\n";
  expect_error(std::string(shop) + start, {ErrorCode::task_bad_value, "19:19", "incremental-only"});
  const auto spec = parse(with("[incremental, schema, full]", "[incremental]") + start);
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->start.positions.at("127.0.0.1:13306").binlog.text(), "mysql-bin.000012:4711");
  const auto gtid =
      parse(with("[incremental, schema, full]", "[incremental]") + "start: {position: {\"h:1\": {gtid: 0-1-270}}}\n");
  ASSERT_TRUE(gtid) << gtid.error().message();
  EXPECT_EQ(gtid->start.positions.at("h:1").gtid, "0-1-270");
  expect_error(with("[incremental, schema, full]", "[incremental]") + "start: {position: {\"h:1\": {gtid: what}}}\n",
               {ErrorCode::task_bad_value, "19:34", "no GTID set"});
}

TEST(TaskSpec, PasswordsComeFromTheEnvironmentOrAFile) {
  ::setenv("TRIBUTARY_TEST_PASSWORD", "from-env", 1);
  const auto env = parse(with("password: front-secret", "password_env: TRIBUTARY_TEST_PASSWORD"));
  ASSERT_TRUE(env) << env.error().message();
  EXPECT_EQ(env->source.credentials.password.reveal(), "from-env");
  ::unsetenv("TRIBUTARY_TEST_PASSWORD");
  expect_error(with("password: front-secret", "password_env: TRIBUTARY_TEST_PASSWORD"),
               {ErrorCode::task_secret_missing, "7:17", "`TRIBUTARY_TEST_PASSWORD` is not set"});
  expect_error(with("password: front-secret", "password_file: no/such"),
               {ErrorCode::task_secret_missing, "7:18", "/tasks/no/such"});
  expect_error(with("password: front-secret", "password: a\n  password_env: B"),
               {ErrorCode::task_bad_value, "8:17", "give one of the two"});

  const auto folder = std::filesystem::temp_directory_path() / ("tributary_spec_test_" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "secret") << "from-file\n";
  std::ofstream(folder / "shop.yaml") << with("password: front-secret", "password_file: secret");
  const auto file = load_task(folder / "shop.yaml");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->source.credentials.password.reveal(), "from-file");
  EXPECT_EQ(file->state_dir.lexically_normal(), folder / "state") << "relative to the task file's folder";
}

TEST(TaskSpec, SecretsAreShownNowhere) {
  const std::string text = with("  topic: shop",
                                "  topic: shop\n  security: plain\n  username: u\n  password: broker-secret\n  client: "
                                "{ssl.key.password: key-secret}");
  const auto spec = parse(text);
  ASSERT_TRUE(spec) << spec.error().message();
  std::ostringstream shown;
  shown << spec->canonical_yaml() << spec->identity() << spec->source.credentials.password;
  EXPECT_EQ(shown.str().find("-secret"), std::string::npos) << shown.str();
  const auto wrong = parse(with("password: front-secret", "password: [front-secret]"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message().find("front-secret"), std::string::npos);
}

TEST(TaskSpec, TheCanonicalFormReadsBackAsTheSameTask) {
  for (const std::string& text : {std::string(shop), std::string(task_file_reference())}) {
    const auto spec = parse(text);
    ASSERT_TRUE(spec) << spec.error().message();
    const auto again = parse(spec->canonical_yaml());
    ASSERT_TRUE(again) << again.error().message() << "\n" << spec->canonical_yaml();
    EXPECT_EQ(again->canonical_yaml(), spec->canonical_yaml());
    EXPECT_EQ(again->fingerprint(), spec->fingerprint());
  }
}

TEST(TaskSpec, TheFingerprintChangesWithWhatTheStateDependsOnAndWithNothingElse) {
  const std::string original = parse(shop)->fingerprint();
  for (const std::string& same :
       {with("front-secret", "other"), with("[customers, contacts]", "[contacts, customers]"),
        with("127.0.0.1:13306", "10.0.0.1:3306"), std::string(shop) + "tuning: {chunk_rows: 500}\n"}) {
    ASSERT_TRUE(parse(same)) << parse(same).error().message();
    EXPECT_EQ(parse(same)->fingerprint(), original) << same;
  }
  for (const std::string& other : {with("name: shop", "name: shop2"), with("host: 127.0.0.1", "host: 127.0.0.2"),
                                   with("topic: shop", "topic: shop2"), with("[customers, contacts]", "all"),
                                   with("[incremental, schema, full]", "[full]")}) {
    ASSERT_TRUE(parse(other)) << parse(other).error().message();
    EXPECT_NE(parse(other)->fingerprint(), original) << other;
  }
}

TEST(TaskSpec, AdditionalColumnsAreDtsSetOrNamesAndWhatTheyHold) {
  const auto plain = parse(shop);
  const auto dts = parse(with("state_dir:", "additional_columns: dts\nstate_dir:"));
  const auto own = parse(with("state_dir:", "additional_columns: {op: operation, \"an den\": position}\nstate_dir:"));
  ASSERT_TRUE(plain && dts && own);
  EXPECT_TRUE(plain->additional_columns.empty());
  EXPECT_EQ(dts->additional_columns.size(), 8u);
  EXPECT_EQ(dts->additional_columns[4].name, "dts_operation_flag");
  ASSERT_EQ(own->additional_columns.size(), 2u);
  EXPECT_EQ(own->additional_columns[1].name, "an den");
  EXPECT_EQ(own->additional_columns[1].holds, transform::Fact::position);
  EXPECT_EQ(dts->fingerprint(), plain->fingerprint()) << "it may change between runs, as a script may";
  for (const auto* spec : {&*dts, &*own}) {
    const auto again = parse(spec->canonical_yaml());
    ASSERT_TRUE(again.has_value()) << again.error().message() << spec->canonical_yaml();
    EXPECT_EQ(again->canonical_yaml(), spec->canonical_yaml());
    EXPECT_EQ(again->additional_columns.size(), spec->additional_columns.size());
  }
  const auto expect_bad = [](std::string_view value, std::string_view what) {
    const auto spec = parse(with("state_dir:", fmt::format("additional_columns: {}\nstate_dir:", value)));
    ASSERT_FALSE(spec.has_value()) << value;
    EXPECT_EQ(spec.error().code, ErrorCode::task_bad_value);
    EXPECT_NE(spec.error().what.find(what), std::string::npos) << spec.error().what;
  };
  expect_bad("all", "`dts` or a map");
  expect_bad("{}", "`dts` or a map");
  expect_bad("[operation]", "`dts` or a map");
  expect_bad("{op: operaton}", "did you mean `operation`?");
  expect_bad("{op: [operation]}", "must be one text");
  expect_bad("{op: operation, OP: time}", "one column");
  expect_bad("{\"\": time}", "1 to 64 characters");
  expect_bad("{" + std::string(65, 'x') + ": time}", "1 to 64 characters");
}

TEST(TaskSpec, RecordsOfTransactionsAreForDtsAvroAndPartOfWhatTheTaskIs) {
  const auto plain = parse(shop);
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->destination.transaction_records || plain->destination.heartbeat_records);
  for (const std::string key : {"transaction_records", "heartbeat_records"}) {
    const auto on = parse(with("  topic: shop\n", "  topic: shop\n  " + key + ": true\n"));
    ASSERT_TRUE(on) << on.error().message();
    EXPECT_NE(on->destination.transaction_records, on->destination.heartbeat_records);
    EXPECT_NE(on->fingerprint(), plain->fingerprint());
    EXPECT_NE(on->canonical_yaml().find(key + ": true"), std::string::npos);
    const auto off = parse(with("  topic: shop\n", "  topic: shop\n  " + key + ": false\n"));
    ASSERT_TRUE(off);
    EXPECT_EQ(off->fingerprint(), plain->fingerprint());
    for (const char* format : {"canal_json", "debezium_json"})
      expect_error(
          with("  topic: shop\n", fmt::format("  topic: shop\n  format: {}\n  {}: true\n", format, key)),
          {ErrorCode::task_bad_value, fmt::format("17:{}", key.size() + 5), "is of use with `format: dts_avro`"});
  }
}

TEST(TaskSpec, AFileThatCannotBeReadIsNamed) {
  const auto missing = load_task("/no/such/task.yaml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::task_file_unreadable);
  EXPECT_EQ(missing.error().where, "/no/such/task.yaml");
  const auto folder = load_task("/");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::task_file_unreadable);
}

constexpr std::string_view one_server = R"(name: one
source: {engine: mysql, hosts: ["db-a:3306", "db-b:3307"], user: u, password: p}
destination: {engine: kafka, brokers: "127.0.0.1:9092", topic: t}
migration: [incremental]
objects: {shop: all}
state_dir: ./state
)";

std::string one(std::string_view what, std::string_view instead) {
  std::string text(one_server);
  return text.replace(text.find(what), what.size(), instead);
}

TEST(TaskSpec, SeveralAddressesAreOneInstanceWithTheFirstOnesName) {
  const auto spec = parse(std::string(one_server));
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->source.address.text(), "db-a:3306");
  ASSERT_EQ(spec->source.others.size(), 1u);
  EXPECT_EQ(spec->source.others[0].text(), "db-b:3307");
  EXPECT_EQ(parse(spec->canonical_yaml())->canonical_yaml(), spec->canonical_yaml());
  const auto alone = parse(one("hosts: [\"db-a:3306\", \"db-b:3307\"]", "host: db-a"));
  ASSERT_TRUE(alone) << alone.error().message();
  EXPECT_EQ(alone->fingerprint(), spec->fingerprint()) << "addresses can be added to a task that has run";

  const auto storage = parse(with("\"127.0.0.1:13306\"", "[\"127.0.0.1:13306\", \"127.0.0.1:13307\"]"));
  ASSERT_TRUE(storage) << storage.error().message();
  EXPECT_EQ(storage->source.storage.addresses.at("rds-a.internal:3306").size(), 2u);
  EXPECT_EQ(parse(storage->canonical_yaml())->canonical_yaml(), storage->canonical_yaml());

  expect_error(one("hosts:", "host: db-a, hosts:"), {ErrorCode::task_bad_value, "2:31", "give one of the two"});
  expect_error(one("db-b:3307", "db-b"), {ErrorCode::task_bad_value, "2:32", "`db-b`"});
  expect_error(with("  host: 127.0.0.1\n", "  hosts: [\"127.0.0.1:1\"]\n"),
               {ErrorCode::task_bad_value, "4:10", "is not for engine polardbx10"});
}

TEST(TaskSpec, TlsIsVerifiedInFullWithAnAuthorityUnlessToldOtherwise) {
  const std::string file = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto tls = [&](std::string_view members) {
    return one("user: u", fmt::format("tls: {{{}}}, user: u", members));
  };
  const std::string with_ca = "ca: " + file;
  EXPECT_EQ(parse(tls("enabled: true"))->source.tls.verify, TlsVerify::none);
  EXPECT_EQ(parse(tls(with_ca))->source.tls.verify, TlsVerify::full);
  EXPECT_EQ(parse(tls(with_ca + ", verify: ca"))->source.tls.verify, TlsVerify::ca);
  EXPECT_EQ(parse(tls("verify: full"))->source.tls.verify, TlsVerify::full);
  const auto whole = parse(tls(with_ca + ", cert: " + file + ", key: " + file));
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(parse(whole->canonical_yaml())->canonical_yaml(), whole->canonical_yaml());
  expect_error(tls("verify: ca"), {ErrorCode::task_bad_value, "2:74", "no ca is given"});
  expect_error(tls("cert: " + file), {ErrorCode::task_bad_value, "2:72", "give cert and key"});
  expect_error(tls("verify: maybe"), {ErrorCode::task_bad_value, "2:74", "full"});
}

TEST(TaskSpec, TheTopologyIsReadAgainEveryMinuteUnlessToldOtherwise) {
  EXPECT_EQ(parse(shop)->topology.reread_seconds, 60u);
  EXPECT_EQ(parse(std::string(shop) + "topology: {reread_seconds: 0}\n")->topology.reread_seconds, 0u);
  expect_error(std::string(shop) + "topology: {reread_seconds: 90000}\n",
               {ErrorCode::task_bad_value, "19:28", "allowed are 0 to 86400"});
  expect_error(std::string(shop) + "topology: {reread: 5}\n", {ErrorCode::task_unknown_key, "19:12", "reread_seconds"});
}

TEST(Address, IsHostAndPort) {
  EXPECT_EQ(parse_address("[::1]:3306")->host, "::1");
  EXPECT_EQ(parse_address("[::1]:3306")->text(), "[::1]:3306");
  for (const std::string_view wrong :
       {"", "host", "host:", ":1", "host:0", "host:65536", "::1:3306", "a b:1", "h:1x"}) {
    EXPECT_FALSE(parse_address(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace tributary::task
