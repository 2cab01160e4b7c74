#include "tasks/told_colours.h"

#include <cstdint>
#include <span>
#include <utility>

#include "image/header.h"
#include "image/picture.h"
#include "image/profile.h"
#include "image/steps.h"
#include "media/compat.h"
#include "media/pixel_format.h"
#include "model/sniff.h"
#include "tasks/rgb_frames.h"
#include "tasks/still.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Sink;

class InSrgb : public Sink<Frame> {
public:
    InSrgb(ToldColours told, Sink<Frame>& next) : told_(std::move(told)), next_(next) {}

    Result<> push(Frame frame) override {
        return next_.push(TRY(in_srgb(std::move(frame), told_)));
    }
    Result<> finish() override { return next_.finish(); }

private:
    ToldColours told_;
    Sink<Frame>& next_;
};

Result<image::Pixels> pixels_of(
    const AVFrame& frame, int primaries, int transfer, const Treatment& treatment
) {
    Frame told = media::share(frame);
    av_frame_remove_side_data(told.get(), AV_FRAME_DATA_ICC_PROFILE);
    told->colorspace = AVCOL_SPC_RGB;
    told->color_primaries = static_cast<AVColorPrimaries>(primaries);
    told->color_trc = static_cast<AVColorTransferCharacteristic>(transfer);
    return to_pixels(std::move(told), treatment);
}

}  // namespace

Result<ToldColours> told_colours(Job& job) {
    const Sniffed sniffed = TRY(sniff(job.source));
    const bool is_animated_webp = sniffed.format == "webp" && sniffed.family == Family::kAnimation;
    if (sniffed.format != "apng" && !is_animated_webp) return ToldColours();
    const auto header = image::read_header(job.source, sniffed, job.limits());
    if (!header) return ToldColours();  // others may read it all the same
    if (header->is_beyond_srgb()) return ToldColours{{}, header->primaries, header->transfer};
    const auto picture = TRY(image::Picture::open(job.source, sniffed, job.limits(), {}));
    return ToldColours{.profile = std::string(image::profile_of(picture))};
}

ToldColours told_by(const AVFrame& frame) {
    const auto* const side = av_frame_get_side_data(&frame, AV_FRAME_DATA_ICC_PROFILE);
    if (side == nullptr) return {};
    return {.profile = {reinterpret_cast<const char*>(side->data), side->size}};
}

Result<Frame> in_srgb(Frame frame, const ToldColours& told) {
    if (told.profile.empty() && !told.has_points()) return frame;
    const bool has_alpha = media::has_alpha(static_cast<AVPixelFormat>(frame->format));
    const Size size{frame->width, frame->height};
    auto pixels = TRY(pixels_of(
        *frame, AVCOL_PRI_UNSPECIFIED, AVCOL_TRC_UNSPECIFIED, rgb_treatment(size, has_alpha)
    ));
    const auto profile = std::as_bytes(std::span(told.profile));
    pixels.icc_profile.assign(profile.begin(), profile.end());
    auto picture = TRY(image::Picture::from_pixels(std::move(pixels)));
    if (told.has_points()) {
        auto seen =
            TRY(pixels_of(*frame, told.primaries, told.transfer, rgb_treatment(size, false)));
        picture = TRY(image::repaint(picture, std::move(seen)));
    }
    picture = TRY(image::to_srgb(std::move(picture)));
    const image::Pixels levels = TRY(picture.pixels());
    Frame shown = TRY(frame_of(levels));
    shown->pts = frame->pts;
    media::set_duration(*shown, media::duration_of(*frame));
    return shown;
}

Result<Sink<Frame>*> add_told_colours(media::Pipeline& pipeline, Job& job, Sink<Frame>& next) {
    auto told = TRY(told_colours(job));
    if (told.profile.empty() && !told.has_points()) return &next;
    return &pipeline.make<InSrgb>(std::move(told), next);
}

}  // namespace ittybit::tasks
