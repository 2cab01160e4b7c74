#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/geometry.h"
#include "model/plan.h"

/// The text of HLS playlists (RFC 8216) from plain values, and the bit rates they declare.
namespace ittybit::tasks {

/// One entry of a media playlist: a whole file, or with `offset` a range of bytes in it.
struct Segment {
    std::string name;
    double duration = 0;  // seconds
    std::int64_t bytes = 0;
    std::optional<std::int64_t> offset = {};
    bool operator==(const Segment&) const = default;
};

/// What one media playlist lists. `init` is the initialisation segment's name; text has none.
struct MediaPlaylist {
    std::string name;
    std::string init;
    std::vector<Segment> segments;
    bool is_frames_only = false;
    std::string key_url = {};  // of AES-128; "": the segments are in the clear
};

/// Bits per second over the whole of it, rounded up.
std::int64_t average_bitrate(const std::vector<Segment>& segments);

/// The largest bit rate of any run of segments that lasts between half and one and a half times
/// the target duration (RFC 8216, 4.3.4.2); of all of it when no run does.
std::int64_t peak_bitrate(const std::vector<Segment>& segments, int target_duration);

/// Whole seconds that no segment's rounded duration exceeds, at least `least`.
int target_duration(const std::vector<Segment>& segments, int least);

/// The text of a media playlist. Its entries lie beside it. With a key, what EXT-X-MAP names is in
/// the clear: it stands before EXT-X-KEY, as one that is encrypted would need an IV of its own (RFC
/// 8216, 4.3.2.5), and each segment's IV is its media sequence number (5.2).
std::string media_playlist_text(const MediaPlaylist& playlist, int target_duration);

/// One stream that a player can choose, or the key pictures of one, for seeking.
struct Variant {
    std::string playlist;  // its media playlist's name
    std::int64_t bandwidth = 0;
    std::int64_t average_bandwidth = 0;
    std::string codecs;  // RFC 6381, of picture and sound
    std::optional<Size> resolution = {};
    std::optional<double> frame_rate = {};
    std::string audio_group = {};    // which of the sounds it plays with; empty: none
    std::string text_group = {};     // likewise
    std::string caption_group = {};  // of those in its pictures
};

/// A sound or text that plays beside variants which name its group, or captions in them.
struct MediaRendition {
    PlannedRendition planned = {};
    std::string playlist = {};
    std::string language = {};  // BCP 47; "und" when not known
    int channels = 0;           // of sound; text has none
    std::string channel = {};   // of captions, which have no playlist: "CC1"
};

/// All of a multivariant playlist. `folder` is where the media playlists lie, seen from it; empty
/// when beside it.
struct MasterPlaylist {
    std::string folder;
    std::vector<Variant> variants = {};
    std::vector<Variant> key_pictures = {};
    std::vector<MediaRendition> renditions = {};
    std::vector<Variant> surround = {};  // the same pictures with more channels, best first
};

/// Which of these bit rates, best first, are worth a variant: the first, the last, and those
/// between that differ by 1.3 times from their neighbours.
std::vector<std::size_t> rates_apart(const std::vector<std::int64_t>& rates);

/// The text of a multivariant playlist. The first variant, with which players begin, is the one
/// nearest to 2 Mb/s on average; the others follow from the best down, those of `surround` last. Of
/// several codecs H.264 comes first, and each variant has a SCORE.
std::string master_playlist_text(const MasterPlaylist& playlist);

/// A relative reference (RFC 3986) to a file of this name in `folder`.
std::string relative_uri(std::string_view folder, std::string_view name);

}  // namespace ittybit::tasks
