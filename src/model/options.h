#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "model/encrypted_stream.h"
#include "model/geometry.h"
#include "model/levelling.h"
#include "model/moment.h"
#include "model/subtitle_source.h"

/// The options of each kind of job (SPEC section 2): a struct with a table of fields. JSON reading,
/// JSON Schema, OpenAPI, command-line flags and docs/options.md are all derived from these rows.
namespace ittybit {

enum class VideoFormat { kMp4, kWebm, kMov };
constexpr auto names(VideoFormat) {
    return std::array{
        Name{VideoFormat::kMp4, "mp4", "plays everywhere"},
        Name{VideoFormat::kWebm, "webm", "VP9 or AV1 with Opus"},
        Name{VideoFormat::kMov, "mov", "QuickTime"},
    };
}

enum class VideoCodec { kH264, kH265, kVp9, kAv1 };
constexpr auto names(VideoCodec) {
    return std::array{
        Name{VideoCodec::kH264, "h264", "plays everywhere; mp4 and mov"},
        Name{VideoCodec::kH265, "h265", "smaller; mp4 and mov"},
        Name{VideoCodec::kVp9, "vp9", "webm"},
        Name{VideoCodec::kAv1, "av1", "smallest, slowest; mp4 and webm"},
    };
}

enum class AudioFormat { kMp3, kAac, kOgg, kOpus, kWav, kFlac };
constexpr auto names(AudioFormat) {
    return std::array{
        Name{AudioFormat::kMp3, "mp3", "MP3"},
        Name{AudioFormat::kAac, "aac", "AAC-LC in ADTS"},
        Name{AudioFormat::kOgg, "ogg", "Vorbis in Ogg"},
        Name{AudioFormat::kOpus, "opus", "Opus in Ogg"},
        Name{AudioFormat::kWav, "wav", "PCM, lossless"},
        Name{AudioFormat::kFlac, "flac", "FLAC, lossless"},
    };
}

/// What is made of sound in place of sound.
enum class Waveform { kJson, kPng };
constexpr auto names(Waveform) {
    return std::array{
        Name{Waveform::kJson, "json", "its peaks as numbers"},
        Name{Waveform::kPng, "png", "a drawing of them"},
    };
}

enum class ImageFormat { kJpeg, kPng, kWebp, kAvif };
constexpr auto names(ImageFormat) {
    return std::array{
        Name{ImageFormat::kJpeg, "jpeg", "for photos"},
        Name{ImageFormat::kJpeg, "jpg", ""},
        Name{ImageFormat::kPng, "png", "lossless, with alpha"},
        Name{ImageFormat::kWebp, "webp", "smaller than jpeg, with alpha"},
        Name{ImageFormat::kAvif, "avif", "smallest, with alpha"},
    };
}

enum class AnimationFormat { kGif, kWebp };
constexpr auto names(AnimationFormat) {
    return std::array{
        Name{AnimationFormat::kGif, "gif", "shows everywhere, 256 colours"},
        Name{AnimationFormat::kWebp, "webp", "smaller, true colour"},
    };
}

enum class StreamingFormat { kHls };
constexpr auto names(StreamingFormat) {
    return std::array{Name{StreamingFormat::kHls, "hls", "HTTP Live Streaming with CMAF segments"}};
}

/// A perceptual target: the same to the eye whichever codec is used.
enum class Quality { kVeryLow, kLow, kMedium, kHigh, kVeryHigh };
constexpr auto names(Quality) {
    return std::array{
        Name{Quality::kVeryLow, "very_low", "a preview"},
        Name{Quality::kLow, "low", "visibly compressed"},
        Name{Quality::kMedium, "medium", "good on the web"},
        Name{Quality::kHigh, "high", "hard to tell from the source"},
        Name{Quality::kVeryHigh, "very_high", "as good as the source to the eye"},
    };
}

enum class Fit { kContain, kCover, kFill };
constexpr auto names(Fit) {
    return std::array{
        Name{Fit::kContain, "contain", "the whole picture, padded"},
        Name{Fit::kCover, "cover", "fills the box, cropped"},
        Name{Fit::kFill, "fill", "stretched"},
    };
}

/// Which part of the picture `cover` keeps.
enum class Position {
    kCenter,
    kTop,
    kBottom,
    kLeft,
    kRight,
    kTopLeft,
    kTopRight,
    kBottomLeft,
    kBottomRight,
};
constexpr auto names(Position) {
    return std::array{
        Name{Position::kCenter, "center", "the middle"},
        Name{Position::kTop, "top", "the top"},
        Name{Position::kBottom, "bottom", "the bottom"},
        Name{Position::kLeft, "left", "the left"},
        Name{Position::kRight, "right", "the right"},
        Name{Position::kTopLeft, "top_left", "a corner"},
        Name{Position::kTopLeft, "top-left", ""},
        Name{Position::kTopRight, "top_right", "a corner"},
        Name{Position::kTopRight, "top-right", ""},
        Name{Position::kBottomLeft, "bottom_left", "a corner"},
        Name{Position::kBottomLeft, "bottom-left", ""},
        Name{Position::kBottomRight, "bottom_right", "a corner"},
        Name{Position::kBottomRight, "bottom-right", ""},
    };
}

/// How subtitles are shown.
enum class SubtitleStyle { kSidecar, kBurnIn };
constexpr auto names(SubtitleStyle) {
    return std::array{
        Name{SubtitleStyle::kSidecar, "sidecar", "a track of the file, and a .vtt beside it"},
        Name{SubtitleStyle::kBurnIn, "burn_in", "part of the picture, for ever"},
    };
}

/// A text track of the input: its number there, or its language.
struct TrackChoice {
    std::optional<int> number;
    std::string language;  // where there is no number

    /// Reads `2`, `"2"` or `"eng"`. Errors: `invalid_options`.
    static Result<TrackChoice> from_json(const json::value& value);
    json::value to_json_value() const;
    static json::object schema();
    bool operator==(const TrackChoice&) const = default;
};

/// What the picture is fitted into.
struct Framing {
    std::optional<Length> width;
    std::optional<Length> height;
    std::optional<Fit> fit;
    std::optional<Position> position;
    std::optional<Colour> background;

    bool is_resizing() const { return width || height; }
    bool operator==(const Framing&) const = default;
};

/// The rows of Framing; `longest` is the greatest side in pixels.
constexpr auto framing_fields(double longest) {
    return Fields{
        Field{
            &Framing::width, "width",
            "Pixels, or a percentage like \"50%\" of the display width. One side alone keeps the "
            "proportions."
        }
            .between(1, longest),
        Field{&Framing::height, "height", "Pixels, or a percentage of the display height."}.between(
            1, longest
        ),
        Field{
            &Framing::fit, "fit",
            "How the picture meets a box of both width and height; contain by default."
        },
        Field{&Framing::position, "position", "Which part `cover` keeps; center by default."},
        Field{
            &Framing::background, "background",
            "What pads the picture (`contain`), black by default or transparent where the format "
            "has alpha; and what transparency that must go is flattened on, white by default. As "
            "#rgb, #rrggbb or #rrggbbaa."
        },
    };
}

/// The part of the input that is used, in seconds from its first presented sample.
struct Span {
    std::optional<double> start;
    std::optional<double> end;
    bool operator==(const Span&) const = default;
};

inline constexpr double kLongestSpan = 31'536'000;  // a year
inline constexpr Field kStartField =
    Field{&Span::start, "start", "Seconds; where the output begins, 0 by default."}.between(
        0, kLongestSpan
    );
inline constexpr Field kEndField =
    Field{&Span::end, "end", "Seconds; where the output ends, the input's end by default."}.between(
        0, kLongestSpan
    );

constexpr std::string_view kQualityHelp =
    "A perceptual target, the same for every codec; medium by default.";

struct VideoOptions : Framing, Span, Levelling {
    VideoFormat format = VideoFormat::kMp4;
    std::optional<VideoCodec> codec;
    std::optional<Quality> quality;
    std::optional<double> fps;
    std::optional<std::int64_t> bitrate;
    bool no_audio = false;
    std::optional<int> frames;
    std::optional<std::string> subtitle_url;
    std::optional<TrackChoice> subtitle_track;
    std::optional<SubtitleStyle> subtitle_style;

    bool has_subtitles() const { return subtitle_url || subtitle_track; }
    bool burns_in() const { return subtitle_style == SubtitleStyle::kBurnIn; }

    /// The codec asked for, else the container's own: h264, or vp9 in webm.
    VideoCodec chosen_codec() const {
        return codec.value_or(format == VideoFormat::kWebm ? VideoCodec::kVp9 : VideoCodec::kH264);
    }

    static constexpr auto kFields =
        Fields{
            Field{&VideoOptions::format, "format", "The container."},
            Field{
                &VideoOptions::codec, "codec",
                "How the picture is compressed; h264 by default, vp9 in webm."
            },
            Field{&VideoOptions::quality, "quality", kQualityHelp},
        } +
        framing_fields(8192) +
        Fields{
            Field{&VideoOptions::fps, "fps", "Frames per second; as the input by default."}.between(
                1, 60
            ),
            Field{
                &VideoOptions::bitrate, "bitrate",
                "Bits per second of the picture; wins over quality."
            }
                .between(300'000, 60'000'000),
            kStartField,
            kEndField,
            Field{&VideoOptions::no_audio, "no_audio", "Leave the sound out."},
            kNormalizeField,
            kTargetLufsField,
            Field{
                &VideoOptions::frames, "frames",
                "Stop after this many output frames; the sound is cut there."
            }
                .between(1, 1'000'000),
            Field{
                &VideoOptions::subtitle_url, "subtitle_url",
                "Subtitles to show: SRT, WebVTT or ASS, fetched like the input."
            },
            Field{
                &VideoOptions::subtitle_track, "subtitle_track",
                "Or a text track of the input: the index of its stream, or its language."
            },
            Field{
                &VideoOptions::subtitle_style, "subtitle_style",
                "How they are shown; sidecar by default."
            },
        };
};

struct AudioOptions : Span, Levelling {
    std::optional<AudioFormat> format;
    std::optional<Quality> quality;
    std::optional<std::int64_t> bitrate;
    std::optional<Waveform> waveform;
    std::optional<int> waveform_points;
    std::optional<int> width;
    std::optional<int> height;
    std::optional<Colour> background;
    std::optional<Colour> colour;

    /// Of sound: the one asked for, else mp3.
    AudioFormat chosen_format() const { return format.value_or(AudioFormat::kMp3); }

    static constexpr auto kFields = Fields{
        Field{&AudioOptions::format, "format", "The container and codec; mp3 by default."},
        Field{&AudioOptions::quality, "quality", kQualityHelp},
        Field{
            &AudioOptions::bitrate, "bitrate",
            "Bits per second; wins over quality. Not for wav and flac."
        }
            .between(32'000, 320'000),
        kStartField,
        kEndField,
        Field{&AudioOptions::waveform, "waveform", "Makes the peaks of the sound in place of it."},
        Field{
            &AudioOptions::waveform_points, "waveform_points",
            "How many peaks a waveform in json has, of equal parts of the sound; 200 by default."
        }
            .between(10, 20'000),
        Field{
            &AudioOptions::width, "width",
            "Pixels of a waveform in png, one peak each; 1200 by default."
        }
            .between(16, 8192),
        Field{&AudioOptions::height, "height", "Pixels of a waveform in png; 240 by default."}
            .between(16, 4096),
        Field{
            &AudioOptions::background, "background",
            "Colour behind a waveform in png: #rgb, #rrggbb or #rrggbbaa; transparent by default."
        },
        Field{
            &AudioOptions::colour, "colour",
            "Colour of a waveform in png: #rgb, #rrggbb or #rrggbbaa; #3b82f6 by default."
        },
        kNormalizeField,
        kTargetLufsField,
    };
};

/// What becomes of many pictures.
enum class Sheet { kSprite };
constexpr auto names(Sheet) {
    return std::array{Name{Sheet::kSprite, "sprite", "sheets of tiles, and thumbnails.vtt"}};
}

struct ImageOptions : Framing {
    std::optional<ImageFormat> format;
    std::optional<Quality> quality;
    Moment start;
    std::optional<double> end;
    std::optional<double> interval;
    std::optional<Sheet> sheet;

    static constexpr auto kFields =
        Fields{
            Field{
                &ImageOptions::format, "format",
                "The input image's own format by default, else jpeg."
            },
            Field{&ImageOptions::quality, "quality", kQualityHelp},
        } +
        framing_fields(16384) +
        Fields{
            Field{
                &ImageOptions::start, "start",
                "Seconds; the frame on screen then is the picture. Or \"auto\": the first of the "
                "film's first third that is neither black, flat nor blurred."
            }
                .between(0, kLongestSpan),
            Field{
                &ImageOptions::end, "end",
                "Seconds; with interval: where the pictures end, the input's end by default."
            }
                .between(0, kLongestSpan),
            Field{
                &ImageOptions::interval, "interval",
                "Seconds; one picture each so often, from start to end: the output is a folder."
            }
                .between(0.1, 3600),
            Field{
                &ImageOptions::sheet, "sheet",
                "With interval: the pictures as tiles of sheets, for a player's scrub bar."
            },
        };
};

struct AnimationOptions : Framing, Span {
    AnimationFormat format = AnimationFormat::kGif;
    std::optional<Quality> quality;
    double fps = 10;

    static constexpr auto kFields =
        Fields{
            Field{&AnimationOptions::format, "format", "The file format."},
            Field{&AnimationOptions::quality, "quality", kQualityHelp},
        } +
        framing_fields(8192) +
        Fields{
            Field{&AnimationOptions::fps, "fps", "Frames per second; gif is made at 50 at most."}
                .between(1, 60),
            kStartField,
            Field{&Span::end, "end", "Seconds; where it ends."}.between(0, kLongestSpan).required(),
        };
};

/// The pictures of a stream, from what plays everywhere to what is smallest.
enum class StreamCodec { kH264, kH265, kAv1 };
constexpr auto names(StreamCodec) {
    return std::to_array<Name<StreamCodec>>({
        {StreamCodec::kH264, "h264", "plays everywhere; up to 1080 lines"},
        {StreamCodec::kH265, "h265", "smaller; up to 2160 lines"},
        {StreamCodec::kAv1, "av1", "smallest, slowest; up to 2160 lines"},
    });
}

struct AdaptiveVideoOptions : Framing, Span, Levelling {
    StreamingFormat format = StreamingFormat::kHls;
    std::optional<Quality> quality;
    std::vector<StreamCodec> codecs;  // empty: H.264
    bool no_audio = false;
    bool mute_video = false;
    std::vector<SubtitleSource> subtitles;
    bool no_subtitles = false;
    std::optional<bool> dash;
    std::optional<StreamEncryption> encryption;

    bool makes_dash() const { return dash.value_or(!encryption); }

    static constexpr auto kFields =
        Fields{
            Field{&AdaptiveVideoOptions::format, "format", "The streaming format."},
            Field{&AdaptiveVideoOptions::quality, "quality", kQualityHelp},
            Field{
                &AdaptiveVideoOptions::codecs, "codecs",
                "A ladder each, of which players take what they can; h264 by default."
            },
        } +
        framing_fields(8192) +
        Fields{
            kStartField,
            kEndField,
            Field{&AdaptiveVideoOptions::no_audio, "no_audio", "Leave the sound out."},
            Field{
                &AdaptiveVideoOptions::mute_video, "mute_video",
                "Leave the picture out: a stream of the sound alone."
            },
            Field{
                &AdaptiveVideoOptions::subtitles, "subtitles",
                "Subtitles that viewers can choose, beside those of the input; 16 at most."
            },
            Field{
                &AdaptiveVideoOptions::no_subtitles, "no_subtitles",
                "Leave the input's own subtitles out."
            },
            Field{
                &AdaptiveVideoOptions::dash, "dash",
                "A DASH manifest too, manifest.mpd, over the same segments; by default, but not "
                "of what is encrypted."
            },
            Field{
                &AdaptiveVideoOptions::encryption, "encryption",
                "Encrypt the stream, so that only who gets the key can play it."
            },
            kNormalizeField,
            kTargetLufsField,
        };
};

/// What no single row can say: each sentence is appended to `problems`, as `{kind, field,
/// sentence}`.
struct OptionProblem {
    ErrorKind kind = ErrorKind::kInvalidOptions;  // or invalid_format, invalid_codec
    std::string field;                            // dotted path below the options
    std::string message;
    std::vector<std::string_view> beside = {};  // other options that it follows from
};
void check(const VideoOptions& options, std::vector<OptionProblem>& problems);
void check(const AudioOptions& options, std::vector<OptionProblem>& problems);
void check(const ImageOptions& options, std::vector<OptionProblem>& problems);
void check(const AnimationOptions& options, std::vector<OptionProblem>& problems);
void check(const AdaptiveVideoOptions& options, std::vector<OptionProblem>& problems);

}  // namespace ittybit
