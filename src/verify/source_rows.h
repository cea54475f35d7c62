// The source's rows, as the task's own encoder writes them, and where its logs end. Each chunk is read through a
// consistent view of its own; rows are borrowed until the next one, so memory does not grow with tables.
// Errors: the catalogue's source section, with the instance and the table in `where`. Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "encode/encoder.h"
#include "source/snapshot/lane.h"
#include "source/snapshot/view.h"
#include "source/topology/topology.h"
#include "transform/transformation.h"
#include "verify/image.h"

namespace tributary::verify {

class SourceRows {
 public:
  // rate: rows a second at most; 0: no limit.
  // Errors: those of the plans of the topology's tables.
  static base::Result<std::unique_ptr<SourceRows>> make(const source::Topology& topology,
                                                        const transform::Transformation& transformation,
                                                        std::uint64_t rate, base::CancelToken& cancel);

  // `row` is the row as an INIT record; the Kafka key is that of the record.
  struct Row {
    const RecordReader& record;
    std::string_view value;  // the whole record
    std::string_view key;    // Kafka's; empty: none
    bool is_left_out;        // the task does not send it as it is now; of the record only the key's columns count
  };
  using OnRow = std::function<base::Status(const Row&)>;

  // All rows of a logical table, each shard in chunks in the order of its key.
  base::Status read(std::uint32_t logical, const OnRow& on_row);
  // The rows with these identities (canonical values of the key's columns), in any order, and perhaps others that the
  // server takes for the same.
  base::Status fetch(std::uint32_t logical, const std::vector<std::string_view>& identities, const OnRow& on_row);
  base::Result<std::uint64_t> estimate(std::uint32_t logical);

  base::Result<source::LogEnd> log_end(std::uint32_t instance);
  base::Result<std::string> server_identity(std::uint32_t instance);
  // RecordReader::fields of the records that rows() gives for this table.
  std::string fields(std::uint32_t logical) const;
  const transform::TablePlan& plan(std::uint32_t logical) const { return plans_[logical]; }
  std::uint64_t rows_read() const { return rows_read_; }

 private:
  SourceRows(const source::Topology& topology, std::uint64_t rate, base::CancelToken& cancel);
  base::Result<mysql::Connection*> connection(std::uint32_t instance);
  const encode::RowEncoder& encoder(std::uint32_t logical);
  base::Status read_shard(const source::PhysicalTable& physical, const OnRow& on_row);
  base::Result<std::uint64_t> stream(mysql::Connection& connection, std::uint32_t logical, const std::string& sql,
                                     source::KeyBound* last, const OnRow& on_row);
  base::Status keep_rate();

  const source::Topology& topology_;
  std::vector<transform::TablePlan> plans_;  // by logical table
  std::vector<std::string> additional_columns_;
  const std::uint64_t rate_;
  base::CancelToken& cancel_;
  std::map<std::uint32_t, mysql::Connection> connections_;
  std::map<std::uint32_t, std::unique_ptr<encode::RowEncoder>> encoders_;
  std::map<std::uint32_t, std::string> positions_;  // by instance: where its log ended last
  std::uint64_t rows_read_ = 0, rows_in_second_ = 0;
  std::int64_t second_began_ms_ = 0;
};

// A condition that the stored value fulfils; others that the server takes for equal may too.
std::string key_condition(const model::Column& column, std::string_view& identity);

}  // namespace tributary::verify
