#include <cmath>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/fields.h"
#include "base/json.h"
#include "base/unwrapped.h"
#include "model/error_kinds.h"
#include "model/operation.h"

/// Prints docs/options.md: the options of every kind and every kind of error, from the tables that
/// the program itself reads. `./dev generate` writes the file, CI compares it.
namespace ittybit {
namespace {

/// `1` to `8192`, the words of an enum, the members of an object, or nothing to say; of a list,
/// what each of it may be.
template <typename Value, typename Row>
std::string allowed(const Row& field) {
    if constexpr (kIsList<Value>) {
        return allowed<typename Value::value_type>(field);
    } else if constexpr (Named<Value>) {
        std::string words;
        for (const auto& row : names(Value{})) {
            if (row.name != name_of(row.value)) continue;  // another spelling
            if (!words.empty()) words += ' ';
            words += fmt::format("`{}`", row.name);
        }
        return words;
    } else if constexpr (Described<Value>) {
        std::string words;
        for_each_field<Value>([&](const auto& member) {
            words += fmt::format("{}`{}`", words.empty() ? "" : " ", member.name);
        });
        return words;
    } else {
        const bool is_bounded = std::isfinite(field.min) && std::isfinite(field.max);
        return is_bounded ? fmt::format("{:.15g}–{:.15g}", field.min, field.max) : "";
    }
}

template <typename T, typename Row>
std::string default_of(const Row& field) {
    using Value = std::decay_t<decltype(std::declval<T>().*field.member)>;
    if (field.is_required) return "required";
    if constexpr (kIsOptional<Value> || kIsList<Value>) {
        return "";
    } else if constexpr (Named<Value>) {
        return fmt::format("`{}`", name_of(T{}.*field.member));
    } else if constexpr (requires(const Value& value) { value.to_json_value(); }) {
        return fmt::format("`{}`", compact_json((T{}.*field.member).to_json_value()));
    } else {
        return fmt::format("`{}`", T{}.*field.member);
    }
}

template <typename T>
void print_options() {
    fmt::print("| option | allowed | default | meaning |\n| --- | --- | --- | --- |\n");
    for_each_field<T>([](const auto& field) {
        using Value = std::decay_t<decltype(std::declval<T>().*field.member)>;
        fmt::print(
            "| `{}` | {} | {} | {} |\n", field.name, allowed<Unwrapped<Value>>(field),
            default_of<T>(field), field.help
        );
    });
}

template <std::size_t... Index>
void print_kinds(std::index_sequence<Index...> /*alternatives*/) {
    const auto print_kind = []<typename T>(std::string_view kind, const T&) {
        if (!is_job_kind(kind)) return;
        fmt::print("\n## {}\n\n", kind);
        print_options<T>();
    };
    (print_kind(kKinds.at(Index), std::variant_alternative_t<Index, Operation>{}), ...);
}

void print_errors() {
    fmt::print(
        "\n## Kinds of error\n\n| kind | HTTP status | exit status | meaning |\n| --- | --- | --- "
        "| --- |\n"
    );
    for (const auto& row : kErrorRows) {
        const auto status = row.http_status == 0 ? "ends a job" : std::to_string(row.http_status);
        fmt::print(
            "| `{}` | {} | {} | {} |\n", name_of(row.kind), status, exit_status(row.fault),
            names(row.kind).at(static_cast<std::size_t>(row.kind)).help
        );
    }
    fmt::print(R"(
Some go with other statuses too: `token_invalid` with 403, of a key that is good and may not, and of
addresses of files; `disk_full` with 507, of an upload; `unavailable` with 423, of an upload that is
being put together; `invalid_request` with 409, 412, 414, 416, 431, 501 and 505. On the command line
`unavailable` is exit status 4 where a server answers so, or none does.
)");
}

}  // namespace
}  // namespace ittybit

int main() {
    fmt::print("# Options\n\nMade by `./dev generate` from `src/model`; do not edit. On the ");
    fmt::print("command line every option is a flag:\n`no_audio` is `--no-audio`, and what is on ");
    fmt::print("by default is turned off by `--no-dash`.\n");
    ittybit::print_kinds(std::make_index_sequence<ittybit::kKinds.size()>{});
    ittybit::print_errors();
    return 0;
}
