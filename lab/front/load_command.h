// `tributary-lab load`: the sample database, its rows, and a seeded workload, all through the front.
//
//   tributary-lab load --lab D/lab.json | --dir D  [--rows N] [--rate R] [--seconds S] [--seed X] [--sample] [--json]
//
// Throws CLI::RuntimeError with the process's exit code from the command's callback when the load fails.
#pragma once

namespace CLI {
class App;
}

namespace tributary::lab {

void add_load_command(CLI::App& app);

}  // namespace tributary::lab
