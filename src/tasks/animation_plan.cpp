#include "tasks/animation_plan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "tasks/image_plan.h"

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

AVRational rate_of(const AnimationOptions& options) {
    const bool is_gif = options.format == AnimationFormat::kGif;
    return av_d2q(is_gif ? std::min(options.fps, kMostGifFps) : options.fps, 1001);
}

std::string colour_text(const Colour& colour) {
    return fmt::format(
        "0x{:02x}{:02x}{:02x}{:02x}", colour.red, colour.green, colour.blue, colour.alpha
    );
}

}  // namespace

Result<AnimationPlan> plan_animation(
    const AnimationOptions& options, const AnimationSource& source, const Limits& limits
) {
    const bool is_gif = options.format == AnimationFormat::kGif;
    AnimationPlan plan;
    plan.format = options.format;
    if (!source.is_still) plan.time = TRY(plan_time(options, source.duration, plan.warnings));
    plan.clock = media::clock_for(rate_of(options));
    plan.placement = place(source.display, options);
    plan.treatment = source.treatment;
    plan.treatment.scaled = plan.placement.scaled;
    plan.treatment.format = AV_PIX_FMT_RGBA;
    plan.padding = options.background.value_or(Colour{0, 0, 0, 0});
    const Level& level =
        kLevels.at(static_cast<std::size_t>(options.quality.value_or(Quality::kMedium)));
    plan.gif = {
        .size = plan.placement.canvas,
        .loop = source.loop,
        .colours = level.colours,
        .tolerance = level.tolerance,
        .table_price = level.table_price,
        .dither = level.dither,
    };
    plan.webp = {.size = plan.placement.canvas, .loop = source.loop, .quality = level.webp_quality};
    const int longest = is_gif ? kLongestGifSide : kLongestWebpSide;
    TRY(check_output_size(plan.placement.canvas, limits, longest, name_of(options.format)));
    TRY(check_output_size(plan.placement.scaled, limits, INT32_MAX, name_of(options.format)));
    return plan;
}

std::vector<media::FilterStep> frame_steps(
    const AnimationPlan& plan, const media::PictureShape& shape
) {
    auto steps = rgb_steps(plan.treatment, shape);
    const Placement& placement = plan.placement;
    if (placement.is_cropped()) {
        const Rectangle& kept = placement.kept;
        steps.push_back(
            {"crop",
             {{"out_w", kept.width}, {"out_h", kept.height}, {"x", kept.left}, {"y", kept.top}}}
        );
    }
    if (placement.is_padded()) {
        steps.push_back(
            {"pad",
             {{"width", placement.canvas.width},
              {"height", placement.canvas.height},
              {"x", placement.left},
              {"y", placement.top},
              {"color", colour_text(plan.padding)}}}
        );
    }
    return steps;
}

json::value AnimationPlan::to_json() const {
    json::object encoder{{"quality", webp.quality}, {"effort", webp.effort}};
    if (format == AnimationFormat::kGif)
        encoder = {{"colours", gif.colours}, {"tolerance", gif.tolerance}, {"dither", gif.dither}};
    return json::object{
        {"format", name_of(format)},
        {"encoder", std::move(encoder)},
        {"fps", av_q2d(clock.fps)},
        {"start", time.start},
        {"end", time.end ? json::value(*time.end) : json::value()},
        {"scale_to", {placement.scaled.width, placement.scaled.height}},
        {"size", {placement.canvas.width, placement.canvas.height}},
        {"loop", gif.loop},
    };
}

}  // namespace ittybit::tasks
