#include "task/spec_reference.h"

namespace tributary::task {

std::string_view task_file_reference() {
  return R"yaml(name: shop                          # names the task, its state and its producer
source:
  engine: polardbx10                # polardbx10 | mysql (one server) | mysql-shards (a list of servers)
  host: 127.0.0.1
  port: 3306
  user: app
  password: secret                  # or password_env: NAME, or password_file: PATH (from the task file's folder)
  tls: {enabled: false}             # ca, cert, key: PEM files; verify: full (default with a ca) | ca | none
  server_id: 1234567                # of the replica we are; default: made from task and instance
  storage:                          # polardbx10: the RDS instances behind it; default: the user and password above
    user: repl
    password: secret
    addresses: {"rds-a.internal:3306": "127.0.0.1:13306"}   # what SHOW DATASOURCES names: how it is reached; a list
                                    # of addresses is one instance, which the writable one of them serves
destination:
  engine: kafka
  brokers: 127.0.0.1:9092           # host:port[,host:port...]
  topic: shop
  ddl_topic: shop-ddl               # default: DDL records go with the rows
# table_topics: "{database}.{table}"   # a topic for each table; or by pattern, the first that fits: {"crm.*": "crm.{table}"}
  format: dts_avro                  # dts_avro | canal_json | debezium_json | avro (docs/formats.md), options by its name:
# canal_json: {labels_as_text: false, time_zone: "+00:00"}
# debezium_json: {schema: false, topic_prefix: shop, decimals: precise, unsigned_bigint: long, tombstones: true}
# avro: {namespace: com.example, every_column_nullable: false, time_of_day: false, tombstones: false}
# registry: {urls: ["http://127.0.0.1:8081"], subjects: topic_record}   # for avro and dts_avro; username, password..., tls
  partition_by: zero                # zero | table | key: which partition of the topic a row goes to (hashes as DTS has them)
  ddl: forward                      # forward | ignore: statements that change tables, once their shards have passed them
  transaction_records: false        # true: a BEGIN and a COMMIT record around the rows of each transaction (dts_avro)
  heartbeat_records: false          # true: a HEARTBEAT record for each heartbeat of an instance (dts_avro)
  security: plaintext               # plaintext | plain | scram-sha-256, the latter two with:
# username: app
# password: secret                  # or password_env, password_file
  tls: {enabled: false}             # ca: PEM file
  max_record_bytes: 10485760
  dead_letter_topic: shop-too-large # rows that the topic is too small for go there; default: they stop the task
  compression: lz4                  # none | lz4 | zstd | snappy | gzip
  delivery: auto                    # exactly_once | at_least_once | auto: once if the brokers can; as the task began
  checkpoint_topic: tributary-checkpoints   # exactly_once: compacted, made if it is missing; for all tasks
  commit: {idle_ms: 10, load_ms: 1000}      # exactly_once: a transaction ends when nothing more comes, or is this old
  conflicting_tables: report        # report | ignore: what becomes of a new task if the topic holds records of its tables
  create_topics: true               # default false: a missing topic is an error
  partitions: 1                     # of topics created
  replication: 1
  client: {linger.ms: 20}           # librdkafka properties
migration: [schema, full, incremental]
objects:                            # databases: all tables, some, or a map; see docs/objects.md
  shop: all
  crm: [customers, contacts]
  hr:
    name: people                    # the target's name; default: the source's, as names.capitalization says
    tables:                         # with all: true also those that are not listed
      staff: {name: employees, columns: {id: id, full_name: name}, where: "id > 10", dml: [insert, update]}
      "regex:log_(\\d+)": {name: "logs_{1}"}   # or "glob:log_*"
    exclude: [tmp]
# objects: {db_list_file: objects.json}   # in place of it a DbList of DTS; or db_list: '{"shop": {"all": true}}'
names: {capitalization: default}    # default and source: as at the source | upper | lower
etl:                                # changes rows on their way; see docs/etl.md
  script: "e_set(`phone`, str_mask(`phone`, 3, 6, '*'))"   # of all tables but those named here:
  tables: {shop.orders: "e_keep(op_gt(`amount`, 100))", "shop.log_*": ""}   # "": none
  on_error: stop                    # stop | skip | null: what becomes of a row on which a script fails
additional_columns: dts             # behind each table's own, DTS's set; or names of your own and what they hold:
# additional_columns: {op: operation, changed_at: time, at: position, shard: instance}   # docs/additional-columns.md
state_dir: ./state                  # from the task file's folder
tuning:
  snapshot_parallelism: 2           # chunks read at the same time per instance
  chunk_rows: 25000
  buffer_mb: 64                     # memory for all queues together
heartbeat: {enabled: true, interval_ms: 1000}
topology: {reread_seconds: 60}      # how often it is looked at whether shards have moved; 0: only on suspicion
retry: {connection_minutes: 720, other_minutes: 10}
start: {position: now}              # incremental only: now, or a place for each instance, by file or by GTID set:
# position: {"10.0.0.1:3306": {file: mysql-bin.000012, offset: 4711}, "10.0.0.2:3306": {gtid: "0-1-4711"}}
)yaml";
}

std::string_view sharded_source_reference() {
  return R"yaml(source:
  engine: mysql-shards
  user: repl                        # for the servers that name no user of their own
  password: secret
  shards:
    - {host: 10.0.0.1, port: 3306}  # or hosts: ["10.0.0.1:3306", "10.0.1.1:3306"], where failover leads (mysql too)
    - {host: 10.0.0.2, port: 3306, user: other, password: secret}
  databases:
    shop:                           # a logical database
      physical: ["shop_*"]          # its physical databases: exact names or fnmatch patterns; default: the same name
      tables: {orders: ["orders_??"], regions: [regions]}   # logical table: physical ones; default: all, same names
      broadcast: [regions]          # whole copies on every shard: the first is read
)yaml";
}

}  // namespace tributary::task
