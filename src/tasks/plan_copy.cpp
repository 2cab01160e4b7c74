#include <algorithm>

#include <fmt/format.h>

#include "tasks/plan.h"

/// When a stream is copied instead of encoded again (SPEC section 2).
namespace ittybit::tasks {
namespace {

constexpr double kLongestKeyGap = 15.0;  // seconds

bool is_trimmed(const Span& span) {
    return span.start.value_or(0) > 0 || span.end.has_value();
}

/// More than this is a master or a camera's file, not one for the web.
std::int64_t sane_bitrate(const PictureFacts& facts) {
    const double fps = std::clamp(facts.fps.num > 0 ? facts.fps.value() : 30.0, 24.0, 60.0);
    return 500'000 +
           static_cast<std::int64_t>(0.25 * fps * facts.stored.width * facts.stored.height);
}

/// Of the profile and level that browsers and phones play.
std::string profile_problem(const PictureFacts& facts) {
    if (facts.codec == "h264") {
        const int plain = facts.profile & ~(FF_PROFILE_H264_CONSTRAINED | FF_PROFILE_H264_INTRA);
        const bool is_known = plain == FF_PROFILE_H264_BASELINE || plain == FF_PROFILE_H264_MAIN ||
                              plain == FF_PROFILE_H264_HIGH;
        if (!is_known) return "its H.264 profile is above High";
        if (facts.level > 51) return "its H.264 level is above 5.1";
    }
    if (facts.codec == "hevc" && facts.profile != FF_PROFILE_HEVC_MAIN)
        return "its HEVC profile is not Main";
    if (facts.codec == "vp9" && facts.profile > FF_PROFILE_VP9_0)
        return "its VP9 profile is above 0";
    if (facts.codec == "av1" && facts.profile > FF_PROFILE_AV1_MAIN)
        return "its AV1 profile is above Main";
    return "";
}

std::string picture_problem(const PictureFacts& facts) {
    if (facts.range == AVCOL_RANGE_JPEG || facts.format == AV_PIX_FMT_YUVJ420P)
        return "its colours have full range";
    if (facts.format != AV_PIX_FMT_YUV420P) return "it is not 8-bit 4:2:0";
    if (facts.is_interlaced) return "it is interlaced";
    if (facts.hdr != media::Hdr::kNone || facts.primaries == AVCOL_PRI_BT2020)
        return "its colours are not SDR";
    if (facts.is_cropped) return "its container crops it";
    if (!facts.has_square_pixels) return "its pixels are not square";
    if (facts.orientation != media::Orientation{}) return "it is stored rotated";
    if (facts.has_alpha) return "it has transparency";
    if (facts.stored.width % 2 != 0 || facts.stored.height % 2 != 0) return "its size is odd";
    return "";
}

std::string packets_problem(const PictureFacts& facts) {
    if (!facts.packets) return "its packets were not looked at";
    const PacketFacts& packets = *facts.packets;
    if (packets.packets == 0 || packets.seconds <= 0) return "it has no packets";
    if (!packets.is_seamless) return "its packets cannot be taken as they are";
    if (packets.longest_key_gap > kLongestKeyGap)
        return fmt::format("its key frames are {:.1f} s apart", packets.longest_key_gap);
    if (static_cast<double>(packets.bytes) * 8 / packets.seconds >
        static_cast<double>(sane_bitrate(facts)))
        return "its bit rate is high for its size";
    return "";
}

std::string seamless_problem(const SoundFacts& facts) {
    if (!facts.packets) return "its packets were not looked at";
    if (facts.packets->packets == 0) return "it has no packets";
    return facts.packets->is_seamless ? "" : "its packets cannot be taken as they are";
}

/// Files of AAC, MP3 and FLAC have no times: what they hold is heard from 0 on, and all of it but
/// what an encoder puts in front.
std::string times_problem(const SoundFacts& facts, AudioFormat format) {
    constexpr double kLatest = 0.1;  // seconds
    const bool has_times = format == AudioFormat::kOgg || format == AudioFormat::kOpus;
    if (has_times || !facts.packets) return "";
    const std::int64_t most_hidden = format == AudioFormat::kFlac ? 0 : 2;
    if (facts.packets->begin > kLatest) return "it begins later than the picture";
    return facts.packets->hidden > most_hidden ? "its container hides its beginning" : "";
}

bool is_plain_aac(const SoundFacts& facts) {
    return facts.codec == "aac" &&
           (facts.profile == FF_PROFILE_AAC_LOW || facts.profile == FF_PROFILE_AAC_HE);
}

std::string codec_of(VideoCodec codec) {
    return codec == VideoCodec::kH265 ? "hevc" : std::string(name_of(codec));
}

/// PCM is written again in no time; there is nothing to gain from copying it.
std::string copied_codec(AudioFormat format) {
    switch (format) {
        case AudioFormat::kMp3: return "mp3";
        case AudioFormat::kAac: return "aac";
        case AudioFormat::kOgg: return "vorbis";
        case AudioFormat::kOpus: return "opus";
        case AudioFormat::kFlac: return "flac";
        case AudioFormat::kWav: return "";
    }
    return "";
}

/// Whether the options leave a stream as it is.
bool wants_picture_untouched(const VideoOptions& options) {
    return !options.quality && !options.bitrate && !options.fps && !options.is_resizing() &&
           !options.frames && !is_trimmed(options) && !options.burns_in();
}

bool wants_sound_untouched(const VideoOptions& options) {
    return !options.quality && !options.frames && !is_trimmed(options);
}

bool wants_sound_untouched(const AudioOptions& options) {
    const bool is_lossless = options.chosen_format() == AudioFormat::kFlac;
    return (!options.quality || is_lossless) && !options.bitrate && !is_trimmed(options);
}

constexpr const char* kOptionChangesIt = "an option changes it";
constexpr const char* kLoudnessChanges = "its loudness is changed";

/// Looks at packets when nothing else speaks against a copy.
template <typename Facts, typename Options>
Result<> look(const Options& options, const media::Input& input, bool may_read, Facts& facts) {
    facts.packets = kPerfectPackets;
    if (!reason_not_to_copy(facts, options).empty()) {
        facts.packets.reset();
    } else if (may_read) {
        facts.packets = TRY(packet_facts(input, facts.stream));
    }
    return {};
}

bool is_guessed(const SourceFacts& source) {
    const auto is_so = [](const auto& facts) {
        return facts && facts->packets && facts->packets->is_guessed;
    };
    return is_so(source.picture) || is_so(source.sound);
}

template <typename Options>
Result<> look_at_all(const Options& options, const Job& job, SourceFacts& source) {
    const bool may_read = may_read_all(job.assignment);
    if constexpr (std::is_same_v<Options, VideoOptions>)
        TRY(look(options, *job.media, may_read, *source.picture));
    if (source.sound) TRY(look(options, *job.media, may_read, *source.sound));
    if (is_guessed(source)) {
        source.warnings.emplace_back(
            "whether a stream can be copied as it is turns out when all of it is read"
        );
    }
    return {};
}

}  // namespace

Result<> look_at_packets(const VideoOptions& options, const Job& job, SourceFacts& source) {
    return look_at_all(options, job, source);
}

Result<> look_at_packets(const AudioOptions& options, const Job& job, SourceFacts& source) {
    return look_at_all(options, job, source);
}

std::string reason_not_to_copy(const PictureFacts& facts, const VideoOptions& options) {
    if (!wants_picture_untouched(options)) return kOptionChangesIt;
    if (facts.codec != codec_of(options.chosen_codec()))
        return fmt::format("its codec is {}", facts.codec);
    if (auto problem = picture_problem(facts); !problem.empty()) return problem;
    if (auto problem = profile_problem(facts); !problem.empty()) return problem;
    return packets_problem(facts);
}

std::string reason_not_to_copy(const SoundFacts& facts, const VideoOptions& options) {
    if (options.normalize) return kLoudnessChanges;
    if (!wants_sound_untouched(options)) return kOptionChangesIt;
    const bool fits =
        options.format == VideoFormat::kWebm ? facts.codec == "opus" : is_plain_aac(facts);
    if (!fits) return fmt::format("its codec is {}", facts.codec);
    if (facts.channels > 2) return "it has more than two channels";
    if (facts.sample_rate > 48000) return "its sample rate is above 48 kHz";
    return seamless_problem(facts);
}

std::string reason_not_to_copy(const SoundFacts& facts, const AudioOptions& options) {
    if (options.normalize) return kLoudnessChanges;
    if (!wants_sound_untouched(options)) return kOptionChangesIt;
    const AudioFormat format = options.chosen_format();
    const std::string codec = copied_codec(format);
    if (facts.codec != codec || (codec == "aac" && !is_plain_aac(facts)))
        return fmt::format("its codec is {}", facts.codec);
    const bool is_lossless = format == AudioFormat::kFlac;
    if (facts.channels > 2 && !is_lossless) return "it has more than two channels";
    if (facts.sample_rate > 48000 && !is_lossless) return "its sample rate is above 48 kHz";
    if (auto problem = times_problem(facts, format); !problem.empty()) return problem;
    return seamless_problem(facts);
}

}  // namespace ittybit::tasks
