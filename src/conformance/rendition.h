#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conformance/files.h"
#include "conformance/track.h"
#include "manifest/playlist.h"

namespace ittybit::conformance {

/// A key frame of a rendition: when it is shown, and where the fragment that begins with it lies.
struct KeyFrame {
    double time = 0;  // seconds
    std::string file = {};
    std::size_t moof = 0;
};

/// One segment as its media tells it.
struct MediaTimes {
    double begin = 0;  // seconds, of presentation
    double end = 0;
    std::int64_t bytes = 0;
};

/// A cue as its segment tells it, on the clock of the media.
struct ShownCue {
    std::size_t segment = 0;
    double begin = 0;  // seconds
    double end = 0;
};

enum class Content { kNothing, kPicture, kSound, kText };

/// What the media of one playlist turned out to be.
struct Rendition {
    const manifest::MediaPlaylist* playlist = nullptr;
    bool is_read = false;  // every segment was there, in the clear and in a known format
    bool is_encrypted = false;
    bool is_fragmented = false;
    std::optional<Track> picture;
    std::optional<Track> sound;
    bool is_text = false;
    bool has_text_map = false;   // X-TIMESTAMP-MAP in each of its segments
    std::vector<ShownCue> cues;  // of text
    bool has_captions = false;   // CEA-608 or 708 in the pictures
    bool has_varying_rate = false;
    double frame_rate = 0;             // pictures a second; 0: not known
    double frame = 0;                  // seconds of a picture, or of a packet of sound
    std::vector<MediaTimes> segments;  // one for each of the playlist, gaps included
    std::vector<KeyFrame> keys;
    std::int64_t total_bytes = 0;
    double average = 0;  // bits per second
    double peak = 0;     // the highest of runs of half to one and a half target durations (HLS 4.1)

    Content content() const;
    double begin() const { return segments.empty() ? 0 : segments.front().begin; }
    double end() const { return segments.empty() ? 0 : segments.back().end; }
};

/// Reads all segments of a playlist of pictures, sound or text, one after the other, and reports
/// what is wrong with them and with what the playlist says of them.
Rendition read_rendition(
    const manifest::MediaPlaylist& playlist, Files& files, manifest::Report& report
);

/// Sums up bytes and bit rates of the segments, by the durations that the playlist says.
void measure(Rendition& rendition);

/// The bytes of a segment or initialization section. Nothing, and a report, where there are none.
std::optional<std::vector<std::uint8_t>> read_file(
    const std::string& uri,
    const std::optional<manifest::ByteRange>& range,
    const manifest::Place& place,
    Files& files,
    manifest::Report& report
);

}  // namespace ittybit::conformance
