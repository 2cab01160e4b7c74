#include "tasks/copy_check.h"

#include <utility>

#include "media/decoder.h"

namespace ittybit::tasks {
namespace {

constexpr std::size_t kSoundPackets = 30;   // at each end
constexpr std::size_t kSoundPreroll = 10;   // of them, before the last ones can be judged
constexpr std::size_t kFirstPictures = 60;  // of the first group
constexpr std::size_t kMostPictures = 1000;

/// Codec, rate and channels by the header that frames of MP3 and ADTS have each for itself (ISO/IEC
/// 11172-3, 2.4.1.3; 14496-3, 1.A.2.2).
std::optional<std::uint32_t> kind_of_sound(const AVPacket& packet, AVCodecID codec) {
    const std::uint8_t* data = packet.data;
    if (packet.size < 4 || data[0] != 0xFF || (data[1] & 0xE0) != 0xE0) return std::nullopt;
    const std::uint32_t layer = data[1] & 0xFEU;
    constexpr unsigned kMono = 3;
    if (codec == AV_CODEC_ID_MP3)
        return layer << 16U | (data[2] & 0x0CU) << 8U | (data[3] >> 6U == kMono ? 1U : 0U);
    if (codec != AV_CODEC_ID_AAC) return std::nullopt;
    return layer << 16U | (data[2] & 0xFDU) << 8U | (data[3] & 0xC0U);
}

/// Decodes packets, and tells whether those behind `preroll` did without a complaint.
template <typename Packets>
Result<bool> decode(
    const media::Input& input, int stream, const Packets& packets, std::size_t preroll
) {
    media::Nowhere<media::Frame> nowhere;
    const auto decoder = TRY(media::Decoder::open(input, stream, {.is_strict = true}, nowhere));
    std::int64_t before = 0;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        if (i == preroll) before = decoder->damaged();
        // Pictures that lead a group lean on the one before.
        const bool is_leading = packets[i]->pts != media::kNoTime &&
                                packets.front()->pts != media::kNoTime &&
                                packets[i]->pts < packets.front()->pts;
        if (!is_leading) TRY(decoder->push(media::share(*packets[i])));
    }
    if (const auto result = decoder->finish(); !result) return false;
    return decoder->damaged() == before;
}

}  // namespace

void CopyCheck::see(const AVPacket& packet) {
    if (!is_video_) {
        if (const auto kind = kind_of_sound(packet, codec_)) {
            is_one_kind_ &= *kind == kind_.value_or(*kind);
            kind_ = kind;
        }
        if (first_.size() < kSoundPackets) first_.push_back(media::share(packet));
        last_.push_back(media::share(packet));
        if (last_.size() > kSoundPackets) last_.pop_front();
        return;
    }
    if (media::is_key(packet)) {
        is_first_over_ = !first_.empty();
        last_.clear();
    }
    if (!is_first_over_ && first_.size() < kFirstPictures) first_.push_back(media::share(packet));
    if (last_.size() < kMostPictures) last_.push_back(media::share(packet));
}

Result<bool> CopyCheck::decodes(const media::Input& input, int stream) const {
    if (!is_one_kind_ || !TRY(decode(input, stream, first_, 0))) return false;
    const bool is_all = !is_video_ && last_.size() < kSoundPackets;
    return decode(input, stream, last_, is_video_ || is_all ? 0 : kSoundPreroll);
}

}  // namespace ittybit::tasks
