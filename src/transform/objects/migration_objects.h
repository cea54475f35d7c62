// DTS's older format of a list of objects: an array, one entry a database. Not for other folders. Threads: a function.
#pragma once

#include "transform/objects/object_list.h"

namespace tributary::transform {

base::Result<ObjectList> read_migration_objects(const Json& root);

}  // namespace tributary::transform
