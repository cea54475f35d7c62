// From changes and statements to records at the end of a batch: key, value, topic and partition. Threads: functions
// without state.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "encode/encoder.h"
#include "model/record.h"
#include "pipeline/config.h"
#include "pipeline/table_set.h"
#include "sink/router.h"

namespace tributary::pipeline {

// The images are in the order of table.schema's columns; see RowEncoder::encode() for which are looked at.
// Behind a DELETE follows its tombstone where the format has one.
base::Status append_row(const SubtaskTable& table, const sink::Router& router, model::Operation operation,
                        const encode::ChangeHeader& header, std::span<const model::Value> before,
                        std::span<const model::Value> after, model::RecordBatch& batch);

struct DdlText {
  std::string_view database, table;  // as they leave; the first one that the statement names
  std::string_view text;
  std::string_view server_version;
};
base::Status append_ddl(const Config& config, const DdlText& statement, const sink::Router& router,
                        const encode::ChangeHeader& header, model::RecordBatch& batch);

}  // namespace tributary::pipeline
