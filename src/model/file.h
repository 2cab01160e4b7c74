#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace ittybit {

/// The facts of one stream of a media file. Absent facts are null.
struct StreamFacts {
    int index = 0;
    std::string type;   // video, audio, subtitle, data, cover
    std::string codec;  // h264, aac, …
    std::optional<std::string> profile;
    std::optional<double> duration;  // seconds
    std::optional<std::int64_t> bitrate;
    std::optional<std::string> language;  // as the file says it: "eng"
    std::optional<bool> is_default;
    std::optional<int> width;  // stored, before rotation and sample aspect
    std::optional<int> height;
    std::optional<double> fps;
    std::optional<int> rotation;  // degrees clockwise that display needs: 0, 90, 180, 270
    std::optional<std::string> sample_aspect;  // "4:3"; absent when square
    std::optional<std::string> pixel_format;
    std::optional<int> bit_depth;
    std::optional<bool> interlaced;
    std::optional<std::string> hdr;  // "hdr10", "hlg", "dolby_vision"; absent for SDR
    std::optional<std::string> color_primaries;
    std::optional<std::string> color_transfer;
    std::optional<std::string> color_space;
    std::optional<std::string> color_range;
    std::optional<bool> alpha;
    std::optional<int> channels;
    std::optional<std::string> channel_layout;
    std::optional<int> sample_rate;

    static constexpr auto kFields = Fields{
        Field{&StreamFacts::index, "index", "Position in the file, from 0."},
        Field{&StreamFacts::type, "type", "video, audio, subtitle, data or cover."},
        Field{&StreamFacts::codec, "codec", "The codec's usual short name."},
        Field{&StreamFacts::profile, "profile", "The codec profile."},
        Field{&StreamFacts::duration, "duration", "Seconds."},
        Field{&StreamFacts::bitrate, "bitrate", "Bits per second."},
        Field{&StreamFacts::language, "language", "As the file says it."},
        Field{&StreamFacts::is_default, "default", "Whether the file flags it as the default."},
        Field{&StreamFacts::width, "width", "Stored pixels, before rotation and sample aspect."},
        Field{&StreamFacts::height, "height", "Stored pixels, before rotation and sample aspect."},
        Field{&StreamFacts::fps, "fps", "Average frames per second."},
        Field{&StreamFacts::rotation, "rotation", "Degrees clockwise that display needs."},
        Field{&StreamFacts::sample_aspect, "sample_aspect", "Pixel shape like 4:3."},
        Field{&StreamFacts::pixel_format, "pixel_format", "FFmpeg's name of the pixel format."},
        Field{&StreamFacts::bit_depth, "bit_depth", "Bits per component."},
        Field{&StreamFacts::interlaced, "interlaced", "Whether frames hold two fields."},
        Field{&StreamFacts::hdr, "hdr", "hdr10, hlg or dolby_vision; null for SDR."},
        Field{&StreamFacts::color_primaries, "color_primaries", "ITU-T H.273 name."},
        Field{&StreamFacts::color_transfer, "color_transfer", "ITU-T H.273 name."},
        Field{&StreamFacts::color_space, "color_space", "ITU-T H.273 matrix name."},
        Field{&StreamFacts::color_range, "color_range", "tv or pc."},
        Field{&StreamFacts::alpha, "alpha", "Whether the picture has transparency."},
        Field{&StreamFacts::channels, "channels", "Audio channels."},
        Field{&StreamFacts::channel_layout, "channel_layout", "mono, stereo, 5.1, …"},
        Field{&StreamFacts::sample_rate, "sample_rate", "Hertz."},
    };
};

struct CodecNames {
    std::optional<std::string> video;
    std::optional<std::string> audio;
    static constexpr auto kFields = Fields{
        Field{&CodecNames::video, "video", "Codec of the picture."},
        Field{&CodecNames::audio, "audio", "Codec of the sound."},
    };
};

/// How loud sound was and is that was brought to one loudness (EBU R 128).
struct LoudnessFacts {
    std::optional<double> input_lufs;
    std::optional<double> output_lufs;
    std::optional<double> input_dbtp;
    std::optional<double> output_dbtp;
    double gain_db = 0;
    bool is_limited = false;
    static constexpr auto kFields = Fields{
        Field{
            &LoudnessFacts::input_lufs, "input_lufs",
            "Integrated loudness of the sound used, mixed as in the output; null where it has none."
        },
        Field{&LoudnessFacts::output_lufs, "output_lufs", "The same of what was encoded."},
        Field{&LoudnessFacts::input_dbtp, "input_dbtp", "True peak; null for silence."},
        Field{&LoudnessFacts::output_dbtp, "output_dbtp", "The same of what was encoded."},
        Field{&LoudnessFacts::gain_db, "gain_db", "By how many decibels it was made louder."},
        Field{
            &LoudnessFacts::is_limited, "limited",
            "Whether its peaks were held down; else nothing but the gain was changed."
        },
    };
};

/// How many files a many-part output (HLS) has, and their bytes in all.
struct Parts {
    int count = 0;
    std::int64_t size = 0;
    static constexpr auto kFields = Fields{
        Field{&Parts::count, "count", "Files."},
        Field{&Parts::size, "size", "Bytes of all files."},
    };
};

/// How a stream is encrypted.
struct EncryptionFacts {
    std::string method;
    std::string key_url;
    static constexpr auto kFields = Fields{
        Field{&EncryptionFacts::method, "method", "aes-128."},
        Field{&EncryptionFacts::key_url, "key_url", "Where players get the key."},
    };
};

/// One rendition of a many-part output.
struct Rendition {
    std::string name;
    std::optional<int> width = {};
    std::optional<int> height = {};
    std::optional<double> fps;
    std::int64_t bandwidth = 0;          // peak, bits per second
    std::int64_t average_bandwidth = 0;  // bits per second
    std::string codecs;                  // RFC 6381
    static constexpr auto kFields = Fields{
        Field{&Rendition::name, "name", "720p, audio, …"},
        Field{&Rendition::width, "width", "Pixels."},
        Field{&Rendition::height, "height", "Pixels."},
        Field{&Rendition::fps, "fps", "Frames per second."},
        Field{&Rendition::bandwidth, "bandwidth", "Peak bits per second."},
        Field{&Rendition::average_bandwidth, "average_bandwidth", "Average bits per second."},
        Field{&Rendition::codecs, "codecs", "RFC 6381 codec strings."},
    };
};

/// The facts of a file (SPEC: the task object). Width and height are display size: rotation and
/// sample aspect applied. `url` is filled where the file is published.
struct File {
    std::string kind;  // video, audio, image, animation, adaptive_video, waveform
    std::optional<std::string> url;
    std::string format;  // mp4, webm, jpeg, hls, …
    std::optional<std::int64_t> size;
    std::optional<int> width;
    std::optional<int> height;
    std::optional<double> duration;  // seconds
    std::optional<double> fps;
    std::optional<std::int64_t> bitrate;
    CodecNames codecs;
    std::optional<int> rotation;
    std::vector<StreamFacts> streams;
    std::optional<Parts> parts;
    std::optional<std::vector<Rendition>> renditions;
    std::optional<EncryptionFacts> encryption;
    std::optional<LoudnessFacts> loudness;
    std::vector<std::string> warnings;
    std::string object = "file";

    static constexpr auto kFields = Fields{
        Field{&File::object, "object", "Always file."},
        Field{&File::kind, "kind", "video, audio, image, animation, adaptive_video or waveform."},
        Field{&File::url, "url", "Where it is."},
        Field{&File::format, "format", "Container or image format."},
        Field{&File::size, "size", "Bytes."},
        Field{&File::width, "width", "Display pixels."},
        Field{&File::height, "height", "Display pixels."},
        Field{&File::duration, "duration", "Seconds."},
        Field{&File::fps, "fps", "Average frames per second."},
        Field{&File::bitrate, "bitrate", "Bits per second of the whole file."},
        Field{&File::codecs, "codecs", "Codecs of picture and sound."},
        Field{&File::rotation, "rotation", "Degrees clockwise that display needs."},
        Field{&File::streams, "streams", "Facts of each stream."},
        Field{&File::parts, "parts", "Files of a many-part output."}.or_absent(),
        Field{&File::renditions, "renditions", "Renditions of a many-part output."}.or_absent(),
        Field{&File::encryption, "encryption", "Of a stream that is encrypted."}.or_absent(),
        Field{&File::loudness, "loudness", "Of an output whose loudness was normalized."}.or_absent(
        ),
        Field{
            &File::warnings, "warnings", "What of the input is missing in it, beyond 1 % or 1 s."
        },
    };
};

}  // namespace ittybit
