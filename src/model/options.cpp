#include "model/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <initializer_list>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "base/text.h"
#include "model/output_name.h"

namespace ittybit {
namespace {

using Problems = std::vector<OptionProblem>;

void check_end(std::optional<double> end, double start, Problems& problems) {
    if (end && *end <= start) {
        problems.push_back(
            {ErrorKind::kInvalidOptions, "end", "end must be greater than start", {"start"}}
        );
    }
}

void check_span(const Span& span, Problems& problems) {
    check_end(span.end, span.start.value_or(0), problems);
}

void check_framing(const Framing& framing, Problems& problems) {
    const auto fit = framing.fit.value_or(Fit::kContain);
    if (framing.background && fit != Fit::kContain) {
        problems.push_back(
            {ErrorKind::kInvalidOptions,
             "background",
             "background goes with fit contain only: cover and fill leave no room to pad",
             {"fit"}}
        );
    }
}

/// Says of each of these options that was given why it makes no sense beside another.
template <typename Options>
void refuse(
    const Options& options,
    std::initializer_list<std::string_view> names,
    std::string_view why,
    std::string_view other,
    Problems& problems
) {
    for_each_field<Options>([&](const auto& field) {
        if constexpr (kIsOptional<std::decay_t<decltype(options.*field.member)>>) {
            const bool is_meant = std::ranges::find(names, field.name) != names.end();
            if (!is_meant || !(options.*field.member)) return;
            const auto kind =
                field.name == "format" ? ErrorKind::kInvalidFormat : ErrorKind::kInvalidOptions;
            problems.push_back(
                {kind, std::string(field.name), fmt::format("{} {}", field.name, why), {other}}
            );
        }
    });
}

void check_waveform(const AudioOptions& options, Problems& problems) {
    if (options.waveform) {
        refuse(
            options, {"format", "quality", "bitrate", "normalize", "target_lufs"},
            "does not go with waveform, which is made in place of sound: leave one of them out",
            "waveform", problems
        );
    }
    if (options.waveform != Waveform::kJson)
        refuse(options, {"waveform_points"}, "goes with waveform json only", "waveform", problems);
    if (options.waveform != Waveform::kPng) {
        refuse(
            options, {"width", "height", "background", "colour"}, "goes with waveform png only",
            "waveform", problems
        );
    }
}

void check_subtitles(const VideoOptions& options, Problems& problems) {
    if (options.subtitle_url && options.subtitle_track) {
        problems.push_back(
            {ErrorKind::kInvalidOptions, "subtitle_track",
             "subtitle_track does not go with subtitle_url: choose one of them"}
        );
    }
    if (options.subtitle_style && !options.has_subtitles()) {
        problems.push_back(
            {ErrorKind::kInvalidOptions,
             "subtitle_style",
             "subtitle_style goes with subtitle_url or subtitle_track: say which subtitles",
             {"subtitle_url", "subtitle_track"}}
        );
    }
}

/// A playlist quotes the URL as it is.
bool is_quotable(std::string_view url) {
    constexpr std::size_t kLongest = 2048;
    return url.size() <= kLongest && std::ranges::all_of(url, [](unsigned char letter) {
               return letter > ' ' && letter < 0x7F && letter != '"';
           });
}

void check_encryption(const AdaptiveVideoOptions& options, Problems& problems) {
    if (!options.encryption) return;
    const auto wrong = [&](const char* field, const char* message) {
        problems.push_back({ErrorKind::kInvalidOptions, field, message});
    };
    const auto& url = options.encryption->key_url;
    if (!is_web(url)) {
        wrong("encryption.key_url", "encryption.key_url must be an http:// or https:// URL");
    } else if (!is_quotable(url)) {
        wrong(
            "encryption.key_url",
            "encryption.key_url must be at most 2048 characters of ASCII without spaces and "
            "quotation marks: percent-encode all others"
        );
    }
    if (options.dash == true) {
        wrong(
            "dash",
            "dash does not go with encryption, which is one of HLS alone: leave one of them out"
        );
    }
}

void check_levelling(const Levelling& levelling, Problems& problems) {
    if (!levelling.target_lufs || levelling.normalize) return;
    problems.push_back(
        {ErrorKind::kInvalidOptions,
         "target_lufs",
         "target_lufs goes with normalize only: add normalize lufs, or leave it out",
         {"normalize"}}
    );
}

/// The same of what may be made without its sound.
template <typename Options>
void check_levelled_sound(const Options& options, Problems& problems) {
    check_levelling(options, problems);
    if (!options.normalize || !options.no_audio) return;
    problems.push_back(
        {ErrorKind::kInvalidOptions, "normalize",
         "normalize does not go with no_audio, which leaves the sound out: leave one of them out"}
    );
}

/// The form of a tag of BCP 47 (RFC 5646, 2.1), without those that begin with x or i.
bool is_language_tag(std::string_view text) {
    constexpr std::size_t kLongest = 35;  // 4.4.1
    const auto are = [](std::string_view word, auto kind) {
        return std::ranges::all_of(word, [&](unsigned char letter) { return kind(letter) != 0; });
    };
    const auto pieces = split(text, '-');
    const std::string& first = pieces.front();
    const bool is_language = (first.size() == 2 || first.size() == 3) &&
                             are(first, [](int letter) { return std::isalpha(letter); });
    return is_language && text.size() <= kLongest &&
           std::ranges::all_of(pieces, [&](const std::string& piece) {
               return !piece.empty() && piece.size() <= 8 &&
                      are(piece, [](int letter) { return std::isalnum(letter); });
           });
}

/// What can stand between quotation marks in a playlist, on one line.
bool is_label(std::string_view text) {
    constexpr std::size_t kLongest = 100;  // bytes
    const auto is_wrong = [](unsigned char letter) { return letter < 0x20 || letter == '"'; };
    return !text.empty() && text.size() <= kLongest && std::ranges::none_of(text, is_wrong);
}

void check_subtitles(const AdaptiveVideoOptions& options, Problems& problems) {
    const auto& all = options.subtitles;
    const auto wrong = [&](const std::string& field, const std::string& message) {
        problems.push_back({ErrorKind::kInvalidOptions, field, field + " " + message});
    };
    if (all.size() > kMostSubtitles) {
        wrong("subtitles", fmt::format("must be {} at most, not {}", kMostSubtitles, all.size()));
    }
    bool has_default = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto& [url, label, language, is_default, is_forced] = all[i];
        const auto field = [&](std::string_view name) {
            return fmt::format("subtitles.{}.{}", i, name);
        };
        if (url.empty()) wrong(field("url"), "must be the address of a file");
        if (label && !is_label(*label))
            wrong(field("label"), "must be 1 to 100 bytes on one line, without quotation marks");
        if (language && !is_language_tag(*language))
            wrong(field("language"), "must be a language like \"en\" or \"pt-BR\"");
        if (is_default && has_default)
            wrong(field("default"), "is true of another already: only one can be the default");
        has_default = has_default || is_default;
    }
}

}  // namespace

Result<TrackChoice> TrackChoice::from_json(const json::value& value) {
    constexpr std::size_t kLongest = 35;  // of a language tag (RFC 5646, 4.4.1)
    const auto refuse = [&] {
        return Error{
            ErrorKind::kInvalidOptions,
            fmt::format(
                "must be a stream's index or a language like \"eng\", not {}", compact_json(value)
            ),
            ""
        };
    };
    if (const auto* text = value.if_string()) {
        const bool is_word = !text->empty() && text->size() <= kLongest &&
                             std::ranges::all_of(*text, [](unsigned char letter) {
                                 return std::isalnum(letter) != 0 || letter == '-';
                             });
        if (!is_word) return refuse();
        int number = 0;
        const auto* const end = text->data() + text->size();
        const auto [rest, code] = std::from_chars(text->data(), end, number);
        if (rest != end) return TrackChoice{.number = {}, .language = std::string(*text)};
        if (code != std::errc() || number < 0) return refuse();
        return TrackChoice{.number = number, .language = {}};
    }
    json::error_code code;
    const auto number = value.to_number<int>(code);
    if (code || number < 0) return refuse();
    return TrackChoice{.number = number, .language = {}};
}

json::value TrackChoice::to_json_value() const {
    if (number) return *number;
    return json::string(language);
}

json::object TrackChoice::schema() {
    return {
        {"type", json::array{"integer", "string"}},
        {"minimum", 0},
        {"pattern", "^[A-Za-z0-9-]{1,35}$"},
    };
}

void check(const VideoOptions& options, Problems& problems) {
    const auto codec = options.chosen_codec();
    const bool is_webm_codec = codec == VideoCodec::kVp9 || codec == VideoCodec::kAv1;
    const auto wrong_codec = [&](const char* message) {
        problems.push_back({ErrorKind::kInvalidCodec, "codec", message, {"format"}});
    };
    if (options.format == VideoFormat::kWebm && !is_webm_codec) {
        wrong_codec("codec for webm must be vp9 or av1");
    } else if (options.format == VideoFormat::kMp4 && codec == VideoCodec::kVp9) {
        wrong_codec("codec for mp4 must be h264, h265 or av1");
    } else if (options.format == VideoFormat::kMov && is_webm_codec) {
        wrong_codec("codec for mov must be h264 or h265");
    }
    check_framing(options, problems);
    check_span(options, problems);
    check_subtitles(options, problems);
    check_levelled_sound(options, problems);
}

void check(const AudioOptions& options, Problems& problems) {
    const bool is_lossless =
        options.format == AudioFormat::kWav || options.format == AudioFormat::kFlac;
    if (is_lossless && options.bitrate) {
        problems.push_back(
            {ErrorKind::kInvalidOptions, "bitrate",
             "bitrate does not go with wav and flac, which are lossless: leave it out or choose "
             "another format"}
        );
    }
    check_waveform(options, problems);
    check_span(options, problems);
    check_levelling(options, problems);
}

void check(const ImageOptions& options, Problems& problems) {
    const auto wrong = [&](const char* field, const char* message) {
        problems.push_back({ErrorKind::kInvalidOptions, field, message, {"interval"}});
    };
    check_framing(options, problems);
    if (options.interval) {
        if (options.start.is_auto)
            wrong("start", "start \"auto\" is for one picture: with interval give it in seconds");
        return check_end(options.end, options.start.seconds, problems);
    }
    if (options.end) wrong("end", "end goes with interval: one picture has no end");
    if (options.sheet) wrong("sheet", "sheet goes with interval: say how often to take a picture");
}

void check(const AnimationOptions& options, Problems& problems) {
    check_framing(options, problems);
    check_span(options, problems);
}

void check(const AdaptiveVideoOptions& options, Problems& problems) {
    if (options.mute_video) {
        refuse(
            options, {"width", "height", "fit", "position", "background"},
            "does not go with mute_video, which leaves the picture out", "mute_video", problems
        );
        if (!options.codecs.empty()) {
            problems.push_back(
                {ErrorKind::kInvalidOptions,
                 "codecs",
                 "codecs does not go with mute_video, which leaves the picture out",
                 {"mute_video"}}
            );
        }
    }
    if (options.mute_video && options.no_audio) {
        problems.push_back(
            {ErrorKind::kInvalidOptions, "mute_video",
             "mute_video does not go with no_audio: together they leave nothing"}
        );
    }
    check_encryption(options, problems);
    check_framing(options, problems);
    check_span(options, problems);
    check_subtitles(options, problems);
    check_levelled_sound(options, problems);
}

}  // namespace ittybit
