#include "tasks/animation.h"

#include <utility>

#include <fmt/format.h>

#include "image/gif_frames.h"
#include "image/header.h"
#include "image/library.h"
#include "media/error.h"
#include "media/stream.h"
#include "model/sniff.h"
#include "tasks/animation_plan.h"
#include "tasks/joined_alpha.h"
#include "tasks/picture_plan.h"
#include "tasks/quality.h"
#include "tasks/rgb_frames.h"
#include "tasks/still.h"
#include "tasks/treatment.h"

namespace ittybit::tasks {
namespace {

Result<Plan> plan_of(
    const AnimationOptions& options, const AnimationSource& source, const Job& job
) {
    const auto name = fmt::format("{}.{}", job.assignment.stem, name_of(options.format));
    return plan_animation(options, source, name, job.limits());
}

/// A film, an animation or a still that libav reads. `loop`: how often it plays; 0 for ever.
Result<Plan> from_media(
    const AnimationOptions& options, const Sniffed& sniffed, int loop, Job& job
) {
    const auto& input = *TRY(open_media(job));
    const int stream = TRY(media::require_video(input));
    const PictureFacts facts = picture_facts(input, stream);
    const bool is_still = sniffed.family == Family::kStill;
    const auto alpha = find_alpha(input, stream);
    const AnimationSource source{
        .display = facts.display,
        .duration = input.duration(),
        .is_duration_sure = input.is_duration_sure(),
        .read =
            {.as = is_still ? ReadAs::kFrame : ReadAs::kStream,
             .stream = stream,
             .alpha = alpha,
             .threads = machine_cores(),
             .is_still = is_still},
        .treatment = rgb_treatment(input.stream(stream), facts.display, facts.has_alpha || alpha),
        .loop = loop,
        .told_end = facts.told_end,
    };
    Plan plan = TRY(plan_of(options, source, job));
    if (auto said = TRY(first_alone(job.source, sniffed)))
        plan.warnings.push_back(*std::move(said));
    decide_steps(plan.pictures.front().treatment, shape_of(facts));
    return plan;
}

Result<Plan> from_webp(const AnimationOptions& options, const image::Header& header, Job& job) {
    const auto& reader = *TRY(open_animation(job));
    Treatment treatment = rgb_treatment(header.display(), reader.has_alpha());
    const auto orientation = orientation_of(header);
    treatment.is_mirrored = orientation.is_mirrored;
    treatment.rotation = orientation.rotation;
    const AnimationSource source{
        .display = header.display(),
        .duration = header.duration(),
        .read = {.as = ReadAs::kAnimation},
        .treatment = treatment,
        .loop = reader.loop(),
        .frames = reader.frames(),
    };
    Plan plan = TRY(plan_of(options, source, job));
    decide_steps(plan.pictures.front().treatment, rgba_shape(reader.size()));
    return plan;
}

Result<Plan> from_still(const AnimationOptions& options, const image::Header& header, Job& job) {
    const auto picture = TRY(upright_picture(job.source, job.limits()));
    const AnimationSource source{
        .display = header.display(),
        .read = {.as = ReadAs::kPicture},
        .treatment = rgb_treatment(header.display(), picture.has_alpha()),
    };
    Plan plan = TRY(plan_of(options, source, job));
    decide_steps(plan.pictures.front().treatment, rgba_shape(header.display()));
    return plan;
}

}  // namespace

Result<Plan> plan(const AnimationOptions& options, Job& job) {
    TRY(image::init());
    media::capture_log();
    const Sniffed sniffed = TRY(sniff(job.source));
    if (image::can_read(sniffed)) {
        const auto header = image::read_header(job.source, sniffed, job.limits());
        if (!header && header.error().kind == ErrorKind::kLimitExceeded) return header.error();
        const bool is_bare = header && sniffed.format == "gif" &&
                             TRY(image::has_bare_parts(job.source, 0, header->has_alpha));
        const bool is_libavs =
            is_bare || (header && header->is_animated() && sniffed.format != "webp");
        if (is_libavs) return from_media(options, sniffed, header->loop, job);
        if (header && header->is_animated()) return from_webp(options, *header, job);
        if (header) return from_still(options, *header, job);
    }
    return from_media(options, sniffed, TRY(image::plays_of(job.source, sniffed)), job);
}

}  // namespace ittybit::tasks
