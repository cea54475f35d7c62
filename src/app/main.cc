// The program: the command line in front, the data plane behind it.
#include "cli/cli.h"
#include "task/binlog.h"
#include "task/etl.h"
#include "task/objects.h"
#include "task/run.h"
#include "task/schema_script.h"
#include "task/tail.h"
#include "task/topology.h"
#include "task/verify.h"

int main(int argc, char** argv) {
  return tributary::cli::run_cli(argc, argv,
                                 {.run = tributary::task::run_task,
                                  .tail = tributary::task::tail,
                                  .binlog = tributary::task::walk_binlogs,
                                  .topology = tributary::task::view_topology,
                                  .objects = tributary::task::view_objects,
                                  .schema = tributary::task::run_schema_scripts,
                                  .verify = tributary::task::verify_task,
                                  .check_etl = tributary::task::check_etl,
                                  .try_etl = tributary::task::try_etl});
}
