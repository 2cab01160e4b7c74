#include <algorithm>
#include <string>
#include <string_view>
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
std::string_view example(std::string_view name) {
    if (name == "sign_files") return "\"12h\"";
    return name == "keep_outputs" ? "\"30d\"" : "\"json\"";
}

/// Who does not heed it.
std::string_view exception(std::string_view name) {
    if (name == "listen")
        return "#   a worker listens where its flag --listen says, and nowhere else\n";
    const bool is_of_serve = std::ranges::find(kOfServeAlone, name) != kOfServeAlone.end();
    return is_of_serve ? "#   of serve alone\n" : "";
}

void print_settings() {
    for_each_setting([](const std::string& name, const auto& field, const auto& preset) {
        using Value = Unwrapped<std::decay_t<decltype(preset)>>;
        fmt::print("\n# {}\n", field.help);
        const auto value = to_json(preset);
        fmt::print("{}{}", choices<Value>(), exception(name));
        if (value.is_null()) {
            fmt::print("#   not set by default: an example\n#{} = {}\n", name, example(name));
        } else {
            fmt::print("#{} = {}\n", name, toml_text(value));
        }
    });
}

}  // namespace
}  // namespace ittybit::app

int main() {
    fmt::print(
        R"(# Settings of `ittybit serve` and `ittybit worker`: each as it is preset, or an example
# where nothing is. A flag (--max-queued) and a variable (ITTYBIT_MAX_QUEUED) go before a line here.
# `ittybit serve --config FILE --check` says what is in force. Made by `./dev generate` from
# src/app/settings.h.
)"
    );
    ittybit::app::print_settings();
    return 0;
}
