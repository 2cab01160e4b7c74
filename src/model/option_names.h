#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/options.h"

namespace ittybit {

/// Whether some kind of work has an option of this name.
bool is_option(std::string_view name);

/// The kinds of work that have an option of this name; none where there is no such option.
std::vector<std::string> kinds_with(std::string_view name);

/// Takes what a kind does not have from its options and says of each whose option it is, or which
/// name is near.
void drop_strange_options(
    std::string_view kind, json::object& options, std::vector<OptionProblem>& problems
);

}  // namespace ittybit
