#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "manifest/attributes.h"
#include "manifest/report.h"

namespace ittybit::manifest {

/// How segments are encrypted (EXT-X-KEY). `method` "NONE": not.
struct Key {
    std::string method = "NONE";
    std::string uri = {};  // resolved
    std::string iv = {};
    std::string format = {};
};

/// An initialization section (EXT-X-MAP).
struct Map {
    std::string uri;  // resolved
    std::optional<ByteRange> range;
    Key key;
    std::int64_t line = 0;
    bool operator==(const Map& other) const { return uri == other.uri && range == other.range; }
};

struct Segment {
    std::string uri;  // resolved
    std::int64_t line = 0;
    double duration = 0;  // seconds, as EXTINF says
    std::optional<ByteRange> range;
    std::optional<std::size_t> map;  // in MediaPlaylist::maps
    Key key;
    std::optional<double> date;           // seconds since 1970
    std::optional<std::int64_t> bitrate;  // kb/s, as EXT-X-BITRATE says
    bool is_discontinuity = false;        // between the one before and this
    bool is_gap = false;
};

struct MediaPlaylist {
    std::string file;
    std::int64_t target_duration = 0;  // seconds
    std::int64_t media_sequence = 0;
    std::string type;  // "VOD", "EVENT" or ""
    bool is_ended = false;
    bool is_frames_only = false;
    bool is_independent = false;
    std::vector<Map> maps;
    std::vector<Segment> segments;

    double duration() const;  // seconds, of all EXTINF
    Place at(const Segment& segment) const { return {file, segment.line, {}}; }
};

/// EXT-X-STREAM-INF or EXT-X-I-FRAME-STREAM-INF.
struct Variant {
    Attributes attributes;
    std::string uri;  // resolved
    std::int64_t line = 0;
};

/// EXT-X-MEDIA. `uri` is empty where the media is in the variant's own playlist.
struct Rendition {
    Attributes attributes;
    std::string uri;  // resolved
    std::int64_t line = 0;

    const std::string& type() const { return attributes.value("TYPE"); }
    const std::string& group() const { return attributes.value("GROUP-ID"); }
};

struct MultivariantPlaylist {
    std::string file;
    bool is_independent = false;
    std::vector<Variant> variants;
    std::vector<Variant> key_frames;
    std::vector<Rendition> renditions;

    Place at(const Variant& variant) const { return {file, variant.line, {}}; }
    Place at(const Rendition& rendition) const { return {file, rendition.line, {}}; }
};

using Playlist = std::variant<MediaPlaylist, MultivariantPlaylist>;

/// Reads the playlist that lies at `file` (a path or URL, which its references are resolved
/// against), and reports what is wrong with it as a text. Bounded by the text's length; whatever
/// can be read is in the value.
Playlist read_playlist(const std::string& file, std::string_view text, Report& report);

/// Every file that a playlist names: playlists, segments, initialization sections. Each once, in
/// the order they are named.
std::vector<std::string> files_of(const Playlist& playlist);

}  // namespace ittybit::manifest
