#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "manifest/attributes.h"
#include "manifest/report.h"

namespace ittybit::manifest {

/// How segments are encrypted, as the METHOD of EXT-X-KEY says.
enum class Encryption { kNone, kAes128, kOther };

/// What EXT-X-DEFINE defines, by name; nothing where the value is not known here.
using Variables = std::map<std::string, std::optional<std::string>, std::less<>>;

/// What decrypts AES-128 (EXT-X-KEY).
struct Key {
    std::string uri;  // resolved
    std::string iv;   // 32 hexadecimal digits; "": it is the media sequence number
    std::string method = {};
    std::string format = {};  // KEYFORMAT; "" is "identity"
    std::int64_t line = 0;
};

/// What EXT-X-KEY or EXT-X-SESSION-KEY says.
Key read_key(const Attributes& attributes, std::string uri, std::int64_t line);

/// An initialization section (EXT-X-MAP).
struct Map {
    std::string uri;  // resolved
    std::optional<ByteRange> range;
    Encryption encryption = Encryption::kNone;
    std::int64_t line = 0;
    std::optional<std::size_t> key = {};  // in MediaPlaylist::keys
};

struct Segment {
    std::string uri;  // resolved; "" where a variable leads to it that is not known
    std::int64_t line = 0;
    double duration = 0;  // seconds, as EXTINF says
    std::optional<ByteRange> range;
    std::optional<std::size_t> map;  // in MediaPlaylist::maps
    Encryption encryption = Encryption::kNone;
    std::optional<std::size_t> key;       // in MediaPlaylist::keys
    std::optional<double> date;           // seconds since 1970
    std::optional<std::int64_t> bitrate;  // kb/s, as EXT-X-BITRATE says
    bool is_discontinuity = false;        // between the one before and this
    bool is_gap = false;
};

/// Bytes of a segment. What is longer is not looked into.
inline constexpr std::int64_t kLargestSegment = std::int64_t{1} << 30;

struct MediaPlaylist {
    std::string file;
    std::int64_t target_duration = 0;  // seconds
    std::int64_t media_sequence = 0;
    std::int64_t discontinuity_sequence = 0;
    std::optional<double> start = {};  // seconds, where EXT-X-START says one
    std::string type;                  // "VOD", "EVENT" or ""
    bool is_ended = false;
    bool is_frames_only = false;
    bool is_independent = false;
    std::vector<Key> keys;      // of AES-128, in the format that everybody has
    std::vector<Key> all_keys;  // that are not NONE
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
    Variables variables;
    std::vector<Key> keys;             // of the session, each with its METHOD and KEYFORMAT
    std::optional<double> start = {};  // seconds, where EXT-X-START says one
    std::int64_t start_line = 0;

    Place at(const Variant& variant) const { return {file, variant.line, {}}; }
    Place at(const Rendition& rendition) const { return {file, rendition.line, {}}; }
};

using Playlist = std::variant<MediaPlaylist, MultivariantPlaylist>;

/// Reads the playlist that lies at `file` (a path or URL, which its references are resolved
/// against), and reports what is wrong with it as a text. `imported` are the variables of the
/// multivariant playlist that names it; null where none does. Bounded in time and memory by the
/// text's length; whatever can be read is in the value, 1000 variants and renditions at most.
Playlist read_playlist(
    const std::string& file,
    std::string_view text,
    Report& report,
    const Variables* imported = nullptr
);

/// Every file that a playlist names: playlists, segments, initialization sections. Each once, in
/// the order they are named.
std::vector<std::string> files_of(const Playlist& playlist);
std::vector<std::string> files_of(const MediaPlaylist& playlist);

}  // namespace ittybit::manifest
