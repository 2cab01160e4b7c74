#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/plan.h"
#include "tasks/adaptive_playlists.h"

/// The text of a DASH manifest (ISO/IEC 23009-1, live profile) from plain values.
namespace ittybit::tasks {

inline constexpr std::string_view kMpdName = "manifest.mpd";

/// One rendition. Its files lie beside the manifest: `<name>-init.mp4`, `<name>-00001.m4s` …; of
/// text `<name>-00001.vtt` …
struct Representation {
    std::string name;
    std::int64_t bandwidth = 0;  // peak, bits per second
    std::string codecs = {};     // RFC 6381
    int timescale = 1;           // ticks a second of the media's own clock
    std::vector<Segment> segments = {};

    std::optional<Size> resolution = {};  // of pictures
    Ratio frame_rate = {};
    int sample_rate = 0;  // of sound
    int channels = 0;
};

/// The renditions of one sound, between which players change.
struct SoundSet {
    PlannedRendition planned;
    std::string language;  // BCP 47
    std::vector<Representation> representations;
};

struct TextSet {
    PlannedRendition planned;
    std::string language;  // BCP 47
    Representation representation;
};

/// A finished presentation of one period.
struct Presentation {
    double duration = 0;   // seconds
    int least_buffer = 0;  // seconds with which each bandwidth is enough: a segment's
    std::vector<Representation> pictures = {};  // best first
    std::vector<SoundSet> sounds = {};
    std::vector<TextSet> texts = {};
    std::vector<std::string> captions = {};  // channels of CEA-608 in the pictures: "CC1"
    std::string caption_language = {};       // ISO 639-2
};

std::string mpd_text(const Presentation& presentation);

}  // namespace ittybit::tasks
