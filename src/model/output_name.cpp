#include "model/output_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "model/operation.h"

namespace ittybit {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kLongestOutput = 1024;

Error bad_output(std::string message) {
    return {ErrorKind::kInvalidOutput, std::move(message), "output"};
}

/// A placeholder that is none of the known ones, or a brace that belongs to none.
std::optional<std::string> bad_placeholder(std::string_view text) {
    constexpr std::array<std::string_view, 5> kKnown = {
        "date", "filename", "kind", "format", "id",
    };
    while (!text.empty()) {
        const auto open = text.find_first_of("{}");
        if (open == std::string_view::npos) return std::nullopt;
        const auto close = text.find('}', open);
        const auto name = text[open] == '{' && close != std::string_view::npos
                              ? text.substr(open + 1, close - open - 1)
                              : std::string_view("}");
        if (std::ranges::find(kKnown, name) == kKnown.end()) return std::string(name);
        text.remove_prefix(close + 1);
    }
    return std::nullopt;
}

Result<> check_bucket(std::string_view bucket) {
    if (bucket.find_first_of("{}") != std::string_view::npos) {
        return bad_output("the bucket of output is no place for {}");
    }
    const bool has_letters = std::ranges::all_of(bucket, [](unsigned char letter) {
        return std::isalnum(letter) != 0 || letter == '-' || letter == '.' || letter == '_';
    });
    if (!has_letters) {
        return bad_output("the bucket of output may hold letters, digits, dots and dashes only");
    }
    // As for inputs (net::Url): ".." would leave an endpoint's base path.
    const bool is_bucket = bucket.size() >= 3 && bucket.size() <= 63 && !bucket.starts_with('.') &&
                           !bucket.ends_with('.') && bucket.find("..") == std::string_view::npos;
    if (is_bucket) return {};
    return bad_output(fmt::format("\"{}\" of output is not a bucket; use s3://bucket/key", bucket));
}

Result<> check_key_pieces(std::string_view key) {
    for (const auto& piece : split(key, '/')) {
        if (piece.empty() || piece == "." || piece == "..") {
            return bad_output("the key of output holds an empty piece, \".\" or \"..\"");
        }
    }
    const bool has_control = std::ranges::any_of(key, [](unsigned char letter) {
        return letter < 0x20 || letter == 0x7F;
    });
    if (has_control) return bad_output("the key of output holds a control character");
    return {};
}

/// What an output of this kind may end in.
std::vector<std::string> extensions_of(std::string_view kind) {
    if (kind == "adaptive_video") return {".m3u8"};
    std::vector<std::string> all;
    const auto add = [&](const auto& rows) {
        for (const auto& row : rows) {
            auto extension = fmt::format(".{}", row.name);
            const bool is_known = std::ranges::find(all, extension) != all.end();
            if (is_known || format_for_extension(kind, row.name).empty()) continue;
            all.push_back(std::move(extension));
        }
    };
    add(names(VideoFormat{}));
    add(names(AudioFormat{}));
    add(names(Waveform{}));
    add(names(ImageFormat{}));
    add(names(AnimationFormat{}));
    return all;
}

/// The option that says what an output is, like its extension, which means `meant`: the one that is
/// given, else the one that knows the word.
std::string_view deciding_option(
    std::string_view kind, std::string_view meant, const json::object& options
) {
    for (const std::string_view name : {"waveform", "format"})
        if (options.contains(name)) return name;
    return kind == "audio" && find_named<Waveform>(meant) ? "waveform" : "format";
}

/// For what other programs call the same.
std::string_view advice_on(std::string_view extension, std::string_view kind) {
    const bool is_aac = kind == "audio" && is_same_word(extension, "m4a");
    return is_aac ? "; AAC is written as .aac" : "";
}

}  // namespace

bool has_scheme(std::string_view url, std::string_view scheme) {
    return is_same_word(url.substr(0, scheme.size()), scheme);
}

bool is_s3(std::string_view url) {
    return has_scheme(url, kScheme);
}

bool is_web(std::string_view url) {
    return has_scheme(url, "http://") || has_scheme(url, "https://");
}

bool is_url(std::string_view place) {
    return place.find("://") != std::string_view::npos && !has_scheme(place, "file://");
}

Result<> check_s3_input(std::string_view input, std::string_view field) {
    const auto slash = input.find('/', kScheme.size());
    if (slash == std::string_view::npos || slash + 1 == input.size()) {
        return Error{
            ErrorKind::kInvalidInput, fmt::format("{} must name an object: s3://bucket/key", field),
            std::string(field)
        };
    }
    for (const auto& piece : split(input.substr(slash + 1), '/')) {
        if (piece != "." && piece != "..") continue;
        return Error{
            ErrorKind::kInvalidInput,
            fmt::format("the key of {} holds the piece \".\" or \"..\"", field), std::string(field)
        };
    }
    return {};
}

Result<> check_s3_output(std::string_view output, bool is_folder) {
    if (is_folder && output.ends_with('/')) output.remove_suffix(1);
    const auto slash = output.find('/', kScheme.size());
    const bool has_key = is_s3(output) && slash != std::string_view::npos &&
                         slash > kScheme.size() && slash + 1 < output.size();
    if (!has_key) {
        return bad_output("output must be s3://bucket/key, or an https:// address that takes a PUT"
        );
    }
    if (output.size() > kLongestOutput) return bad_output("output is longer than 1024 bytes");
    if (output.ends_with('/')) return bad_output("output must name a file, not a folder");
    if (const auto unknown = bad_placeholder(output)) {
        return bad_output(fmt::format(
            "output holds {{{}}}; known are {{date}}, {{filename}}, {{kind}}, {{format}}, {{id}}",
            *unknown
        ));
    }
    TRY(check_bucket(output.substr(kScheme.size(), slash - kScheme.size())));
    return check_key_pieces(output.substr(slash + 1));
}

std::string_view without_query(std::string_view url) {
    return url.substr(0, url.find_first_of("?#"));
}

std::string_view extension_in(std::string_view path) {
    const auto slash = path.rfind('/');
    const auto name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const auto dot = name.rfind('.');
    return dot == std::string_view::npos || dot == 0 ? "" : name.substr(dot + 1);
}

std::string_view extension_of_address(std::string_view url_or_path) {
    const auto url = is_url(url_or_path) ? without_query(url_or_path) : url_or_path;
    const auto scheme = url.find("://");
    const auto rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    const bool is_host = is_url(url) && rest.find('/') == std::string_view::npos;
    const auto extension = is_host ? "" : extension_in(rest);
    const bool is_plain = std::ranges::all_of(extension, [](unsigned char letter) {
        return std::isalnum(letter) != 0;
    });
    return is_plain ? extension : "";
}

Result<> settle_format(std::string_view kind, std::string_view output, json::object& options) {
    const auto extension = extension_in(is_web(output) ? without_query(output) : output);
    if (makes_folder(kind, options)) {
        if (extension.empty()) return {};
        return bad_output(
            "output is a folder with interval: end it in a slash, and say with format what the "
            "pictures are"
        );
    }
    const bool is_open = extension.find('{') != std::string_view::npos;
    if (extension.empty() || is_open) return {};
    const auto meant = format_for_extension(kind, extension);
    if (meant.empty() && is_web(output)) return {};
    if (meant.empty()) {
        return Error{
            ErrorKind::kInvalidOutput,
            fmt::format(
                "output must not end in .{}, which is no format of {}: it may end in {}{}",
                extension, kind, join(extensions_of(kind)), advice_on(extension, kind)
            ),
            "output"
        };
    }
    const auto option = deciding_option(kind, meant, options);
    const auto* given = options.if_contains(option);
    if (given == nullptr || !given->is_string()) {
        if (given == nullptr) options[option] = meant;
        return {};
    }
    const std::string_view word = given->get_string();
    const auto wanted = kind == "adaptive_video" ? word : format_for_extension(kind, word);
    if (wanted == meant || wanted.empty()) return {};  // a format that is none has its own error
    return Error{
        ErrorKind::kInvalidOutput,
        fmt::format(
            "output ends in .{}, but the {} is {}: make them agree", extension, option, word
        ),
        "output"
    };
}

}  // namespace ittybit
