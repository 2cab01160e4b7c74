#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/playlist.h"

namespace ittybit::manifest {

/// One representation of a DASH presentation (ISO/IEC 23009-1, 5.3.5), with what it inherits.
struct Representation {
    std::string id;
    std::optional<std::int64_t> bandwidth;  // bits per second
    std::string mime_type;
    std::string codecs;
    std::optional<std::int64_t> width;
    std::optional<std::int64_t> height;
    std::optional<double> frame_rate;
    std::optional<std::int64_t> sampling_rate;
    std::string content_type;
    std::optional<double> sample_aspect;   // "sar"
    std::optional<double> picture_aspect;  // "par"
    std::optional<std::int64_t> channels;
    double start = 0;            // seconds on the media's own clock at which its period begins
    std::vector<double> begins;  // of each segment on that clock, where a timeline says so
    MediaPlaylist segments;      // as a media playlist would list them; empty where they lie in one
                                 // indexed file
};

struct Presentation {
    std::string file;
    bool is_static = true;
    std::optional<double> duration;     // seconds
    double min_buffer = 0;              // seconds
    std::optional<double> max_segment;  // seconds
    int periods = 0;
    std::vector<Representation> representations;
};

/// Whether a manifest is an MPD rather than a playlist.
bool is_mpd(std::string_view text);

/// Reads the MPD that lies at `file`, and reports what is wrong with it as a document. At most 1000
/// representations and 100 000 segments in all are read.
Presentation read_mpd(const std::string& file, std::string_view text, Report& report);

/// Every segment and initialization section that it names, each once.
std::vector<std::string> files_of(const Presentation& presentation);

/// "PT1H2M3.5S" (xs:duration, without years and months) as seconds.
std::optional<double> read_xml_duration(std::string_view text);

}  // namespace ittybit::manifest
