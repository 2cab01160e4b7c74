#include "tasks/animation_plan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tasks/image_plan.h"
#include "tasks/plan.h"
#include "tasks/plan_time.h"

namespace ittybit::tasks {
namespace {

/// GIF's delays are hundredths of a second, and players slow down what is below two of them.
constexpr double kMostGifFps = 50;

/// The longest side of a GIF is 65535, of a WebP 16383; options end before both but for
/// percentages.
constexpr int kLongestGifSide = 65535;
constexpr int kLongestWebpSide = 16383;

struct Level {
    int colours;
    int tolerance;
    int dither;
    int table_price;
    int webp_quality;
};
/// very_low … very_high (docs/quality.md has the measurements).
constexpr std::array kLevels = {
    Level{32, 8, 20, 30'000, 30}, Level{64, 8, 20, 20'000, 50}, Level{128, 5, 30, 5'000, 70},
    Level{256, 3, 40, 600, 82},   Level{256, 2, 30, 10, 92},
};

Ratio rate_of(const AnimationOptions& options) {
    const bool is_gif = options.format == AnimationFormat::kGif;
    const auto rate = av_d2q(is_gif ? std::min(options.fps, kMostGifFps) : options.fps, 1001);
    return {rate.num, rate.den};
}

/// A picture that is not of a film stands still: it has neither a window nor a rate.
bool is_still(const PlannedRead& read) {
    return read.as == ReadAs::kFrame || read.as == ReadAs::kPicture;
}

void choose_encoder(PictureBranch& branch, const AnimationOptions& options, Size size, int loop) {
    const Level& level =
        kLevels.at(static_cast<std::size_t>(options.quality.value_or(Quality::kMedium)));
    if (options.format == AnimationFormat::kWebp) {
        branch.webp = AnimationSettings{.size = size, .loop = loop, .quality = level.webp_quality};
        return;
    }
    branch.gif = GifSettings{
        .size = size,
        .loop = loop,
        .colours = level.colours,
        .tolerance = level.tolerance,
        .table_price = level.table_price,
        .dither = level.dither,
    };
}

}  // namespace

Result<Plan> plan_animation(
    const AnimationOptions& options,
    const AnimationSource& source,
    const std::string& name,
    const Limits& limits
) {
    Plan plan;
    PicturePlan picture;
    if (!is_still(source.read)) {
        plan.window =
            TRY(plan_window(options, source.duration, plan.warnings, source.is_duration_sure));
        picture.cadence = PlannedCadence{.is_first = true};
    }
    picture.why_encoded = "animations are drawn anew";
    picture.clock = media::clock_for(rate_of(options));
    picture.expects = expectation(source.told_end, plan.window);
    if (plan.window.start == 0 && !plan.window.end) picture.expects.pictures = source.frames;
    picture.treatment = source.treatment;
    picture.treatment.format = "rgba";
    picture.treatment.placement = place(source.display, options);
    picture.treatment.padding = options.background.value_or(Colour{0, 0, 0, 0});
    const Placement& placement = picture.treatment.placement;
    PictureBranch branch;
    choose_encoder(branch, options, placement.canvas, source.loop);
    const bool is_gif = options.format == AnimationFormat::kGif;
    const int longest = is_gif ? kLongestGifSide : kLongestWebpSide;
    TRY(check_output_size(placement.canvas, limits, longest, name_of(options.format)));
    TRY(check_scaled_size(placement, limits));
    picture.branches.push_back(std::move(branch));
    plan.reads.push_back(source.read);
    plan.pictures.push_back(std::move(picture));
    plan.outputs.push_back({.name = name, .muxer = std::string(name_of(options.format))});
    return plan;
}

}  // namespace ittybit::tasks
