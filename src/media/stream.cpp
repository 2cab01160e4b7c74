#include "media/stream.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "media/compat.h"
#include "media/decoder.h"
#include "media/error.h"
#include "media/pixel_format.h"
#include "media/programs.h"
#include "model/error_kinds.h"

namespace ittybit::media {
namespace {

constexpr double kMaxRate = 1000;           // frames per second that are still believed
constexpr double kMaxAspect = 20;           // of a pixel, either way
constexpr double kInvisibleAspect = 0.005;  // left by scaling to whole pixels: square in truth
constexpr int kTrialPackets = 400;          // of one audio track, until a frame must have come

bool is_credible(AVRational rate) {
    return rate.num > 0 && rate.den > 0 && av_q2d(rate) <= kMaxRate;
}

/// libav keeps a file's numbers unchecked: one that is reserved is no value of the type.
template <typename Enum>
void fill(Enum& value, Enum unspecified, Enum count, Enum told) {
    int number = 0;
    static_assert(sizeof(value) == sizeof(number));
    std::memcpy(&number, &value, sizeof(number));
    if (number < 0 || number >= count || number == unspecified) value = told;
}

AVRational told_aspect(const Input& input, const AVStream& stream) {
    // libav takes its arguments as mutable and does not change them.
    const AVRational aspect = av_guess_sample_aspect_ratio(
        const_cast<AVFormatContext*>(&input.format()), const_cast<AVStream*>(&stream), nullptr
    );
    return aspect.num <= 0 || aspect.den <= 0 ? AVRational{1, 1} : aspect;
}

bool is_flagged_default(const AVStream& stream) {
    return (stream.disposition & AV_DISPOSITION_DEFAULT) != 0;
}

/// Larger is better: what people mean by "the video".
auto video_rank(const Input& input, const AVStream& stream) {
    const AVCodecParameters& codec = *stream.codecpar;
    return std::tuple(
        is_decodable(stream), !input.is_single_picture(stream.index), is_flagged_default(stream),
        std::int64_t{codec.width} * codec.height, -stream.index
    );
}

std::vector<int> audio_candidates(const Input& input, std::optional<int> video) {
    std::vector<int> found;
    for (const AVStream* stream : input.streams()) {
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_AUDIO) continue;
        if (!video || may_share_program(input.format(), stream->index, *video))
            found.push_back(stream->index);
    }
    std::ranges::stable_partition(found, [&](int index) {
        return is_flagged_default(input.stream(index));
    });
    return found;
}

/// Notes that a frame came, and keeps none.
class Witness : public Sink<Frame> {
public:
    Result<> push(Frame frame) override {
        has_frame_ = has_frame_ || frame->nb_samples > 0;
        return {};
    }
    Result<> finish() override { return {}; }
    bool has_frame() const { return has_frame_; }

private:
    bool has_frame_ = false;
};

/// Decodes the first packets of a track with a reader of its own. Errors: why it cannot be decoded
/// (`corrupt_media`, `unsupported_media`), or why nobody can say.
Result<> try_decoding(const Input& input, int stream_index) {
    Witness witness;
    const auto decoder = TRY(Decoder::open(input, stream_index, {}, witness));
    const auto reader = TRY(input.reopen());
    reader->read_only({&stream_index, 1});
    for (int packets = 0; packets < kTrialPackets && !witness.has_frame(); ++packets) {
        Packet packet = TRY(reader->read());
        if (packet == nullptr) break;
        TRY(decoder->push(std::move(packet)));
    }
    if (!witness.has_frame()) TRY(decoder->finish());
    if (witness.has_frame()) return {};
    return input_error(AVERROR_INVALIDDATA, "decode the audio");
}

std::string track_name(const Input& input, int stream_index) {
    const AVCodecID codec = input.stream(stream_index).codecpar->codec_id;
    const std::string name = codec == AV_CODEC_ID_NONE ? "unknown codec" : avcodec_get_name(codec);
    return "audio track " + std::to_string(stream_index) + " (" + name + ")";
}

}  // namespace

Orientation orientation_of(const AVStream& stream) {
    const auto bytes = side_data(stream, AV_PKT_DATA_DISPLAYMATRIX);
    if (bytes.size() < 9 * sizeof(std::int32_t)) return {};
    const auto* matrix = reinterpret_cast<const std::int32_t*>(bytes.data());
    double a = matrix[0];
    double b = matrix[1];
    const double c = matrix[3];
    const double d = matrix[4];
    Orientation found;
    found.is_mirrored = a * d - b * c < 0;
    if (found.is_mirrored) {
        a = -a;
        b = -b;
    }
    if (a == 0 && b == 0) return {};
    const auto quarters = static_cast<int>(std::lround(std::atan2(b, a) / (M_PI / 2)));
    found.rotation = (quarters + 4) % 4 * 90;
    return found;
}

bool has_absurd_aspect(const Input& input, const AVStream& stream) {
    const double shape = av_q2d(told_aspect(input, stream));
    return shape > kMaxAspect || shape < 1 / kMaxAspect;
}

AVRational sample_aspect_of(const Input& input, const AVStream& stream) {
    const AVRational aspect = told_aspect(input, stream);
    const bool is_square = std::abs(av_q2d(aspect) - 1) < kInvisibleAspect;
    return is_square || has_absurd_aspect(input, stream) ? AVRational{1, 1} : aspect;
}

Size display_size(Size stored, AVRational sample_aspect, const Orientation& orientation) {
    Size shown = stored;
    if (sample_aspect.num > sample_aspect.den) {
        shown.width = static_cast<int>(
            av_rescale(stored.width, sample_aspect.num, std::max(sample_aspect.den, 1))
        );
    } else if (sample_aspect.num > 0 && sample_aspect.num < sample_aspect.den) {
        shown.height =
            static_cast<int>(av_rescale(stored.height, sample_aspect.den, sample_aspect.num));
    }
    if (orientation.rotation % 180 != 0) std::swap(shown.width, shown.height);
    return {std::max(shown.width, 1), std::max(shown.height, 1)};
}

Size display_size_of(const Input& input, const AVStream& stream) {
    return display_size(
        stored_size_of(input, stream), sample_aspect_of(input, stream), orientation_of(stream)
    );
}

Size stored_size_of(const Input& input, const AVStream& stream) {
    const Crop crop = input.crop(stream.index);
    return {
        stream.codecpar->width - crop.left - crop.right,
        stream.codecpar->height - crop.top - crop.bottom
    };
}

AVRational frame_rate_of(const Input& input, const AVStream& stream) {
    if (is_credible(stream.avg_frame_rate)) return stream.avg_frame_rate;
    const AVRational guessed = av_guess_frame_rate(
        const_cast<AVFormatContext*>(&input.format()), const_cast<AVStream*>(&stream), nullptr
    );
    // Where there is no average, of one picture say, a guess of 1000 is the tick of a clock.
    constexpr double kTick = 1000;
    return is_credible(guessed) && av_q2d(guessed) < kTick ? guessed : AVRational{0, 1};
}

bool is_steady(const AVStream& stream) {
    const double average = av_q2d(stream.avg_frame_rate);
    return std::abs(av_q2d(stream.r_frame_rate) - average) < 0.02 * average;
}

bool is_irregular(const AVStream& stream) {
    const auto is_whole = [](double rate) { return std::abs(rate - std::round(rate)) < 0.01; };
    if (!is_credible(stream.avg_frame_rate) || av_q2d(stream.avg_frame_rate) >= 70) return false;
    // What libav takes for a common rate is by chance one when it is an odd one.
    const double rate = av_q2d(stream.r_frame_rate);
    return !is_steady(stream) && (rate > 210 || !(is_whole(rate) || is_whole(rate * 1.001)));
}

void fill_colours(
    const Colours& told,
    AVColorPrimaries& primaries,
    AVColorTransferCharacteristic& transfer,
    AVColorSpace& matrix,
    AVColorRange& range
) {
    fill(primaries, AVCOL_PRI_UNSPECIFIED, AVCOL_PRI_NB, told.primaries);
    fill(transfer, AVCOL_TRC_UNSPECIFIED, AVCOL_TRC_NB, told.transfer);
    fill(matrix, AVCOL_SPC_UNSPECIFIED, AVCOL_SPC_NB, told.matrix);
    fill(range, AVCOL_RANGE_UNSPECIFIED, AVCOL_RANGE_NB, told.range);
}

Hdr hdr_of(const AVStream& stream) {
    switch (stream.codecpar->color_trc) {
        case AVCOL_TRC_SMPTE2084: return Hdr::kPq;
        case AVCOL_TRC_ARIB_STD_B67: return Hdr::kHlg;
        default: return Hdr::kNone;
    }
}

bool has_alpha(const AVStream& stream) {
    const AVDictionaryEntry* mode = av_dict_get(stream.metadata, "alpha_mode", nullptr, 0);
    if (mode != nullptr && std::string_view(mode->value) == "1") return true;
    return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           has_alpha(static_cast<AVPixelFormat>(stream.codecpar->format));
}

bool is_cover(const AVStream& stream) {
    constexpr int kPictures = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
    return (stream.disposition & kPictures) != 0;
}

std::optional<int> find_video(const Input& input) {
    const AVStream* best = nullptr;
    for (const AVStream* stream : input.streams()) {
        if (stream->codecpar->codec_type != AVMEDIA_TYPE_VIDEO || is_cover(*stream)) continue;
        if (best == nullptr || video_rank(input, *stream) > video_rank(input, *best)) best = stream;
    }
    if (best == nullptr) return std::nullopt;
    return best->index;
}

Result<int> require_video(const Input& input) {
    const auto found = find_video(input);
    if (!found) {
        return Error{
            ErrorKind::kNoVideoStream,
            "the input has no picture that moves: give a file with video, or ask for what it has:"
            " kind audio for sound, kind image for a still",
            "input"
        };
    }
    if (is_decodable(input.stream(*found))) return *found;
    return why_not_decodable(input, *found);
}

Result<AudioTracks> audio_tracks(const Input& input, std::optional<int> video, std::size_t most) {
    AudioTracks tracks;
    for (const int index : audio_candidates(input, video)) {
        if (tracks.streams.size() == most) break;
        auto attempt = try_decoding(input, index);
        if (attempt) {
            tracks.streams.push_back(index);
            continue;
        }
        if (!is_of_media(attempt.error().kind)) return std::move(attempt).error();
        if (!tracks.failure) tracks.failure = std::move(attempt).error();
        tracks.warnings.push_back(track_name(input, index) + " cannot be decoded and was left out");
    }
    return tracks;
}

Result<AudioChoice> choose_audio(const Input& input, std::optional<int> video) {
    auto [streams, warnings, failure] = TRY(audio_tracks(input, video, 1));
    std::optional<int> first;
    if (!streams.empty()) first = streams.front();
    return AudioChoice{first, std::move(warnings), std::move(failure)};
}

Result<AudioChoice> require_audio(const Input& input) {
    AudioChoice choice = TRY(choose_audio(input));
    if (choice.stream) return choice;
    if (choice.failure) return *choice.failure;
    return Error{
        ErrorKind::kNoAudioStream, "the input has no sound: upload a file that has", "input"
    };
}

std::optional<std::span<const std::byte>> cover_bytes(const Input& input) {
    for (const AVStream* stream : input.streams()) {
        const AVPacket& picture = stream->attached_pic;
        if (!is_cover(*stream) || picture.data == nullptr || picture.size <= 0) continue;
        return std::as_bytes(std::span(picture.data, static_cast<std::size_t>(picture.size)));
    }
    return std::nullopt;
}

}  // namespace ittybit::media
