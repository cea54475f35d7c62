// `tributary-lab compare`: is the topic, folded, what the source holds? Exit code 0: yes, 5: no, others as everywhere.
#pragma once

namespace CLI {
class App;
}

namespace tributary::lab {

void add_compare_command(CLI::App& app);

}  // namespace tributary::lab
