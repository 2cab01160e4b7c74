#include "tasks/quality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <span>
#include <string_view>
#include <thread>

#include <fmt/format.h>

namespace ittybit::tasks {
namespace {

struct Level {
    int crf;
    std::string_view preset;  // vp9, av1: the encoder's speed
};
using Levels = std::array<Level, 5>;  // very_low … very_high

constexpr Levels kX264 = {
    {{29, "veryfast"}, {27, "faster"}, {23, "fast"}, {20, "fast"}, {17, "fast"}}
};
constexpr Levels kX265 = {
    {{32, "superfast"}, {30, "veryfast"}, {26, "veryfast"}, {22, "veryfast"}, {18, "veryfast"}}
};
constexpr Levels kVp9 = {{{48, "5"}, {40, "5"}, {34, "4"}, {28, "4"}, {20, "4"}}};
constexpr Levels kSvtAv1 = {{{58, "10"}, {44, "9"}, {35, "9"}, {27, "8"}, {19, "8"}}};
constexpr Levels kAom = {{{58, "8"}, {44, "8"}, {35, "8"}, {27, "8"}, {19, "8"}}};

/// Bits per second of stereo.
using Rates = std::array<std::int64_t, 5>;
constexpr Rates kAacRates = {64'000, 96'000, 128'000, 192'000, 256'000};
constexpr Rates kOpusRates = {48'000, 64'000, 96'000, 128'000, 192'000};
constexpr Rates kMp3Rates = {96'000, 128'000, 192'000, 256'000, 320'000};
constexpr std::array<int, 5> kVorbisQuality = {1, 3, 4, 6, 8};

/// Slower ones are not in every player, and an encoder's delay is long in them.
constexpr std::array kSampleRates = {22050, 24000, 32000, 44100, 48000};

/// How much louder than what went in the true peak of what is decoded may be: a little more than in
/// any of limited drums, castanets, noise, square waves and dense music.
struct Overshoot {
    std::string_view encoder;
    std::int64_t below;  // bits per second of stereo
    double db;
};
constexpr std::int64_t kAnyRate = std::numeric_limits<std::int64_t>::max();
constexpr std::array kOvershoots = {
    Overshoot{"aac", 112'000, 4.2},        Overshoot{"aac", kAnyRate, 3.1},
    Overshoot{"libopus", 160'000, 3.5},    Overshoot{"libopus", kAnyRate, 2.8},
    Overshoot{"libmp3lame", 80'000, 4.0},  Overshoot{"libmp3lame", kAnyRate, 2.5},
    Overshoot{"libvorbis", kAnyRate, 3.5},
};

template <typename Row>
const typename Row::value_type& level(const Row& rows, Quality quality) {
    return rows.at(static_cast<std::size_t>(quality));
}

/// The lowest rate that loses nothing, a multiple of the source's where there is one.
int liked_rate(int rate) {
    for (const int candidate : kSampleRates) {
        if (candidate % rate == 0) return candidate;
    }
    for (const int candidate : kSampleRates) {
        if (candidate * 1.005 >= rate) return candidate;
    }
    return rate % 11025 == 0 ? 44100 : 48000;
}

int key_interval(Ratio fps) {
    const double rate = fps.num > 0 ? fps.value() : 25;
    return static_cast<int>(std::clamp(std::lround(rate * 5), 2L, 300L));
}

void set_rate(PictureEncoding& how, const PictureTarget& target, int crf) {
    if (target.bitrate) {
        how.bitrate = target.bitrate;
        how.max_bitrate = *target.bitrate * 3 / 2;
        how.buffer_bits = std::min<std::int64_t>(*target.bitrate * 2, 2'000'000'000);
        return;
    }
    how.options["crf"] = crf;
}

PictureEncoding x264(const PictureTarget& target) {
    const Level row = level(kX264, target.quality);
    PictureEncoding how;
    how.encoder = "libx264";
    how.threads = std::min(16, target.cores * 3 / 2);
    how.options = {{"preset", json::string(row.preset)}, {"profile", "high"}};
    set_rate(how, target, row.crf);
    return how;
}

PictureEncoding x265(const PictureTarget& target) {
    const Level row = level(kX265, target.quality);
    PictureEncoding how;
    how.encoder = "libx265";
    // Its threads are a pool, which libav's count does not reach.
    how.options = {
        {"preset", json::string(row.preset)},
        {"x265-params", fmt::format(
                            "log-level=none:pools={}:frame-threads={}", std::min(32, target.cores),
                            std::clamp(target.cores / 2, 1, 4)
                        )},
    };
    set_rate(how, target, row.crf);
    return how;
}

/// Columns of tiles, each at least 256 pixels wide, as a power of two.
int tile_columns(const PictureTarget& target) {
    int log = 0;
    while ((target.size.width >> (log + 1)) >= 256 && (2 << log) <= target.cores) ++log;
    return log;
}

PictureEncoding vp9(const PictureTarget& target) {
    const Level row = level(kVp9, target.quality);
    PictureEncoding how;
    how.encoder = "libvpx-vp9";
    how.threads = std::min(16, target.cores);
    how.options = {
        {"deadline", "good"}, {"cpu-used", json::string(row.preset)},
        {"row-mt", 1},        {"tile-columns", tile_columns(target)},
        {"auto-alt-ref", 1},  {"lag-in-frames", 25},
    };
    set_rate(how, target, row.crf);
    if (!target.bitrate) how.bitrate = 0;
    return how;
}

PictureEncoding av1(const PictureTarget& target) {
    constexpr int kLeast = 64;  // pixels a side that SVT-AV1 takes
    constexpr int kHighest = 8704;
    const auto& [width, height] = target.size;
    const bool is_odd = width < kLeast || height < kLeast || height > kHighest;
    const Level row = level(is_odd ? kAom : kSvtAv1, target.quality);
    PictureEncoding how;
    how.threads = std::min(16, target.cores);
    if (is_odd) {
        how.encoder = "libaom-av1";
        how.options = {{"cpu-used", json::string(row.preset)}, {"row-mt", 1}};
        set_rate(how, target, row.crf);
        return how;
    }
    how.encoder = "libsvtav1";
    how.options = {
        {"preset", json::string(row.preset)},
        {"svtav1-params", fmt::format("lp={}", how.threads)},
    };
    set_rate(how, target, row.crf);
    // SVT-AV1 has no such bounds beside a target.
    how.max_bitrate.reset();
    how.buffer_bits.reset();
    return how;
}

std::int64_t rate_for(std::int64_t stereo, bool is_mono) {
    return is_mono ? stereo / 2 : stereo;
}

SoundEncoding aac(std::int64_t bitrate, const SoundFacts& source) {
    return {
        .encoder = "aac",
        .format = {liked_rate(source.sample_rate), "stereo", "fltp"},
        .bitrate = bitrate,
        // Noise put in place of what is like noise has peaks of its own, up to 4 dB higher.
        .options = {{"aac_pns", "0"}},
    };
}

SoundEncoding opus(std::int64_t bitrate) {
    return {.encoder = "libopus", .format = {48000, "stereo", "flt"}, .bitrate = bitrate};
}

SoundEncoding mp3(std::int64_t bitrate, const SoundFacts& source) {
    return {
        .encoder = "libmp3lame",
        .format = {liked_rate(source.sample_rate), "stereo", "fltp"},
        .bitrate = bitrate,
    };
}

SoundEncoding vorbis(
    Quality quality, std::optional<std::int64_t> bitrate, const SoundFacts& source
) {
    SoundEncoding how{
        .encoder = "libvorbis",
        .format = {liked_rate(source.sample_rate), "stereo", "fltp"},
    };
    if (bitrate) {
        // Slow sampling has a low ceiling of bits, below what may be asked for.
        how.format.sample_rate = std::max(44100, how.format.sample_rate);
        how.bitrate = bitrate;
    } else {
        how.options = {
            {"flags", "+qscale"},
            {"global_quality", level(kVorbisQuality, quality) * FF_QP2LAMBDA},
        };
    }
    return how;
}

/// The most bits per second that an encoder gives to sound. (MP3: its tables, of which that below
/// 32 kHz ends early; AAC: 6144 bits a channel of a frame; libopus: 256 kb/s a channel; libvorbis:
/// the end of its tables for 44.1 and 48 kHz.)
std::int64_t most_bitrate(const SoundEncoding& how, bool is_mono) {
    const int rate = how.format.sample_rate;
    if (how.encoder == "libmp3lame") return rate < 32000 ? 160'000 : 320'000;
    if (how.encoder == "libopus") return is_mono ? 256'000 : 512'000;
    if (how.encoder == "libvorbis") return is_mono ? 240'000 : 500'000;
    return std::int64_t{rate} * 6144 / 1024 * (is_mono ? 1 : 2);
}

/// The nearest bitrate that an encoder takes.
std::int64_t taken(const SoundEncoding& how, std::int64_t bitrate, bool is_mono) {
    const std::int64_t least = is_mono ? 32'000 : 45'000;  // of libvorbis' tables
    if (how.encoder == "libvorbis") bitrate = std::max(bitrate, least);
    return std::min(bitrate, most_bitrate(how, is_mono));
}

/// Bits that hold every sample of the source; lossy codecs have nothing below 16.
int exact_bits(const SoundFacts& source) {
    if (!source.is_lossless) return 16;
    const bool is_wide = source.format == AV_SAMPLE_FMT_S32 || source.format == AV_SAMPLE_FMT_S32P;
    if (source.bits > 0) return source.bits;
    return is_wide ? 32 : 16;
}

bool is_float(const SoundFacts& source) {
    const auto format = av_get_packed_sample_fmt(source.format);
    return source.is_lossless && (format == AV_SAMPLE_FMT_FLT || format == AV_SAMPLE_FMT_DBL);
}

SoundEncoding wav(const SoundFacts& source) {
    SoundEncoding how{.format = {source.sample_rate, source.layout, "s16"}};
    const auto format = av_get_packed_sample_fmt(source.format);
    if (is_float(source)) {
        how.encoder = format == AV_SAMPLE_FMT_DBL ? "pcm_f64le" : "pcm_f32le";
        how.format.sample_format = format == AV_SAMPLE_FMT_DBL ? "dbl" : "flt";
        return how;
    }
    const int bits = exact_bits(source);
    how.encoder = bits <= 8    ? "pcm_u8"
                  : bits <= 16 ? "pcm_s16le"
                  : bits <= 24 ? "pcm_s24le"
                               : "pcm_s32le";
    how.format.sample_format = bits <= 8 ? "u8" : bits <= 16 ? "s16" : "s32";
    return how;
}

/// A frame's header has 16 bits for the rate, in tens where it is higher (RFC 9639, 9.1.2).
int flac_rate(int rate) {
    while (rate >= 655350) rate /= 2;
    return rate < 65535 ? rate : rate - rate % 10;
}

SoundEncoding flac(const SoundFacts& source) {
    const int rate = flac_rate(source.sample_rate);
    SoundEncoding how{.encoder = "flac", .format = {rate, source.layout, "s16"}};
    if (exact_bits(source) > 16 || is_float(source)) {
        how.format.sample_format = "s32";
        how.bits_per_sample = 24;
    }
    how.options = {{"compression_level", 5}};
    return how;
}

}  // namespace

int machine_cores() {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

Result<PictureEncoding> picture_encoding(const PictureTarget& target) {
    const bool is_tiny = std::min(target.size.width, target.size.height) < 16;
    if (target.codec == VideoCodec::kH265 && is_tiny) {
        return Error{
            ErrorKind::kEncodeFailed,
            fmt::format(
                "h265 cannot make a picture of {}x{} pixels; choose at least 16 each way, or h264",
                target.size.width, target.size.height
            ),
            "codec"
        };
    }
    const auto base = [&] {
        switch (target.codec) {
            case VideoCodec::kH264: return x264(target);
            case VideoCodec::kH265: return x265(target);
            case VideoCodec::kVp9: return vp9(target);
            case VideoCodec::kAv1: return av1(target);
        }
        return x264(target);
    };
    PictureEncoding how = base();
    how.width = target.size.width;
    how.height = target.size.height;
    how.ticks = target.ticks;
    how.fps_num = target.fps.num > 0 ? target.fps.num : 25;
    how.fps_den = target.fps.num > 0 ? target.fps.den : 1;
    how.key_interval = key_interval(target.fps);
    how.colour = target.colour;
    return how;
}

SoundEncoding video_sound_encoding(VideoFormat format, Quality quality, const SoundFacts& source) {
    const bool is_mono = source.channels == 1;
    SoundEncoding how = format == VideoFormat::kWebm
                            ? opus(rate_for(level(kOpusRates, quality), is_mono))
                            : aac(rate_for(level(kAacRates, quality), is_mono), source);
    if (is_mono) how.format.layout = "mono";
    return how;
}

SoundEncoding sound_encoding(
    AudioFormat format,
    Quality quality,
    std::optional<std::int64_t> bitrate,
    const SoundFacts& source
) {
    if (format == AudioFormat::kWav) return wav(source);
    if (format == AudioFormat::kFlac) return flac(source);
    const bool is_mono = source.channels == 1;
    const auto rate = [&](const Rates& rates) {
        return bitrate.value_or(rate_for(level(rates, quality), is_mono));
    };
    const auto base = [&] {
        switch (format) {
            case AudioFormat::kMp3: return mp3(rate(kMp3Rates), source);
            case AudioFormat::kOgg: return vorbis(quality, bitrate, source);
            case AudioFormat::kOpus: return opus(rate(kOpusRates));
            default: return aac(rate(kAacRates), source);
        }
    };
    SoundEncoding how = base();
    if (is_mono) how.format.layout = "mono";
    if (!bitrate) return how;
    // Slow sampling has a low ceiling of bits, below what may be asked for.
    if (*bitrate > most_bitrate(how, is_mono))
        how.format.sample_rate = std::max(44100, how.format.sample_rate);
    how.bitrate = taken(how, *bitrate, is_mono);
    return how;
}

double most_true_peak(const SoundEncoding& how) {
    constexpr double kAfterwards = -1;
    const std::int64_t bitrate = how.bitrate.value_or(0) * (how.format.layout == "mono" ? 2 : 1);
    const auto fits = [&](const Overshoot& row) {
        return row.encoder == how.encoder && bitrate < row.below;
    };
    const auto* row = std::ranges::find_if(kOvershoots, fits);
    constexpr double kOfLossless = 0.3;
    return kAfterwards - (row == kOvershoots.end() ? kOfLossless : row->db);
}

double most_true_peak(const std::vector<SoundBranch>& branches) {
    double least = 0;
    for (const SoundBranch& branch : branches)
        least = std::min(least, most_true_peak(*branch.encoding));
    return least;
}

double start_room(const std::vector<SoundBranch>& branches) {
    // libavcodec's AAC, which knows nothing of the sound before its first frames, put at most 4.4
    // dB on top of them in tones and mixes of tones.
    constexpr double kOfAac = 4.5;
    const auto is_aac = [](const SoundBranch& branch) { return branch.encoding->encoder == "aac"; };
    return std::ranges::any_of(branches, is_aac) ? kOfAac : 0;
}

double encoder_gain(const SoundEncoding& how) {
    // LAME makes room for what it adds: measured on tones of all its rates.
    if (how.encoder != "libmp3lame") return 0;
    const std::int64_t bitrate = how.bitrate.value_or(0);
    if (bitrate <= 160'000) return -0.45;
    return bitrate < 256'000 ? -0.22 : 0;
}

}  // namespace ittybit::tasks
