// UPDATE and DELETE. An UPDATE of a shard key becomes SELECT .. FOR UPDATE, DELETE and INSERT for the rows that move.
#pragma once

#include "front/session.h"

namespace tributary::lab {

Answer<Outcome> run_update(Work& work, const Sql& sql);
Answer<Outcome> run_delete(Work& work, const Sql& sql);

// Does the write touch more than one shard, or more tables than its own? Then it needs a transaction.
bool needs_transaction(const Work& work, const Sql& sql);

}  // namespace tributary::lab
