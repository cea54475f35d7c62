#include "cli/help.h"

#include <fmt/format.h>

#include "task/spec_reference.h"

namespace tributary::cli {
namespace {

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("  {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::string version_text() { return "tributary " TRIBUTARY_VERSION; }

std::string_view main_footer() {
  return R"(Examples:
  tributary run shop.yaml
  tributary tail shop.yaml --until end
  tributary binlog mysql-bin.000007
  tributary topology shop.yaml

Exit codes: 0 done or stopped, 1 internal, 2 task file or usage, 3 source, 4 destination, 5 data, 130 stopped by force.
`tributary COMMAND --help` tells more; `tributary run --help` shows the task file.)";
}

std::string run_footer() {
  return fmt::format(R"(Examples:
  tributary run shop.yaml                       schema, rows and changes, until Ctrl-C; started again, it goes on
  tributary run shop.yaml --until caught-up     ends when the topic holds what the source held
  tributary run shop.yaml --json                for machines
  tributary run shop.yaml --accept-topology     goes on after shards have moved or tables came or went
  tributary run shop.yaml --check               is the task file well-formed?

The first Ctrl-C (or SIGTERM) stops cleanly, a second one at once.
Exit codes: 0 done or stopped, 2 task file, 3 source, 4 destination, 5 data, 1 internal, 130 stopped by force.

The task file:
{}
The source of mysql-shards:
{})",
                     indented(task::task_file_reference()), indented(task::sharded_source_reference()));
}

std::string_view tail_footer() {
  return R"(Examples:
  tributary tail shop.yaml                                          everything, then what comes
  tributary tail shop.yaml --from end --table shop.orders           new changes of one table
  tributary tail --brokers 127.0.0.1:9092 --topic shop --until end --json
  tributary tail shop.yaml --from 2026-11-22T14:00:00Z --op DELETE --limit 10

In JSON every value is text or null: binary as hex, times in UTC; a column that stands twice in a record stands twice.
Messages that are no DTS Avro records are named on standard error (as objects with --json), and the exit code is 5.)";
}

std::string_view binlog_footer() {
  return R"(Examples:
  tributary binlog mysql-bin.000007                                 every event and row
  tributary binlog mysql-bin.000007 --table shop.orders --from 154  changes of one table, from a position on
  tributary binlog mysql-bin.00000* --statistics                    which tables change most
  tributary binlog --verify --keep-going /backup/mysql-bin.*        are the files whole?
  zstd -dc mysql-bin.000007.zst | tributary binlog - --json | jq 'select(.rows) | .rows[]'

Column names come from binlog_row_metadata=FULL or from CREATE and ALTER statements in the files; columns nobody names
are c1, c2, ... Values are text: times in UTC, binary as 0x and hex, BIT as a number, ENUM and SET as labels where they
are known. A damaged file is printed up to the damage, which is named as file:position.
Exit codes: 0 all read, 1 a file is damaged or can't be read, 2 usage, 130 interrupted.)";
}

std::string_view schema_footer() {
  return R"(Examples:
  tributary schema migrations/*.sql                           what a MySQL 8.0 server would make of them
  mysqldump --no-data shop | tributary schema - --json
  tributary schema dump.sql --dialect mariadb --server-version 10.11.6
  tributary schema old.sql --server-version 5.6.24 --database shop

Files hold statements as for the mysql client, DELIMITER too; USE and SET move the session. Each statement is applied, has
no layout change, or is not understood (a statement the server would refuse too). At the end stand all tables.
Exit codes: 0 every statement was placed, 6 one was not understood, 2 usage or a file that can't be read.)";
}

std::string_view topology_footer() {
  return R"(Examples:
  tributary topology shop.yaml            instances, tables with their kind and shards, what is left out and why
  tributary topology shop.yaml --json

For a task that has run it also shows what differs from what the task knows. A running task that notices a difference
stops with source.topology_changed. When the change is finished and meant, `tributary run --accept-topology shop.yaml`
goes on without loss; the former copies of shards that moved have to stay until it has begun to.)";
}

std::string_view etl_footer() {
  return R"text(Examples:
  tributary etl check shop.yaml                    each table with a script: does it fit, what does it change and add
  tributary etl try shop.yaml                      sample rows of the source, before and after side by side
  tributary etl try shop.yaml --table shop.orders --script "e_set(`phone`, str_mask(`phone`, 3, 6, '*'))"
  tributary etl try shop.yaml --op delete --rows 1 --json
  tributary etl functions                          what scripts can call

Both only read. The language is described in docs/etl.md. Exit code of `check`: 0 if all scripts fit, else that of the
first error; of `try`: 1 if the script fails on a row.)text";
}

std::string_view objects_footer() {
  return R"(Examples:
  tributary objects shop.yaml                       tables, their names at the destination, what is not carried and why
  tributary objects shop.yaml --db-list             the same list as DTS's DbList, without asking the source

The source is read as it is now; nothing is written. Names that are missing, two objects with one name and key columns
that are not selected end it as they would end a start.)";
}

std::string_view verify_footer() {
  return R"(Examples:
  tributary verify shop.yaml                          every row, also while `tributary run shop.yaml` is at work
  tributary verify shop.yaml --sample 10 --rate 5000  a tenth of the rows, gently
  tributary verify shop.yaml --table shop.orders --json
  tributary verify shop.yaml --repair                 with the task stopped: what differs is sent anew

The topic is folded into the last state of each row, under state_dir/verify; the next verify goes on from there. Rows that
differ are looked at again until they are sure to: while the task runs, once it has delivered what the log held then.
Exit codes: 0 equal, 1 source and topic differ, 2 task file or its state, 3 source, 4 destination, 130 interrupted.)";
}

}  // namespace tributary::cli
