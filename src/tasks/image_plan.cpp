#include "tasks/image_plan.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/fields_json.h"
#include "image/save.h"
#include "tasks/album.h"
#include "tasks/image_quality.h"
#include "tasks/image_steps.h"
#include "tasks/plan_time.h"
#include "tasks/rgb_frames.h"

namespace ittybit::tasks {
namespace {

constexpr Colour kBlack = {0, 0, 0, 255};
constexpr Colour kWhite = {255, 255, 255, 255};
constexpr Colour kClear = {0, 0, 0, 0};

/// Decoders and libav shrink roughly: they leave a factor of two to the scaler, which does it well.
int shrink_on_load(Size display, Size scaled) {
    const double by =
        std::min(1.0 * display.width / scaled.width, 1.0 * display.height / scaled.height);
    return std::max(1, static_cast<int>(by / 2));
}

constexpr double kTileWidth = 160;

/// The size asked for; tiles are small where none is.
Framing framing_of(const ImageOptions& options, Size display) {
    Framing framing = options;
    if (options.sheet && !framing.is_resizing())
        framing.width = Length{.value = std::min<double>(kTileWidth, display.width)};
    return framing;
}

/// When pictures are taken: each `interval` seconds from the window's start, at less than its end.
Result<PlannedInstants> plan_instants(double interval, const Window& window, const FilmTime& film) {
    constexpr double kShortest = 0.001;  // less than players tell apart
    PlannedInstants instants{.interval = interval};
    if (!window.duration || !(film.is_sure || window.end)) return instants;  // a mere claim
    double length = *window.duration;
    if (film.pictures_end && film.is_sure)
        length = std::min(length, *film.pictures_end - window.start);
    const double count = std::max(1.0, std::ceil((length - kShortest) / interval));
    if (count > kMostInstants) return too_many_pictures(length);
    instants.most = static_cast<int>(count);
    return instants;
}

PlannedSheet plan_sheet(Size tile, int pictures) {
    const int columns = std::min({kMostTiles, pictures, std::max(1, kLongestSheet / tile.width)});
    const int rows = std::max(1, kLongestSheet / tile.height);
    return {
        .columns = columns,
        .rows = std::min({kMostTiles, rows, (pictures + columns - 1) / columns}),
    };
}

/// Makes many pictures of a plan for one.
Result<> plan_series(
    const ImageOptions& options, const SourcePicture& source, const Limits& limits, Plan& plan
) {
    if (!source.film)
        return Error{
            ErrorKind::kNoVideoStream,
            "interval takes pictures of a film or an animation, and the input is one picture: "
            "leave interval out",
            "interval"
        };
    const FilmTime& film = *source.film;
    PicturePlan& picture = plan.pictures.front();
    PictureBranch& branch = picture.branches.front();
    const Span span{options.start.seconds, options.end};
    plan.window = TRY(plan_window(span, film.duration, plan.warnings, film.is_sure));
    picture.instants = TRY(plan_instants(*options.interval, plan.window, film));
    plan.outputs.front().name = thumbnail_name(*picture.instants, 0, branch.image->format);
    if (!options.sheet) return {};
    const Size tile = branch.image->size;
    branch.sheet = plan_sheet(tile, picture.instants->most.value_or(kMostInstants));
    plan.outputs.front().name = kThumbnailList;
    const Size sheet{branch.sheet->columns * tile.width, branch.sheet->rows * tile.height};
    return check_output_size(sheet, limits, INT32_MAX, "a sheet");
}

/// What every picture goes through, in this order. Scaling comes early, so that all that follows
/// has few pixels to work on. Nothing is laid on `flattening` where the format is transparent.
std::vector<FilterStep> plan_steps(
    const Placement& placement,
    Size stored,
    const Colour& padding,
    const std::optional<Colour>& flattening
) {
    const auto add = [](std::vector<FilterStep>& steps, const char* name, json::value options) {
        steps.push_back({name, std::move(options.as_object())});
    };
    std::vector<FilterStep> steps;
    add(steps, "mix", json::object());
    add(steps, "resize", to_json(stored));
    add(steps, "orient", json::object());
    if (placement.is_cropped()) add(steps, "crop", to_json(placement.kept));
    add(steps, "srgb", json::object());
    if (flattening) add(steps, "flatten", to_json(FlatteningOptions{*flattening}));
    if (placement.is_padded()) {
        const PaddingOptions options{placement.canvas, placement.left, placement.top, padding};
        add(steps, "pad", to_json(options));
    }
    add(steps, "strip", json::object());
    return steps;
}

}  // namespace

Error too_many_pictures(std::optional<double> seconds) {
    const auto enough = seconds ? fmt::format(
                                      "an interval of at least {:.3f} s",
                                      std::ceil(1000 * *seconds / kMostInstants) / 1000
                                  )
                                : "a longer interval";
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "these would be more than the {} pictures allowed: ask for {}, or for a shorter part "
            "with start and end",
            kMostInstants, enough
        ),
        "interval", LimitReached{"pictures", static_cast<double>(kMostInstants)}
    };
}

ImageFormat default_image_format(std::string_view source_format) {
    if (source_format == "apng") return ImageFormat::kPng;
    return find_named<ImageFormat>(source_format).value_or(ImageFormat::kJpeg);
}

Result<> check_output_size(
    Size size, const Limits& limits, int longest_side, std::string_view format
) {
    if (size.pixels() > limits.pixels) {
        return Error{
            ErrorKind::kLimitExceeded,
            fmt::format(
                "the result would be {}×{}, more than the {} pixels allowed: ask for a smaller one",
                size.width, size.height, limits.pixels
            ),
            "", LimitReached{"pixels", static_cast<double>(limits.pixels)}
        };
    }
    if (std::max(size.width, size.height) > longest_side) {
        return Error{
            ErrorKind::kLimitExceeded,
            fmt::format(
                "the result would be {}×{}, and {} has at most {} pixels a side: ask for a smaller "
                "one or another format",
                size.width, size.height, format, longest_side
            ),
            "", LimitReached{"longest_side", static_cast<double>(longest_side)}
        };
    }
    return {};
}

Result<> check_scaled_size(const Placement& placement, const Limits& limits) {
    const auto [width, height] = placement.scaled;
    if (static_cast<std::int64_t>(width) * height <= limits.pixels) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "to cover {}×{} the picture would be scaled to {}×{} before it is cut, more than the "
            "{} "
            "pixels allowed: ask for a smaller result, or for fit contain",
            placement.canvas.width, placement.canvas.height, width, height, limits.pixels
        ),
        "fit", LimitReached{"pixels", static_cast<double>(limits.pixels)}
    };
}

Result<Plan> plan_image(
    const ImageOptions& options,
    const SourcePicture& source,
    const std::string& stem,
    const Limits& limits
) {
    const ImageFormat format = options.format.value_or(default_image_format(source.format));
    const Placement placement = place(source.display, framing_of(options, source.display));
    const Size scaled = placement.scaled;
    TRY(check_output_size(placement.canvas, limits, image::longest_side(format), name_of(format)));
    TRY(check_scaled_size(placement, limits));

    PictureBranch branch;
    branch.image = image_settings(format, options.quality.value_or(Quality::kMedium));
    branch.image->has_few_colours = source.has_few_colours && scaled == source.display;
    branch.image->size = placement.canvas;
    const bool can_be_transparent = format != ImageFormat::kJpeg;
    Colour padding = options.background.value_or(can_be_transparent ? kClear : kBlack);
    std::optional<Colour> flattening;
    if (!can_be_transparent) {
        padding.alpha = 255;
        flattening = options.background.value_or(kWhite);
    }
    const Size stored = source.is_turned ? Size{scaled.height, scaled.width} : scaled;
    branch.steps = plan_steps(placement, stored, padding, flattening);

    Plan plan;
    plan.reads.push_back(source.read);
    plan.reads.front().shrink_by = shrink_on_load(source.display, scaled);
    if (source.read.as == ReadAs::kFrame && !source.read.is_still)
        plan.window.start = options.start.seconds;
    PicturePlan picture;
    picture.why_encoded = "pictures are written anew";
    picture.treatment = rgb_treatment(stored, false);
    picture.branches.push_back(std::move(branch));
    plan.pictures.push_back(std::move(picture));
    const std::string_view word = name_of(format);
    plan.outputs.push_back({.name = fmt::format("{}.{}", stem, word), .muxer = std::string(word)});
    if (options.interval) TRY(plan_series(options, source, limits, plan));
    return plan;
}

}  // namespace ittybit::tasks
