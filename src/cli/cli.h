// The command line: parses it, runs the command, shows errors, gives the exit code (0 done or stopped, 1 internal or
// differences, 2 task file or usage, 3 source, 4 destination, 5 data, 130 stopped by force). What the commands do lies
// behind doors, so that this folder links without the data plane and tests bring their own.
#pragma once

#include <functional>

#include "base/cancel.h"
#include "base/error.h"
#include "task/binlog.h"
#include "task/etl.h"
#include "task/objects.h"
#include "task/run.h"
#include "task/schema_script.h"
#include "task/tail.h"
#include "task/topology.h"
#include "task/verify.h"

namespace tributary::cli {

struct Doors {
  std::function<base::Status(const task::TaskSpec&, const task::RunOptions&, base::CancelToken&,
                             const task::ProgressCallback&)>
      run;
  std::function<base::Result<task::TailSummary>(const task::TailOptions&, base::CancelToken&,
                                                const task::TailHandlers&)>
      tail;
  std::function<base::Result<task::BinlogSummary>(const task::BinlogOptions&, base::CancelToken&,
                                                  const task::BinlogHandlers&)>
      binlog;
  std::function<base::Result<task::TopologyView>(const task::TaskSpec&)> topology;
  std::function<base::Result<task::ObjectsView>(const task::TaskSpec&)> objects;
  std::function<base::Result<task::SchemaScriptSummary>(const task::SchemaScriptOptions&,
                                                        const std::function<bool(const task::SchemaStatement&)>&)>
      schema;
  std::function<base::Result<verify::Summary>(const task::TaskSpec&, const task::VerifyOptions&, base::CancelToken&,
                                              const verify::Handlers&)>
      verify;
  std::function<base::Result<std::vector<task::EtlTable>>(const task::TaskSpec&, const task::EtlOptions&)> check_etl;
  std::function<base::Status(const task::TaskSpec&, const task::EtlOptions&, base::CancelToken&,
                             const std::function<void(const task::EtlRow&)>&)>
      try_etl;
};

int run_cli(int argc, const char* const* argv, const Doors& doors);

}  // namespace tributary::cli
