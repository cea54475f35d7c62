// `tributary-lab up`, in the foreground or as a supervisor of its own, and the commands that talk to a running lab.
// Each returns the process's exit code and says what went wrong on standard error.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lab/up_supervisor.h"

namespace tributary::lab {

int up(UpOptions options, bool detach);
int down(const std::string& dir);
int show_status(const std::string& dir, bool as_json);
// action: start, stop, restart
int change_server(const std::string& dir, const std::string& action, int instance, bool kill);
int change_kafka(const std::string& dir, const std::string& action, bool kill);
int change_topic(const std::string& dir, const std::string& action, const std::string& name, int partitions,
                 const std::vector<std::string>& config);

}  // namespace tributary::lab
