#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/json.h"
#include "model/options.h"

namespace ittybit {

/// Reading a file's facts: what `probe` does.
struct ProbeOptions {
    static constexpr auto kFields = Fields{};
};

/// One media operation with its options: what a child is given to do. Adding a kind means an
/// alternative here, a row in kKinds, and a `plan` in tasks; the compiler names what was forgotten.
using Operation = std::variant<
    ProbeOptions,
    VideoOptions,
    AudioOptions,
    ImageOptions,
    AnimationOptions,
    AdaptiveVideoOptions>;

/// The word of each alternative, in the variant's order.
inline constexpr std::array<std::string_view, std::variant_size_v<Operation>> kKinds = {
    "probe", "video", "audio", "image", "animation", "adaptive_video",
};

constexpr std::string_view kind_of(const Operation& operation) {
    return kKinds.at(operation.index());
}

/// Whether what has these options is made of all pictures of a part of a film.
template <typename Options>
inline constexpr bool kIsOfFilm =
    std::is_same_v<Options, VideoOptions> || std::is_same_v<Options, AdaptiveVideoOptions> ||
    std::is_same_v<Options, AnimationOptions>;

/// Whether it is a kind of operation.
bool is_operation(std::string_view kind);
/// Whether a job can be of this kind (probe is a task, not a job).
bool is_job_kind(std::string_view kind);

/// Reads and judges the options of a kind. Every problem is appended, with its kind of error, in
/// SPEC's order; the value is meaningful only when none was. `kind` must be one of kKinds.
Operation read_operation(
    std::string_view kind, const json::value& options, std::vector<OptionProblem>& problems
);

/// The canonical options: every field, absent ones null.
json::value options_json(const Operation& operation);

/// An option that names a file to be read beside the input.
struct FurtherInput {
    std::string option;  // a dotted path: "subtitles.0.url"
    std::string url;
};

/// All of them, in the order in which a child is given them behind its input.
std::vector<FurtherInput> further_inputs(const Operation& operation);

/// How what it makes is encrypted; null where it is not.
const StreamEncryption* encryption_of(const Operation& operation);

/// JSON Schema 2020-12 of a kind's options.
json::object options_schema(std::string_view kind);

/// The extension of a picture's file: "jpg", "png".
std::string_view extension_of(ImageFormat format);

/// Whether an operation makes a folder of files that keep their names: pictures in steps.
bool makes_folder(const Operation& operation);
/// The same of options that nobody has judged yet.
bool makes_folder(std::string_view kind, const json::object& options);
/// Whether it makes one file and no other: no folder, stream or text beside a film.
bool makes_one_file(const Operation& operation);

/// The extension of the file that an operation makes, without the dot: "mp4", "m3u8".
/// Empty for probe, and for an image whose format depends on the input.
std::string_view extension_of(const Operation& operation);

/// The format word (`mp4`, `jpeg`, `hls`) behind a file name's extension for a kind, of sound also
/// that of a waveform (`json`); empty if none.
std::string_view format_for_extension(std::string_view kind, std::string_view extension);

}  // namespace ittybit
