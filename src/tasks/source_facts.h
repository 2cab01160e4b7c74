#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/input.h"
#include "media/stream.h"
#include "model/plan.h"

/// What plans are decided from: the facts of the streams that are used, as plain values.
namespace ittybit::tasks {

/// What reading all packets of a stream, without decoding, tells about copying it.
struct PacketFacts {
    std::int64_t packets = 0;
    std::int64_t bytes = 0;
    double seconds = 0;          // from the first to the last presented
    double begin = 0;            // seconds from the input's origin to the first that is not hidden
    std::int64_t hidden = 0;     // in front, by an edit list
    double longest_key_gap = 0;  // seconds between key frames, or from the last to the end
    bool is_seamless = false;    // whole timestamps, one set of headers, no edits inside
    bool is_guessed = false;     // nothing was read: what speaks for a copy
};

struct PictureFacts {
    int stream = 0;
    std::string codec;
    int profile = -1;  // libav's numbers
    int level = -1;
    AVPixelFormat format = AV_PIX_FMT_NONE;
    Size stored;
    Size display;
    bool is_cropped = false;  // by the container
    bool has_square_pixels = true;
    media::Orientation orientation;
    Ratio fps;                  // 0: not known
    bool is_steady = false;     // every picture lasts as long as `fps` says
    bool is_irregular = false;  // no common rate fits; `fps` is an average
    bool is_interlaced = false;
    bool has_alpha = false;
    media::Hdr hdr = media::Hdr::kNone;
    AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
    AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
    AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
    AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
    std::string language;
    std::optional<double> told_end;      // seconds from the input's origin, by its tables
    std::optional<PacketFacts> packets;  // looked at only when a copy is possible
};

/// What a container says of a track to those who choose among several.
struct TrackLabel {
    std::string title;  // without quotation marks, on one line; mostly ""
    Purpose purpose = Purpose::kMain;
    bool is_forced = false;
};

struct SoundFacts {
    int stream = 0;
    std::string codec;
    int profile = -1;
    int channels = 2;
    std::string layout = "stereo";
    int sample_rate = 48000;
    AVSampleFormat format = AV_SAMPLE_FMT_NONE;
    int bits = 0;  // per sample, as stored; 0: not known
    bool is_lossless = false;
    std::string language;
    TrackLabel label;
    std::optional<double> told_end;  // seconds from the input's origin, by its tables
    std::optional<PacketFacts> packets;
};

struct TextFacts {
    int input = 0;  // its place in Assignment.inputs
    int stream = 0;
    std::string codec;
    std::string language;
    TrackLabel label;
    bool is_default = false;           // shown until others are chosen
    std::optional<std::int64_t> cues;  // where they have been counted
};

struct SourceFacts {
    std::optional<double> duration;  // seconds
    bool is_duration_sure = true;
    std::optional<PictureFacts> picture;
    std::optional<SoundFacts> sound;
    std::vector<SoundFacts> other_sounds;  // of a stream: languages, commentaries …
    std::optional<TextFacts> text;
    std::vector<TextFacts> texts;  // of a stream
    json::object metadata;         // only what may be kept: title, artist, …
    std::vector<std::string> warnings;
};

/// The facts of a video stream of an opened input.
PictureFacts picture_facts(const media::Input& input, int index);

/// The facts of an audio stream of an opened input.
SoundFacts sound_facts(const media::Input& input, int index);

/// The facts of a stream of subtitles.
TextFacts text_facts(const media::Input& input, int index);

/// Titles, artists and the like. Places, dates, serial numbers and software are not among them.
json::object kept_metadata(const media::Input& input);

/// What has no fault.
inline constexpr PacketFacts kPerfectPackets = {
    .packets = 1, .seconds = 1, .is_seamless = true, .is_guessed = true
};

/// Reads the stream's packets to the end with a reader of its own. Errors: those of the source.
Result<PacketFacts> packet_facts(const media::Input& input, int index);

/// How fast the pictures of a variable rate follow each other where they are fastest, but for stray
/// ones. Reads packets with a reader of its own. 0 when there are too few.
Result<Ratio> fastest_rate(const media::Input& input, int index);

/// Seconds from the input's origin to the end of the `count`th picture that a part from `start` on
/// shows (media::PictureWindow); nothing when there are fewer. Reads packets with a reader of its
/// own: of the pictures' stream, the first of `streams`, and of all that are read with it, since
/// joined clocks depend on them.
Result<std::optional<double>> end_of_pictures(
    const media::Input& input, std::span<const int> streams, double start, std::int64_t count
);

}  // namespace ittybit::tasks
