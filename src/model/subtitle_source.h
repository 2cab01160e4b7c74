#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/fields.h"

namespace ittybit {

inline constexpr std::size_t kMostSubtitles = 16;  // of one stream

/// Subtitles of a stream, out of a file.
struct SubtitleSource {
    std::string url;
    std::optional<std::string> label;
    std::optional<std::string> language;
    bool is_default = false;
    bool is_forced = false;
    bool operator==(const SubtitleSource&) const = default;

    static constexpr auto kFields = Fields{
        Field{&SubtitleSource::url, "url", "SRT, WebVTT or ASS, fetched like the input."}.required(
        ),
        Field{
            &SubtitleSource::label, "label",
            "What players call them; the name of their language by default."
        },
        Field{
            &SubtitleSource::language, "language",
            "Their language, like \"en\" or \"pt-BR\" (BCP 47); unknown by default."
        },
        Field{
            &SubtitleSource::is_default, "default", "Shown until the viewer chooses others: one."
        },
        Field{
            &SubtitleSource::is_forced, "forced",
            "What must be read to understand the film, like signs; no full subtitles."
        },
    };
};

}  // namespace ittybit
