#include "media/facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "media/compat.h"
#include "media/decoder.h"
#include "media/error.h"
#include "media/programs.h"
#include "media/stream.h"

namespace ittybit::media {
namespace {

constexpr int kTrialFrames = 4;        // decoded to see whether pictures are interlaced
constexpr int kTrialPackets = 60;      // read for them at most
constexpr int kMaxFieldHeight = 1152;  // taller pictures were never interlaced

std::optional<std::string> text(const char* words) {
    if (words == nullptr || std::string_view(words).empty()) return std::nullopt;
    const std::string_view known = words;
    if (known == "unknown" || known == "reserved" || known == "und") return std::nullopt;
    return std::string(known);
}

std::optional<std::string> tag(const AVDictionary* tags, const char* key) {
    const AVDictionaryEntry* entry = av_dict_get(tags, key, nullptr, 0);
    return entry == nullptr ? std::nullopt : text(entry->value);
}

template <typename Number>
std::optional<Number> positive(Number number) {
    if (number <= 0) return std::nullopt;
    return number;
}

std::optional<double> rate(AVRational fps) {
    if (fps.num <= 0 || fps.den <= 0) return std::nullopt;
    return shown_rate(av_q2d(fps));
}

std::string type_of(const AVStream& stream) {
    switch (stream.codecpar->codec_type) {
        case AVMEDIA_TYPE_VIDEO: return is_cover(stream) ? "cover" : "video";
        case AVMEDIA_TYPE_AUDIO: return "audio";
        case AVMEDIA_TYPE_SUBTITLE: return "subtitle";
        default: return "data";
    }
}

std::string codec_name(const AVStream& stream) {
    const AVCodecID codec = stream.codecpar->codec_id;
    if (codec != AV_CODEC_ID_NONE) return avcodec_get_name(codec);
    std::string letters;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        const auto letter = static_cast<char>((stream.codecpar->codec_tag >> shift) & 255U);
        if (letter > ' ' && letter < 127) letters += letter;
    }
    return letters.empty() ? "unknown" : letters;
}

std::optional<std::string> hdr_name(const AVStream& stream) {
    if (!side_data(stream, AV_PKT_DATA_DOVI_CONF).empty()) return "dolby_vision";
    switch (hdr_of(stream)) {
        case Hdr::kPq: return "hdr10";
        case Hdr::kHlg: return "hlg";
        case Hdr::kNone: return std::nullopt;
    }
    return std::nullopt;
}

void add_colour(const AVCodecParameters& codec, StreamFacts& facts) {
    if (codec.color_primaries != AVCOL_PRI_UNSPECIFIED)
        facts.color_primaries = text(av_color_primaries_name(codec.color_primaries));
    if (codec.color_trc != AVCOL_TRC_UNSPECIFIED)
        facts.color_transfer = text(av_color_transfer_name(codec.color_trc));
    if (codec.color_space != AVCOL_SPC_UNSPECIFIED)
        facts.color_space = text(av_color_space_name(codec.color_space));
    if (codec.color_range != AVCOL_RANGE_UNSPECIFIED)
        facts.color_range = text(av_color_range_name(codec.color_range));
}

void add_picture(const Input& input, const AVStream& stream, StreamFacts& facts) {
    const AVCodecParameters& codec = *stream.codecpar;
    const Size stored = stored_size_of(input, stream);
    facts.width = positive(stored.width);
    facts.height = positive(stored.height);
    const auto* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(codec.format));
    if (format != nullptr) {
        facts.pixel_format = format->name;
        facts.bit_depth = format->comp[0].depth;
    }
    facts.alpha = has_alpha(stream);
    if (is_cover(stream)) return;
    if (input.sniffed().family != Family::kStill) facts.fps = rate(frame_rate_of(input, stream));
    facts.rotation = orientation_of(stream).rotation;
    const AVRational aspect = sample_aspect_of(input, stream);
    if (aspect.num != aspect.den)
        facts.sample_aspect = std::to_string(aspect.num) + ":" + std::to_string(aspect.den);
    facts.hdr = hdr_name(stream);
    add_colour(codec, facts);
}

void add_sound(const AVStream& stream, StreamFacts& facts) {
    const AVCodecParameters& codec = *stream.codecpar;
    facts.sample_rate = positive(codec.sample_rate);
    facts.channels = positive(codec.ch_layout.nb_channels);
    if (const int bits = std::max(codec.bits_per_raw_sample, codec.bits_per_coded_sample); bits > 0)
        facts.bit_depth = bits;
    if (codec.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) return;
    std::array<char, 128> layout = {};
    if (av_channel_layout_describe(&codec.ch_layout, layout.data(), layout.size()) > 0)
        facts.channel_layout = text(layout.data());
}

StreamFacts stream_facts(const Input& input, const AVStream& stream) {
    StreamFacts facts;
    facts.index = stream.index;
    facts.type = type_of(stream);
    facts.codec = codec_name(stream);
    facts.profile = text(avcodec_profile_name(stream.codecpar->codec_id, stream.codecpar->profile));
    facts.bitrate = positive(stream.codecpar->bit_rate);
    facts.language = tag(stream.metadata, "language");
    facts.is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0;
    if (stream.duration > 0 && stream.duration != kNoTime && facts.type != "cover") {
        // To the microsecond, as the file's: more digits say nothing, and not all survive JSON.
        const double exact = static_cast<double>(stream.duration) * av_q2d(stream.time_base);
        const double seconds = std::round(exact * 1e6) / 1e6;
        facts.duration = input.duration() ? std::min(seconds, *input.duration()) : seconds;
    }
    if (facts.type == "video" || facts.type == "cover") add_picture(input, stream, facts);
    if (facts.type == "audio") add_sound(stream, facts);
    return facts;
}

/// Looks at decoded frames for what headers do not tell.
class Inspector : public Sink<Frame> {
public:
    Result<> push(Frame frame) override {
        ++frames_;
        is_interlaced_ = is_interlaced_ || media::is_interlaced(*frame);
        return {};
    }
    Result<> finish() override { return {}; }
    bool is_interlaced() const { return is_interlaced_; }
    bool has_enough() const { return is_interlaced_ || frames_ >= kTrialFrames; }
    bool has_any() const { return frames_ > 0; }

private:
    int frames_ = 0;
    bool is_interlaced_ = false;
};

std::optional<int> first_audio(const Input& input, std::optional<int> video) {
    std::optional<int> found;
    for (const AVStream* stream : input.streams()) {
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_AUDIO || !is_decodable(*stream)) continue;
        if (video && !may_share_program(input.format(), stream->index, *video)) continue;
        const bool is_default = (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
        if (is_default) return stream->index;
        if (!found) found = stream->index;
    }
    return found;
}

/// The words of users for what the container alone does not tell.
std::string format_name(const Input& input, bool has_video) {
    const std::string_view sniffed = input.sniffed().format;
    if (sniffed == "asf") return has_video ? "wmv" : "wma";
    return std::string(sniffed);
}

void add_video(const Input& input, const AVStream& stream, File& file) {
    file.codecs.video = codec_name(stream);
    file.fps = rate(frame_rate_of(input, stream));
    file.rotation = orientation_of(stream).rotation;
    if (stream.codecpar->width <= 0 || stream.codecpar->height <= 0) return;
    const Size shown = display_size_of(input, stream);
    file.width = shown.width;
    file.height = shown.height;
}

std::string kind_of(const Input& input, bool has_video) {
    switch (input.sniffed().family) {
        case Family::kStill: return "image";
        case Family::kAnimation: return "animation";
        default: return has_video ? "video" : "audio";
    }
}

/// Size, and for what has a length in time, duration and bit rate.
void add_extent(const Input& input, File& file) {
    if (input.size()) file.size = static_cast<std::int64_t>(*input.size() + input.sniffed().start);
    if (input.sniffed().family == Family::kStill) {
        file.fps.reset();
        return;
    }
    file.duration = input.duration();
    if (file.size && file.duration && *file.duration > 0)
        file.bitrate = std::llround(static_cast<double>(*file.size) * 8 / *file.duration);
}

}  // namespace

double shown_rate(double fps) {
    return std::round(fps * 1000) / 1000;
}

Result<std::optional<bool>> find_interlaced(const Input& input, const AVStream& stream) {
    const AVFieldOrder order = stream.codecpar->field_order;
    if (!is_decodable(stream)) return std::optional<bool>();
    if (order == AV_FIELD_PROGRESSIVE || stream.codecpar->height > kMaxFieldHeight)
        return std::optional(false);
    Inspector inspector;
    const auto decoder = Decoder::open(input, stream.index, {.low_delay = true}, inspector);
    if (!decoder) return std::optional<bool>();
    const auto reader = TRY(input.reopen());
    reader->read_only({&stream.index, 1});
    for (int packets = 0; packets < kTrialPackets && !inspector.has_enough(); ++packets) {
        Packet packet = TRY(reader->read());
        const auto result =
            packet == nullptr ? (*decoder)->finish() : (*decoder)->push(std::move(packet));
        if (!result || packet == nullptr) break;
    }
    if (inspector.is_interlaced()) return std::optional(true);
    if (inspector.has_any()) return std::optional(false);
    return order == AV_FIELD_UNKNOWN ? std::optional<bool>() : std::optional(true);
}

Result<File> facts_of(const Input& input) {
    File file;
    for (const AVStream* stream : input.streams())
        file.streams.push_back(stream_facts(input, *stream));
    const auto video = find_video(input);
    const auto audio = first_audio(input, video);
    const bool has_sound = std::ranges::any_of(file.streams, [](const StreamFacts& stream) {
        return stream.type == "audio";
    });
    if (!video && !has_sound) {
        return Error{
            ErrorKind::kUnsupportedMedia,
            "the file has neither picture nor sound that is known here: check that it plays",
            "input"
        };
    }
    file.kind = kind_of(input, video.has_value());
    file.format = format_name(input, video.has_value());
    if (audio) file.codecs.audio = codec_name(input.stream(*audio));
    if (video) add_video(input, input.stream(*video), file);
    if (video && !is_image(input.sniffed())) {
        file.streams[static_cast<std::size_t>(*video)].interlaced =
            TRY(find_interlaced(input, input.stream(*video)));
    }
    add_extent(input, file);
    return file;
}

}  // namespace ittybit::media
