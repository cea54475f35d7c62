// What the user asks for: the task file as a checked value. every key is explained beside its member; names in the YAML
// are the members' names. Loading refuses unknown keys, wrong types, duplicates and values out of range with one error
// that names file:line:column; no bytes make it throw or crash. Passwords are resolved while loading and never printed.
//
//   name: shop
//   source: {engine: polardbx10, host: 127.0.0.1, port: 3306, user: app, password_env: APP_PASSWORD,
//            storage: {user: repl, password_file: repl.pass, addresses: {"rds-a.internal:3306": "127.0.0.1:13306"}}}
//   destination: {engine: kafka, brokers: "127.0.0.1:9092", topic: shop, ddl_topic: shop-ddl}
//   migration: [schema, full, incremental]
//   objects: {shop: all, crm: [customers, contacts]}
//   state_dir: ./state
//
// Threads: a value, immutable once loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "encode/formats.h"
#include "model/position.h"
#include "sink/topics.h"
#include "task/secret.h"
#include "transform/objects/rules.h"
#include "transform/transformation.h"

namespace tributary::task {

struct Address {
  std::string host;
  std::uint16_t port = 0;

  std::string text() const;  // host:port, [v6]:port
  auto operator<=>(const Address&) const = default;
};
// "host:port" or "[v6]:port"; the error's what says what is wrong with it.
base::Result<Address> parse_address(std::string_view text);

// user plus one of password, password_env (name of a variable), password_file (its content, one trailing newline cut).
struct Credentials {
  std::string user;
  Secret password;
};

// What is checked of the server's certificate: nothing, who signed it, or also that it names the host.
enum class TlsVerify : std::uint8_t { none, ca, full };
std::string_view to_string(TlsVerify verify);

// Files are PEM, absolute after loading.
struct Tls {
  bool enabled = false;
  std::string ca;                      // who signed the server's certificate; empty: the library's default
  TlsVerify verify = TlsVerify::none;  // source only; default full with a ca, else none
  std::string cert = {}, key = {};     // source only: the client's own
};

enum class SourceEngine : std::uint8_t { polardbx10, mysql, mysql_shards };
std::string_view to_string(SourceEngine engine);  // as written in the file: "mysql-shards"

// The RDS instances behind a PolarDB-X 1.0 front; without the section the front's own user and password are used.
struct Storage {
  Credentials credentials;
  // "host:port" as SHOW DATASOURCES names it -> where we reach it; several: see Source::others
  std::map<std::string, std::vector<Address>> addresses;
};

struct ShardServer {
  Address address;
  std::vector<Address> others;
  Credentials credentials;  // the source's unless the entry has its own
};

// mysql-shards only. Where a logical database lies:
//   databases:
//     shop:
//       physical: ["shop_*"]             # exact names or patterns, looked for on every server; default: the same name
//       tables: {orders: ["orders_??"]}  # optional; then these are the logical tables and no others
//       broadcast: [regions]             # optional: every shard holds a whole copy, the first one is read
// Patterns are fnmatch(3) without flags. They are resolved to exact names once, when the topology is read.
struct ShardedDatabase {
  std::string name;                                        // logical
  std::vector<std::string> physical;                       // never empty
  std::map<std::string, std::vector<std::string>> tables;  // logical -> physical; empty: every table under its own name
  std::vector<std::string> broadcast;                      // logical tables
};

struct Source {
  SourceEngine engine = SourceEngine::mysql;
  Address address;  // host and port (default 3306) of the front or the one server; empty for mysql-shards
  // hosts: ["a:3306", "b:3306"] in place of host and port: the first is `address` and the instance's name for good,
  // the others are tried after a failover, the writable one first. Not for polardbx10, where storage has them.
  std::vector<Address> others;
  Credentials credentials;      // user, password...
  Tls tls;                      // for the front, the storage instances and the shards alike
  std::uint32_t server_id = 0;  // replica id towards every instance; 0: made for each, 1'000'000'000 .. 1'999'999'999
  Storage storage;              // polardbx10
  std::vector<ShardServer> shards;         // mysql-shards
  std::vector<ShardedDatabase> databases;  // mysql-shards
};

enum class KafkaSecurity : std::uint8_t { plaintext, plain, scram_sha_256 };
std::string_view to_string(KafkaSecurity security);  // "scram-sha-256"

// What a Kafka client needs to log in; shared by the destination and by `tail`.
struct KafkaAccess {
  std::string brokers;  // host:port[,host:port...]
  KafkaSecurity security = KafkaSecurity::plaintext;
  Credentials credentials;  // username, password...; with plain and scram-sha-256
  Tls tls;
  std::map<std::string, std::string> client;  // librdkafka properties, passed on; none that the task itself decides
};

enum class Compression : std::uint8_t { none, lz4, zstd, snappy, gzip };
std::string_view to_string(Compression compression);

// Statements that change tables while a task runs: sent as DDL records, or not.
enum class Ddl : std::uint8_t { forward, ignore };
std::string_view to_string(Ddl ddl);

// Whether a consumer of committed records sees each one once, whatever happens; auto: a new task does it if the brokers
// can, a task begun before goes on as it began.
enum class Delivery : std::uint8_t { auto_, exactly_once, at_least_once };
std::string_view to_string(Delivery delivery);  // "auto"

// When transactions end: nothing more comes at the moment and the one before is idle_ms ago; load_ms are over.
struct Commit {
  std::uint32_t idle_ms = 10;    // 0 .. 60'000
  std::uint32_t load_ms = 1000;  // 10 .. 60'000, not less than idle_ms
};

// Which partition of the data topic a row's record goes to: see sink/partitioner.h.
enum class PartitionBy : std::uint8_t { zero, table, key };
std::string_view to_string(PartitionBy by);

// registry: {urls: ["http://127.0.0.1:8081"], subjects: topic | record | topic_record, username, password...,
//            tls: {ca, cert, key}}
// for `format: avro`, which needs it, and for `format: dts_avro`, whose records then stand behind a schema's id.
struct SchemaRegistry {
  std::vector<std::string> urls;  // empty: there is none
  Credentials credentials;        // username, password...
  std::string ca, cert, key;      // PEM files, absolute after loading
};

struct Destination {
  KafkaAccess kafka;
  std::string topic;
  std::string ddl_topic;  // empty: DDL goes with the rows
  // table_topics: "{database}.{table}", or {"shop.order_*": shop-orders, "crm.*": "crm.{table}"}
  sink::TopicRules table_topics;
  // format: dts_avro | canal_json | debezium_json | avro, its options in a section of the same name, and
  // registry.subjects
  encode::FormatOptions format;
  SchemaRegistry registry;
  PartitionBy partition_by = PartitionBy::zero;
  Ddl ddl = Ddl::forward;
  // BEGIN and COMMIT; HEARTBEAT. Of dts_avro only.
  bool transaction_records = false, heartbeat_records = false;
  std::uint32_t max_record_bytes = 10'485'760;  // 1'024 .. 1'000'000'000
  Compression compression = Compression::lz4;
  Delivery delivery = Delivery::auto_;
  std::string dead_letter_topic;                           // empty: a record that is too large stops the task
  std::string checkpoint_topic = "tributary-checkpoints";  // exactly once; compacted, made if it is missing
  Commit commit;
  bool ignores_conflicts = false;  // a new task goes on behind records of its tables that the topic holds already
  bool create_topics = false;      // create missing topics with the two numbers below
  std::uint32_t partitions = 1;    // 1 .. 10'000
  std::uint32_t replication = 1;   // 1 .. 32

  bool has_ddl_topic() const { return !ddl_topic.empty() && ddl_topic != topic; }
  // All to which rows of these tables go, by the names under which they leave.
  std::set<std::string> topics_of(const sink::Topics::Tables& tables) const;
  // For what reads the task's topic: task_bad_value if its records are others.
  base::Status require_bare_dts_avro(std::string_view command) const;
};

// migration: [schema, full, incremental], any order, at least one.
struct Migration {
  bool schema = false, full = false, incremental = false;
};

// Where the tables to carry are to be looked for. Databases that only patterns select are not in it.
struct ObjectSelection {
  std::string database;  // logical
  bool all = false;
  std::vector<std::string> tables;  // in the file's order; empty when all
};

struct Tuning {
  std::uint32_t snapshot_parallelism = 2;  // chunks read at the same time per instance, 1 .. 64
  std::uint32_t chunk_rows = 25'000;       // 100 .. 10'000'000
  std::uint32_t buffer_mb = 64;            // bytes in all queues of the task together, 4 .. 65'536
};

struct Heartbeat {
  bool enabled = true;               // one write per instance and interval to dts_health_check.ha_health_check
  std::uint32_t interval_ms = 1000;  // 100 .. 60'000
};

struct TopologyWatch {
  std::uint32_t reread_seconds = 60;  // 0 .. 86'400; 0: only when something unexpected is seen
};

struct Retry {
  std::uint32_t connection_minutes = 720;  // 10 .. 1'440: how long a lost source or broker is tried again
  std::uint32_t other_minutes = 10;        // 1 .. 1'440 and less than the above: how long other retriable errors are
};

// Where an incremental-only task starts on one instance: file and offset, or a GTID set.
struct StartPosition {
  model::BinlogPosition binlog;  // empty when gtid is given
  std::string gtid;              // as written; parses as model::GtidSet
};

// start: {position: now}, or {position: {"host:port": {file: mysql-bin.000012, offset: 4711}, "h2:3306": {gtid: ...}}}
struct Start {
  bool now = true;
  std::map<std::string, StartPosition> positions;  // by storage address, host:port
};

struct TaskSpec {
  std::string name;  // 1 .. 64 of letters, digits, '_', '-', '.'; it names the state, the replica and the producer
  Source source;
  Destination destination;
  Migration migration;
  // objects: {shop: all, crm: [customers], hr: {name: people, tables: {staff: {name: employees, columns: [id, name]}}}}
  // or objects: {db_list: '{...}'}, {db_list_file: objects.json}: docs/objects.md
  transform::ObjectList object_list;                                               // what is carried, under which names
  transform::Capitalization capitalization = transform::Capitalization::default_;  // names: {capitalization: lower}
  std::vector<ObjectSelection> objects;                                            // made of object_list
  // etl: {script: "...", tables: {shop.orders: "...", "crm.log_*": "..."}, on_error: stop | skip | null}: docs/etl.md
  transform::Scripts scripts;
  // additional_columns: dts, or {op: operation, changed_at: time, ...}: docs/additional-columns.md
  std::vector<transform::AdditionalColumn> additional_columns;
  std::filesystem::path state_dir;  // absolute or relative to the working directory; given relative to the task file
  Tuning tuning;
  Heartbeat heartbeat;
  TopologyWatch topology;
  Retry retry;
  Start start;

  // The list says no more than `objects`: no other names, columns, filters or operations.
  bool has_plain_objects() const;

  // What makes the task's state its own, one "key: value" a line: name, source addresses, objects, topics, migration.
  // Secrets, tuning and ways of reaching the same thing are not in it. Kept with the state, so that a mismatch can be
  // told.
  std::string identity() const;
  // 16 hex digits over identity().
  std::string fingerprint() const;
  // The task in full, defaults filled in, as YAML with secrets shown as ***.
  std::string canonical_yaml() const;
};

// Reads and checks a task file. Errors: task.file_unreadable, task.syntax, task.unknown_key, task.missing_key,
// task.bad_value, task.secret_missing; where is path:line:column.
base::Result<TaskSpec> load_task(const std::filesystem::path& path);
// The same for text at hand: file_name is for messages, relative paths start from base_dir.
base::Result<TaskSpec> parse_task(std::string_view text, std::string_view file_name,
                                  const std::filesystem::path& base_dir);

}  // namespace tributary::task
