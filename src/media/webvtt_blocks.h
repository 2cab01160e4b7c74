#pragma once

#include <string>
#include <string_view>

namespace ittybit::media {

struct WebvttCues {
    std::string text;
    int left_out = 0;  // cues whose times cannot be read
};

/// A WebVTT file (W3C WebVTT, 4.1) with its header and its cues alone. libav's reader ends at the
/// first block that it does not know, and in FFmpeg 5.1 those are styles and regions too. A comma
/// in a time, as SRT has it, becomes a full stop.
WebvttCues webvtt_cues(std::string_view file);

}  // namespace ittybit::media
