#include <utility>

#include "app/service_commands.h"
#include "cli/command.h"
#include "cli/remote_commands.h"
#include "cli/validate_command.h"

/// Every command there is.
int main(int argc, char** argv) {
    auto commands = ittybit::cli::local_commands();
    for (auto& command : ittybit::cli::remote_commands()) commands.push_back(std::move(command));
    commands.push_back(ittybit::cli::validate_command());
    commands.push_back(ittybit::cli::connections_command());
    for (auto& command : ittybit::app::service_commands()) commands.push_back(std::move(command));
    return ittybit::cli::run(argc, argv, commands);
}
