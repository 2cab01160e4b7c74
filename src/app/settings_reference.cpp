#include <string>
#include <type_traits>

#include <fmt/core.h>

#include "app/settings.h"
#include "app/toml.h"
#include "base/fields_json.h"
#include "base/unwrapped.h"

/// Prints docs/ittybit.toml: every setting with what it means and what is preset, from the table
/// that the program itself reads.
namespace ittybit::app {
namespace {

template <typename Value>
std::string choices() {
    std::string all;
    if constexpr (Named<Value>) {
        for (const auto& row : names(Value{})) {
            all += fmt::format("#   {}: {}\n", row.name, row.help);
        }
    }
    return all;
}

/// What a value that is preset to nothing may look like.
std::string example(std::string_view name) {
    if (name == "keep_outputs") return "\"30d\"";
    return name == "log_format" ? "\"json\"" : "\"\"";
}

void print_settings() {
    for_each_setting([](const std::string& name, const auto& field, const auto& preset) {
        using Value = Unwrapped<std::decay_t<decltype(preset)>>;
        fmt::print("\n# {}\n", field.help);
        const auto value = to_json(preset);
        const auto text = value.is_null() ? example(name) : toml_text(value);
        fmt::print("{}#{} = {}\n", choices<Value>(), name, text);
    });
}

}  // namespace
}  // namespace ittybit::app

int main() {
    fmt::print(
        "# Settings of `ittybit serve` and `ittybit worker`, each as it is preset. A flag "
        "(--max-queued)\n# and a variable (ITTYBIT_MAX_QUEUED) go before a line here. `ittybit "
        "serve "
        "--config FILE --check`\n# says what is in force. Made by `./dev generate` from "
        "src/app/settings.h.\n"
    );
    ittybit::app::print_settings();
    return 0;
}
