#pragma once

#include <string>
#include <string_view>

#include "manifest/report.h"

namespace ittybit::conformance {

/// The times of a WebVTT segment's cues, in seconds of the cues' own clock.
struct TextSegment {
    bool has_map = false;  // X-TIMESTAMP-MAP
    double shift = 0;      // to be added for the time of the media, by that map
    double first = 0;      // of the cue that begins first
    double last = 0;       // of the cue that ends last
    int cues = 0;
};

/// Reads a WebVTT segment (HLS 3.1.4), and reports what is wrong with it.
TextSegment read_webvtt(std::string_view text, const std::string& file, manifest::Report& report);

}  // namespace ittybit::conformance
