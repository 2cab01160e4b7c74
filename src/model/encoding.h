#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/fields.h"
#include "base/json.h"
#include "model/geometry.h"
#include "model/options.h"

/// How pictures and sound are encoded: values of a Plan, with the names that the libraries use.
namespace ittybit {

/// How pictures are labelled: ITU-T H.273, always limited range.
struct PictureColour {
    std::string primaries = "bt709";  // libav's names
    std::string transfer = "bt709";
    std::string matrix = "bt709";
    static constexpr auto kFields = Fields{
        Field{&PictureColour::primaries, "primaries", ""},
        Field{&PictureColour::transfer, "transfer", ""},
        Field{&PictureColour::matrix, "matrix", ""},
    };
    bool operator==(const PictureColour&) const = default;
};

/// How pictures (8-bit 4:2:0) are encoded by libav.
struct PictureEncoding {
    std::string encoder;  // libav's name: libx264, …
    int width = 0;
    int height = 0;
    int ticks = 90000;  // the clock of timestamps, per second
    int fps_num = 0;    // the nominal rate
    int fps_den = 1;
    int key_interval = 0;                      // frames, at most
    std::optional<std::int64_t> bitrate = {};  // target, bits per second
    std::optional<std::int64_t> max_bitrate;   // enforced over buffer_bits
    std::optional<std::int64_t> buffer_bits;
    int threads = 1;
    bool restarts_at_keys = false;  // makes key frames where they are asked for only as its first
    PictureColour colour;
    json::object options;  // the encoder's own

    static constexpr auto kFields = Fields{
        Field{&PictureEncoding::encoder, "encoder", ""},
        Field{&PictureEncoding::width, "width", ""},
        Field{&PictureEncoding::height, "height", ""},
        Field{&PictureEncoding::ticks, "ticks", ""},
        Field{&PictureEncoding::fps_num, "fps_num", ""},
        Field{&PictureEncoding::fps_den, "fps_den", ""},
        Field{&PictureEncoding::key_interval, "key_interval", ""},
        Field{&PictureEncoding::bitrate, "bitrate", ""}.or_absent(),
        Field{&PictureEncoding::max_bitrate, "max_bitrate", ""}.or_absent(),
        Field{&PictureEncoding::buffer_bits, "buffer_bits", ""}.or_absent(),
        Field{&PictureEncoding::threads, "threads", ""},
        Field{&PictureEncoding::restarts_at_keys, "restarts_at_keys", ""},
        Field{&PictureEncoding::colour, "colour", ""},
        Field{&PictureEncoding::options, "options", ""},
    };
    bool operator==(const PictureEncoding&) const = default;
};

/// What sound must become for an encoder.
struct SoundFormat {
    int sample_rate = 48000;             // hertz
    std::string layout = "stereo";       // libav's name
    std::string sample_format = "fltp";  // libav's name
    static constexpr auto kFields = Fields{
        Field{&SoundFormat::sample_rate, "sample_rate", ""},
        Field{&SoundFormat::layout, "layout", ""},
        Field{&SoundFormat::sample_format, "sample_format", ""},
    };
    bool operator==(const SoundFormat&) const = default;
};

/// How sound is encoded by libav.
struct SoundEncoding {
    std::string encoder = {};
    SoundFormat format = {};
    std::optional<std::int64_t> bitrate = {};
    std::optional<int> bits_per_sample = {};  // lossless: of the source, when below the format's
    json::object options = {};

    static constexpr auto kFields = Fields{
        Field{&SoundEncoding::encoder, "encoder", ""},
        Field{&SoundEncoding::format, "format", ""},
        Field{&SoundEncoding::bitrate, "bitrate", ""}.or_absent(),
        Field{&SoundEncoding::bits_per_sample, "bits_per_sample", ""}.or_absent(),
        Field{&SoundEncoding::options, "options", ""},
    };
    bool operator==(const SoundEncoding&) const = default;
};

/// How a waveform is drawn: a column of pixels for each peak.
struct WaveformDrawing {
    Size size;
    Colour colour;
    Colour background;

    static constexpr auto kFields = Fields{
        Field{&WaveformDrawing::size, "size", ""},
        Field{&WaveformDrawing::colour, "colour", ""},
        Field{&WaveformDrawing::background, "background", ""},
    };
    bool operator==(const WaveformDrawing&) const = default;
};

/// What is told of sound in place of sound.
struct WaveformSettings {
    int points = 200;                             // peaks, of equal parts
    std::optional<std::int64_t> samples = {};     // in all, once they were counted
    std::optional<WaveformDrawing> drawing = {};  // nothing: JSON

    static constexpr auto kFields = Fields{
        Field{&WaveformSettings::points, "points", ""},
        Field{&WaveformSettings::samples, "samples", ""}.or_absent(),
        Field{&WaveformSettings::drawing, "drawing", ""}.or_absent(),
    };
    bool operator==(const WaveformSettings&) const = default;
};

/// How one picture is compressed. PNG has no quality.
struct SaveSettings {
    ImageFormat format = ImageFormat::kJpeg;
    int quality = 75;              // 1–100, the encoder's own scale
    int effort = 4;                // the encoder's own scale
    bool full_chroma = false;      // 4:4:4 instead of 4:2:0; WebP: 4:2:0 with care
    bool has_few_colours = false;  // PNG: tries a palette, for what came with one
    Size size = {};                // of the picture that comes to be saved

    static constexpr auto kFields = Fields{
        Field{&SaveSettings::format, "format", ""},
        Field{&SaveSettings::quality, "quality", ""},
        Field{&SaveSettings::effort, "effort", ""},
        Field{&SaveSettings::full_chroma, "full_chroma", ""},
        Field{&SaveSettings::has_few_colours, "few_colours", ""},
        Field{&SaveSettings::size, "size", ""},
    };
    bool operator==(const SaveSettings&) const = default;
};

/// How an animated GIF is written.
struct GifSettings {
    Size size;
    int loop = 0;           // how often it plays; 0 for ever
    int colours = 256;      // 4–256 a frame, the transparent one included
    int tolerance = 4;      // levels by which a pixel may be off what it is before it is drawn anew
    int table_price = 100;  // what a byte of a frame's own colours must gain, in squared levels
    int dither = 40;        // per cent of a pixel's error that its neighbours take over

    static constexpr auto kFields = Fields{
        Field{&GifSettings::size, "size", ""},
        Field{&GifSettings::loop, "loop", ""},
        Field{&GifSettings::colours, "colours", ""},
        Field{&GifSettings::tolerance, "tolerance", ""},
        Field{&GifSettings::table_price, "table_price", ""},
        Field{&GifSettings::dither, "dither", ""},
    };
    bool operator==(const GifSettings&) const = default;
};

/// How an animated WebP is written.
struct AnimationSettings {
    Size size;
    int loop = 0;      // how often it plays; 0 for ever
    int quality = 75;  // 0–100, of lossy frames
    int effort = 2;    // 0 fastest – 6 smallest

    static constexpr auto kFields = Fields{
        Field{&AnimationSettings::size, "size", ""},
        Field{&AnimationSettings::loop, "loop", ""},
        Field{&AnimationSettings::quality, "quality", ""},
        Field{&AnimationSettings::effort, "effort", ""},
    };
    bool operator==(const AnimationSettings&) const = default;
};

}  // namespace ittybit
