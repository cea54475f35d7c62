// INSERT and REPLACE: rows divided by their shard keys, numbers supplied, index rows written beside.
#pragma once

#include "front/session.h"

namespace tributary::lab {

// Writes outside a transaction to more than one shard are the caller's to wrap in one.
Answer<Outcome> run_insert(Work& work, const Sql& sql);

}  // namespace tributary::lab
