#include "model/operation.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/fields_schema.h"
#include "base/text.h"

namespace ittybit {
namespace {

ErrorKind kind_of_problem(std::string_view field) {
    if (field == "format") return ErrorKind::kInvalidFormat;
    if (field == "codec") return ErrorKind::kInvalidCodec;
    return ErrorKind::kInvalidOptions;
}

template <std::size_t Index = 0>
Operation default_operation(std::size_t index) {
    if constexpr (Index + 1 < std::variant_size_v<Operation>) {
        if (index != Index) return default_operation<Index + 1>(index);
    }
    return Operation(std::in_place_index<Index>);
}

Operation operation_named(std::string_view kind) {
    const auto found = std::find(kKinds.begin(), kKinds.end(), kind);
    return default_operation(static_cast<std::size_t>(found - kKinds.begin()));
}

/// Whether a problem may only be there because one of the options that it is about could not be
/// read.
bool follows_from(const OptionProblem& problem, const std::vector<Problem>& unread) {
    return std::ranges::any_of(unread, [&](const auto& one) {
        return one.where == problem.field ||
               std::ranges::find(problem.beside, one.where) != problem.beside.end();
    });
}

}  // namespace

bool is_operation(std::string_view kind) {
    return std::ranges::find(kKinds, kind) != kKinds.end();
}

bool is_job_kind(std::string_view kind) {
    return kind != "probe" && is_operation(kind);
}

Operation read_operation(
    std::string_view kind, const json::value& options, std::vector<OptionProblem>& problems
) {
    Operation operation = operation_named(kind);
    std::visit(
        [&](auto& value) {
            Reader reader;
            reader.read(options, value);
            for (const auto& problem : reader.problems()) {
                problems.push_back({kind_of_problem(problem.where), problem.where, problem.message}
                );
            }
            if constexpr (requires { check(value, problems); }) {
                std::vector<OptionProblem> among;
                check(value, among);
                std::erase_if(among, [&](const auto& problem) {
                    return follows_from(problem, reader.problems());
                });
                std::ranges::move(among, std::back_inserter(problems));
            }
        },
        operation
    );
    std::ranges::stable_sort(problems, {}, &OptionProblem::kind);
    return operation;
}

json::value options_json(const Operation& operation) {
    return std::visit([](const auto& value) { return to_json(value); }, operation);
}

std::vector<FurtherInput> further_inputs(const Operation& operation) {
    std::vector<FurtherInput> inputs;
    if (const auto* video = std::get_if<VideoOptions>(&operation); video && video->subtitle_url)
        inputs.push_back({"subtitle_url", *video->subtitle_url});
    if (const auto* stream = std::get_if<AdaptiveVideoOptions>(&operation)) {
        for (const SubtitleSource& source : stream->subtitles)
            inputs.push_back({fmt::format("subtitles.{}.url", inputs.size()), source.url});
    }
    return inputs;
}

const StreamEncryption* encryption_of(const Operation& operation) {
    const auto* stream = std::get_if<AdaptiveVideoOptions>(&operation);
    return stream != nullptr && stream->encryption ? &*stream->encryption : nullptr;
}

json::object options_schema(std::string_view kind) {
    return std::visit(
        [](const auto& value) { return schema_of<std::decay_t<decltype(value)>>(); },
        operation_named(kind)
    );
}

std::string_view extension_of(ImageFormat format) {
    return format == ImageFormat::kJpeg ? "jpg" : name_of(format);
}

bool makes_folder(const Operation& operation) {
    const auto* image = std::get_if<ImageOptions>(&operation);
    return image != nullptr && image->interval;
}

bool makes_one_file(const Operation& operation) {
    const auto* video = std::get_if<VideoOptions>(&operation);
    const bool has_text = video != nullptr && video->has_subtitles() && !video->burns_in();
    return !has_text && !makes_folder(operation) &&
           !std::holds_alternative<AdaptiveVideoOptions>(operation);
}

bool makes_folder(std::string_view kind, const json::object& options) {
    const auto* interval = options.if_contains("interval");
    return kind == "image" && interval != nullptr && !interval->is_null();
}

std::string_view extension_of(const Operation& operation) {
    return std::visit(
        [](const auto& value) -> std::string_view {
            using Options = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Options, AdaptiveVideoOptions>) {
                return "m3u8";
            } else if constexpr (std::is_same_v<Options, ImageOptions>) {
                return value.format ? extension_of(*value.format) : "";
            } else if constexpr (std::is_same_v<Options, AudioOptions>) {
                return value.waveform ? name_of(*value.waveform) : name_of(value.chosen_format());
            } else if constexpr (requires { value.format; }) {
                return name_of(value.format);
            } else {
                return "";
            }
        },
        operation
    );
}

std::string_view format_for_extension(std::string_view kind, std::string_view extension) {
    const std::string word = to_lower(extension);
    if (kind == "adaptive_video") return word == "m3u8" ? "hls" : "";
    if (const auto found = find_named<Waveform>(word); kind == "audio" && found)
        return name_of(*found);
    return std::visit(
        [&](const auto& value) -> std::string_view {
            if constexpr (requires { value.format; }) {
                using Member = std::decay_t<decltype(value.format)>;
                if constexpr (kIsOptional<Member>) {
                    const auto found = find_named<typename Member::value_type>(word);
                    return found ? name_of(*found) : "";
                } else {
                    const auto found = find_named<Member>(word);
                    return found ? name_of(*found) : "";
                }
            } else {
                return "";
            }
        },
        operation_named(kind)
    );
}

}  // namespace ittybit
