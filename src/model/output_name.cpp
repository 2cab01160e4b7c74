#include "model/output_name.h"

#include <fmt/format.h>

#include "model/operation.h"

namespace ittybit {

std::string_view extension_in(std::string_view path) {
    const auto slash = path.rfind('/');
    const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? "" : name.substr(dot + 1);
}

Result<> settle_format(std::string_view kind, std::string_view output, json::object& options) {
    const auto extension = extension_in(output);
    if (extension.empty()) return {};
    const auto meant = format_for_extension(kind, extension);
    if (meant.empty()) {
        return Error{
            "invalid_output",
            fmt::format("output must not end in .{}, which is no format of {}", extension, kind),
            "output"
        };
    }
    const auto* given = options.if_contains("format");
    if (given == nullptr || !given->is_string()) {
        if (given == nullptr) options["format"] = meant;
        return {};
    }
    const std::string_view word = given->get_string();
    const auto wanted = kind == "adaptive_video" ? word : format_for_extension(kind, word);
    if (wanted == meant || wanted.empty()) return {};  // a format that is none has its own error
    return Error{
        "invalid_output",
        fmt::format("output ends in .{}, but the format is {}: make them agree", extension, word),
        "output"
    };
}

}  // namespace ittybit
