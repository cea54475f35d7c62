// Statements of the lab's own that stage what happens to a sharded database in operation; the product has none of them.
//
//   LAB MOVE SHARD n TO STORAGE m       the physical database is copied whole, then switched; the old copy stays,
//   silent LAB CLEAN SHARD n ON STORAGE m      drops an old copy LAB ADD SHARD TO t IN n             one more physical
//   table; rows get there by hint only: /*+TDDL:node(n)*/ LAB DROP SHARDS OF t                takes those away again
//   LAB RENAME GROUP n TO 'name'
//   LAB SUSPEND GROUP n | LAB RESUME GROUP n               its datasource has write weight 0
//   LAB DATASOURCE n ON STORAGE m DATABASE 'd' WEIGHT w    one more row of SHOW DATASOURCES for the group of shard n
//   LAB LIST TABLE 't' | LAB LIST VIEW 'v'                 SHOW TABLES lists it, SHOW TOPOLOGY knows nothing of it
//   LAB CLEAR                                              the extra rows and names of the last two go away
//
// Shards and storages are counted from 0. MOVE waits until no client is in a transaction.
// Threads: the session's.
#pragma once

#include "front/session.h"

namespace tributary::lab {

Answer<Outcome> run_stage(Work& work, const Sql& sql);

}  // namespace tributary::lab
