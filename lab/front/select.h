// SELECT through the front: to one physical table as it stands, or to many with the results merged (COUNT, SUM, MIN and
// MAX, GROUP BY, DISTINCT, ORDER BY, LIMIT). Order follows the columns' collations; groups and DISTINCT of several
// shards compare by bytes, so texts that only a collation calls equal stay apart. Joins only where every table is on
// the one shard asked.
#pragma once

#include "front/session.h"

namespace tributary::lab {

// `references` as table_references(sql) gave them, not empty, none of a system schema.
Answer<Outcome> run_select(Work& work, const Sql& sql);

}  // namespace tributary::lab
