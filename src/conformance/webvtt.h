#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "manifest/report.h"

namespace ittybit::conformance {

/// When a cue is shown, seconds.
struct CueTimes {
    double begin = 0;
    double end = 0;
};

/// The times of a WebVTT segment's cues, in seconds of the cues' own clock.
struct TextSegment {
    bool has_map = false;        // X-TIMESTAMP-MAP
    double shift = 0;            // to be added for the time of the media, by that map
    std::vector<CueTimes> cues;  // 10 000 at most
};

/// Reads a WebVTT segment (HLS 3.1.4), and reports what is wrong with it.
TextSegment read_webvtt(std::string_view text, const std::string& file, manifest::Report& report);

}  // namespace ittybit::conformance
