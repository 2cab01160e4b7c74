#pragma once

#include <string>

#include "base/json.h"
#include "cli/command.h"

namespace ittybit::cli {

/// `ittybit files`.
Command files_command();

/// Lines for people, newest first as they come: id, size, role, when and the end of the name, in
/// `columns`. `now` in Unix seconds tells today from other days.
std::string file_table(const json::array& files, int columns, std::int64_t now);

}  // namespace ittybit::cli
