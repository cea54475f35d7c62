// SHOW and DESC: the product's own commands from the catalogue, the others from shard 0.
// Column names follow spec/polardbx1.md of the project's shared notes (public DRDS documentation, kernel 5.4.12).
#pragma once

#include "front/session.h"

namespace tributary::lab {

Answer<Outcome> run_show(Work& work, const Sql& sql, const std::string& user);
// DESC t, CHECK TABLE t.
Answer<Outcome> run_describe(Work& work, const Sql& sql);
Answer<Outcome> run_check_table(Work& work, const Sql& sql);

// SQL's LIKE without collation: % and _, \ escapes, letters equal in any case.
bool like(std::string_view text, std::string_view pattern);

}  // namespace tributary::lab
