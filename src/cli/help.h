// The longer help texts: examples, exit codes, the task file. Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace tributary::cli {

std::string version_text();
std::string_view main_footer();
std::string run_footer();
std::string_view tail_footer();
std::string_view binlog_footer();
std::string_view schema_footer();
std::string_view topology_footer();
std::string_view objects_footer();
std::string_view verify_footer();
std::string_view etl_footer();

}  // namespace tributary::cli
