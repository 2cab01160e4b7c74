#include "media/closed_captions.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "media/compat.h"
#include "media/error.h"
#include "media/timing.h"

namespace ittybit::media {
namespace {

constexpr std::size_t kTriplet = 3;         // bytes
constexpr std::size_t kMostTriplets = 31;   // of one picture
constexpr std::size_t kMostWaiting = 3000;  // of some hundred pictures: more is no caption
constexpr int kChannels = 4;                // of CEA-608
constexpr SeenCaptions kAny = 1U << 4;
constexpr SeenCaptions k708 = 1U << 5;

ByteView triplets_of(const AVFrame& frame) {
    const auto* data = av_frame_get_side_data(&frame, AV_FRAME_DATA_A53_CC);
    return data != nullptr ? ByteView(data->data, data->size / kTriplet * kTriplet) : ByteView();
}

}  // namespace

void CaptionWay::take(AVFrame& frame) {
    for (auto rest = triplets_of(frame); !rest.empty(); rest = rest.subspan(kTriplet)) {
        if (triplets_.size() == kMostWaiting) break;
        Triplet& triplet = triplets_.emplace_back();
        triplet.at = frame.pts;
        std::ranges::copy(rest.first(kTriplet), triplet.bytes.begin());
    }
    av_frame_remove_side_data(&frame, AV_FRAME_DATA_A53_CC);
}

Result<> CaptionWay::give(AVFrame& frame) {
    // What was nearest to this picture goes with it, though it may have come a little later.
    const auto end = frame.pts + duration_of(frame) / 2;
    const auto behind =
        std::ranges::find_if(triplets_, [&](const Triplet& triplet) { return triplet.at > end; });
    const auto count =
        std::min(static_cast<std::size_t>(behind - triplets_.begin()), kMostTriplets);
    if (count == 0) return {};
    auto* const data = av_frame_new_side_data(&frame, AV_FRAME_DATA_A53_CC, count * kTriplet);
    if (data == nullptr) return output_error(AVERROR(ENOMEM), "keep closed captions");
    auto* to = data->data;
    for (std::size_t i = 0; i < count; ++i) to = std::ranges::copy(triplets_[i].bytes, to).out;
    triplets_.erase(triplets_.begin(), triplets_.begin() + static_cast<std::ptrdiff_t>(count));
    return {};
}

Result<> TakeCaptions::push(Frame frame) {
    way_.take(*frame);
    return next_.push(std::move(frame));
}

Result<> GiveCaptions::push(Frame frame) {
    TRY(way_.give(*frame));
    return next_.push(std::move(frame));
}

Result<> CaptionChannels::push(Frame frame) {
    for (auto rest = triplets_of(*frame); !rest.empty(); rest = rest.subspan(kTriplet)) {
        const bool is_valid = (rest[0] & 4) != 0;
        const int field = rest[0] & 3;  // 2 and 3 are of CEA-708
        // A control code says for which of the field's two channels the text behind it is.
        const int code = rest[1] & 0x7F;
        seen_ |= kAny;
        if (is_valid && field >= 2) seen_ |= k708;
        if (is_valid && field < 2 && code >= 0x10 && code < 0x20)
            seen_ |= 1U << (2 * field + (code >= 0x18 ? 1 : 0));
    }
    return next_.push(std::move(frame));
}

std::vector<std::string> caption_names(SeenCaptions seen) {
    std::vector<std::string> names;
    for (int i = 0; i < kChannels; ++i)
        if ((seen & (1U << i)) != 0) names.push_back(fmt::format("CC{}", i + 1));
    if (names.empty() && (seen & kAny) != 0)
        names.emplace_back((seen & k708) != 0 ? "SERVICE1" : "CC1");
    return names;
}

}  // namespace ittybit::media
