// SHOW CREATE TABLE as the product prints it, from the DDL of a physical table.
// Threads: pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "front/catalogue.h"

namespace tributary::lab {

std::string logical_create_table(const TableDef& table, const std::vector<TablePtr>& indexes,
                                 std::string_view physical);

}  // namespace tributary::lab
