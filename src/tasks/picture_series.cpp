#include "tasks/picture_series.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "image/animation_reader.h"
#include "image/header.h"
#include "image/picture.h"
#include "image/steps.h"
#include "media/meter.h"
#include "media/shown_series.h"
#include "model/sniff.h"
#include "tasks/album.h"
#include "tasks/image_plan.h"
#include "tasks/image_steps.h"
#include "tasks/joined_alpha.h"
#include "tasks/rgb_frames.h"
#include "tasks/still.h"
#include "tasks/told_colours.h"

namespace ittybit::tasks {
namespace {

using Shot = Result<std::optional<image::Picture>>;

/// What is on screen at an instant, each later than the one before; nothing behind the last
/// picture.
using Camera = std::function<Shot(double seconds)>;

/// By how many seconds a key frame may be in front of an instant and stand for it: where steps are
/// long, nobody misses what is between.
double early_by(double interval) {
    constexpr double kLongStep = 10;
    return interval >= kLongStep ? interval / 5 : 0;
}

Result<Camera> film_camera(const Plan& plan, Job& job, std::function<void()> on_decoded) {
    const PlannedRead& read = plan.reads.front();
    auto& input = *TRY(open_media(job, read));
    const media::ShownSeries::Settings settings{
        .decoder = {.threads = read.threads},
        .on_decoded = std::move(on_decoded),
        .early = early_by(plan.pictures.front().instants->interval),
    };
    const std::shared_ptr film = TRY(media::ShownSeries::open(input, read.stream, settings));
    std::shared_ptr<media::Input> again;
    std::shared_ptr<media::ShownSeries> alpha;
    if (read.alpha) {
        again = TRY(input.reopen());
        alpha = TRY(media::ShownSeries::open(*again, *read.alpha, settings));
    }
    const Treatment& treatment = plan.pictures.front().treatment;
    return Camera(
        [film, again, alpha, &treatment, told = TRY(told_colours(job))](double seconds) -> Shot {
            auto shown = TRY(film->at(seconds));
            if (!shown) return std::optional<image::Picture>();
            const auto opacity = alpha ? TRY(alpha->at(seconds)) : std::optional<media::Shown>();
            if (opacity) shown->frame = join_alpha(std::move(shown->frame), *opacity->frame);
            shown->frame = TRY(in_srgb(std::move(shown->frame), told));
            auto pixels = TRY(to_pixels(*std::move(shown), treatment));
            return std::optional(TRY(image::Picture::from_pixels(std::move(pixels))));
        }
    );
}

/// Of an animated WebP.
Result<Camera> animation_camera(Job& job) {
    auto& reader = *TRY(open_animation(job));
    const std::string profile = TRY(told_colours(job)).profile;
    const auto icc_profile = std::as_bytes(std::span(profile));
    const Sniffed sniffed = TRY(sniff(job.source));
    const auto header = TRY(image::read_header(job.source, sniffed, job.limits()));
    image::Pixels pixels{
        .width = reader.size().width,
        .height = reader.size().height,
        .bands = 4,
        .bits = 8,
        .bytes = {},
        .icc_profile = {icc_profile.begin(), icc_profile.end()},
        .orientation = header.orientation,
    };
    return Camera(
        [&reader, pixels = std::move(pixels),
         frame = std::optional(image::AnimationFrame{})](double seconds) mutable -> Shot {
            while (frame && frame->start_ms + frame->duration_ms <= seconds * 1000)
                frame = TRY(reader.next());
            if (!frame) return std::optional<image::Picture>();
            pixels.bytes.assign(frame->rgba.begin(), frame->rgba.end());
            return std::optional(TRY(image::Picture::from_pixels(pixels)));
        }
    );
}

/// Gives how many pictures there are.
Result<int> fill(
    Album& album, const Plan& plan, Job& job, const Camera& camera, media::Meter& meter
) {
    const auto titled = TRY(open_titled(job.source, job.limits()));
    const PicturePlan& picture = plan.pictures.front();
    const auto [interval, most] = *picture.instants;
    const int output = meter.add_output();
    int count = 0;
    for (; !most || count < *most; ++count) {
        auto shot = TRY(camera(plan.window.start + count * interval));
        if (!shot) break;
        if (count == kMostInstants) return too_many_pictures();
        if (titled) image::copy_titles(*titled, *shot);
        const auto made = TRY(take_steps(*std::move(shot), picture.branches.front().steps));
        TRY(album.add(made));
        meter.written(output, (count + 1) * interval);
    }
    return count;
}

/// Where pictures end before what was asked for, and not only by the rest of a step.
std::optional<std::string> early_end(const Plan& plan, int count) {
    const Window& window = plan.window;
    const double interval = plan.pictures.front().instants->interval;
    const double next = window.start + count * interval;
    if (!window.duration || next + 0.1 >= window.start + *window.duration) return std::nullopt;
    return fmt::format(
        "the input has no picture at {:.3f} s any more, so the last one is of {:.3f} s", next,
        next - interval
    );
}

}  // namespace

Result<Finished> make_series(const Plan& plan, Job& job) {
    media::Meter meter(plan.window.duration, [&](const media::Meter::Reading& reading) {
        job.events.progress({reading.percent, reading.speed, reading.eta_s});
    });
    const bool is_animation = plan.reads.front().as == ReadAs::kAnimation;
    const auto camera =
        TRY(is_animation ? animation_camera(job) : film_camera(plan, job, [&] { meter.moved(); }));
    const auto album = open_album(plan, job);
    const int count = TRY(fill(*album, plan, job, camera, meter));
    if (count == 0) return Error{ErrorKind::kCorruptMedia, "the animation has no picture", "input"};
    Finished finished;
    finished.warnings = plan.warnings;
    if (auto warning = early_end(plan, count)) finished.warnings.push_back(*std::move(warning));
    finished.file = TRY(album->finish());
    return finished;
}

}  // namespace ittybit::tasks
