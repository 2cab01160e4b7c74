#include "manifest/mpd_template.h"

#include <fmt/format.h>

#include "base/text.h"
#include "manifest/reference.h"

namespace ittybit::manifest {

std::optional<std::string> fill_in(
    std::string_view pattern, const Representation& of, std::int64_t number, std::int64_t time
) {
    std::string text;
    if (pattern.size() > kLongestUrl) return std::nullopt;
    const auto pieces = split(pattern, '$');
    if (pieces.size() % 2 == 0) return std::nullopt;
    for (std::size_t i = 0; i < pieces.size() && text.size() <= kLongestUrl; ++i) {
        if (i % 2 == 0) {
            text += pieces[i];
            continue;
        }
        const auto percent = pieces[i].find('%');
        const auto name = std::string_view(pieces[i]).substr(0, percent);
        std::int64_t width = 0;
        if (percent != std::string::npos) {
            const auto form = std::string_view(pieces[i]).substr(percent);
            const bool is_form = form.size() == 4 && form[1] == '0' && form[3] == 'd';
            const auto read = is_form ? read_integer(form.substr(2, 1)) : std::nullopt;
            if (!read) return std::nullopt;
            width = *read;
        }
        if (name.empty()) {
            text += '$';
        } else if (name == "RepresentationID" && percent == std::string::npos) {
            text += of.id;
        } else if (name == "Number") {
            text += fmt::format("{:0{}}", number, width);
        } else if (name == "Time") {
            text += fmt::format("{:0{}}", time, width);
        } else if (name == "Bandwidth") {
            text += fmt::format("{:0{}}", of.bandwidth.value_or(0), width);
        } else {
            return std::nullopt;
        }
    }
    return text.size() > kLongestUrl ? std::nullopt : std::optional(std::move(text));
}

}  // namespace ittybit::manifest
