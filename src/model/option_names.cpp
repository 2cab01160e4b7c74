#include "model/option_names.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "model/order.h"

namespace ittybit {
namespace {

using Kinds = std::vector<std::string>;

/// Every option there is, and the kinds that have it.
const std::map<std::string, Kinds, std::less<>>& all_options() {
    static const auto all = [] {
        std::map<std::string, Kinds, std::less<>> options;
        for (const auto& kind : work_kinds()) {
            const auto schema = work_schema(kind);
            for (const auto& option : schema.at("properties").as_object()) {
                options[option.key()].push_back(kind);
            }
        }
        return options;
    }();
    return all;
}

std::string strange(std::string_view name, std::string_view kind) {
    if (const auto found = all_options().find(name); found != all_options().end()) {
        return fmt::format("{} is an option of {}, not of {}", name, join(found->second), kind);
    }
    std::vector<std::string_view> known;
    for (const auto& [option, kinds] : all_options()) {
        if (std::ranges::find(kinds, kind) != kinds.end()) known.push_back(option);
    }
    return fmt::format("{} is not an option of {}{}", name, kind, suggestion(name, known));
}

}  // namespace

bool is_option(std::string_view name) {
    return all_options().contains(name);
}

std::vector<std::string> kinds_with(std::string_view name) {
    const auto found = all_options().find(name);
    return found == all_options().end() ? Kinds() : found->second;
}

void drop_strange_options(
    std::string_view kind, json::object& options, std::vector<OptionProblem>& problems
) {
    for (auto& [name, value] : std::exchange(options, {})) {
        const auto found = all_options().find(std::string_view(name));
        const bool is_known = found != all_options().end() &&
                              std::ranges::find(found->second, kind) != found->second.end();
        if (is_known) {
            options[name] = value;
        } else {
            problems.push_back({ErrorKind::kInvalidOptions, name, strange(name, kind)});
        }
    }
}

}  // namespace ittybit
