// Canal JSON: the flat message of Alibaba's Canal (com.alibaba.otter.canal.protocol.FlatMessage), one row a message,
// its members in the order in which Canal writes them. Values are strings or null. What differs from Canal, and why,
// stands in docs/formats.md. Errors and threads: as RowEncoder.
#pragma once

#include <memory>

#include "encode/encoder.h"

namespace tributary::encode {

struct CanalJsonOptions {
  // Canal writes the number of an ENUM's label and a SET's bits; true: the labels' text.
  bool labels_as_text = false;
  // TIMESTAMP is written in a time zone, which with Canal is that of its machine.
  std::int32_t time_zone_offset_s = 0;
};

std::unique_ptr<RowEncoder> make_canal_json_encoder(model::TableSchemaPtr schema, const CanalJsonOptions& options);

// Appends the message of a statement on a table; `table` may be empty.
void encode_canal_ddl(const ChangeHeader& header, std::string_view database, std::string_view table,
                      std::string_view statement, base::Buffer& out);

// The type Canal gives a statement: CREATE, ALTER, ERASE, TRUNCATE, RENAME, CINDEX, DINDEX, QUERY.
std::string_view canal_statement_type(std::string_view statement);

}  // namespace tributary::encode
