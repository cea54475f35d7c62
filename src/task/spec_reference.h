// Every key of a task file in a commented example, for help texts and documentation; a test loads it. Threads: any.
#pragma once

#include <string_view>

namespace tributary::task {

std::string_view task_file_reference();       // a whole task, from PolarDB-X 1.0
std::string_view sharded_source_reference();  // the source section of an mysql-shards task

}  // namespace tributary::task
