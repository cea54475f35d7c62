// DDL: CREATE, DROP, TRUNCATE and ALTER TABLE, indexes local and global, carried out on every physical table.
// One DDL statement runs at a time over all clients.
#pragma once

#include "front/session.h"

namespace tributary::lab {

Answer<Outcome> run_define(Work& work, const Sql& sql);

}  // namespace tributary::lab
