#include "tasks/image.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "image/gif_frames.h"
#include "image/header.h"
#include "image/library.h"
#include "image/picture.h"
#include "image/presented.h"
#include "image/save.h"
#include "image/steps.h"
#include "media/frames.h"
#include "media/input.h"
#include "media/stream.h"
#include "model/error_kinds.h"
#include "model/sniff.h"
#include "tasks/auto_start.h"
#include "tasks/build.h"
#include "tasks/image_plan.h"
#include "tasks/image_steps.h"
#include "tasks/joined_alpha.h"
#include "tasks/picture_plan.h"
#include "tasks/picture_series.h"
#include "tasks/quality.h"
#include "tasks/rgb_frames.h"
#include "tasks/run_task.h"
#include "tasks/still.h"
#include "tasks/told_colours.h"
#include "tasks/treatment.h"

namespace ittybit::tasks {
namespace {

/// Which frame of an animation is on screen at `start`. Errors: `start_out_of_range`.
Result<int> page_at(const image::Header& header, double start) {
    if (!header.is_animated()) return 0;
    double end = 0;
    for (int page = 0; page < header.frames; ++page) {
        end += header.delays_ms[static_cast<std::size_t>(page)] / 1000.0;
        if (start < end) return page;
    }
    return Error{
        ErrorKind::kStartOutOfRange,
        fmt::format("start is {} s, and the animation ends at {} s", start, end), "start"
    };
}

/// Lets `work` have what is attached to the input as an input of its own.
template <typename Work>
auto with_cover(Job& job, Work&& work) -> decltype(work(job)) {
    const auto& input = *TRY(open_media(job));
    const auto cover = media::cover_bytes(input);
    if (!cover) return Error{ErrorKind::kNoVideoStream, "the input has no picture", ""};
    MemorySource bytes(*cover);
    const auto shown = TRY(image::presented(bytes));
    Job inner{
        .assignment = job.assignment, .source = *shown, .events = job.events, .is_cover = true
    };
    return work(inner);
}

/// A picture that libvips reads. Nothing where it does not read all of it, not rightly, or not
/// in steps: of animations all but WebP are libav's then.
Result<std::optional<Plan>> plan_picture(
    const ImageOptions& options, Job& job, const Sniffed& sniffed
) {
    const auto header = TRY(image::read_header(job.source, sniffed, job.limits()));
    const bool is_series = options.interval && header.is_animated();
    if (!header.is_whole || (is_series && sniffed.format != "webp")) return std::optional<Plan>();
    const int page = is_series ? 0 : TRY(page_at(header, options.start.seconds));
    if (sniffed.format == "gif" && TRY(image::has_bare_parts(job.source, page, header.has_alpha)))
        return std::optional<Plan>();
    SourcePicture source{
        .format = sniffed.format,
        .display = header.display(),
        .is_turned = header.orientation >= 5,
        .has_few_colours = header.has_few_colours,
        .read = {.as = ReadAs::kPicture},
    };
    if (is_series) {
        source.read.as = ReadAs::kAnimation;
        source.film = FilmTime{.duration = header.duration(), .is_sure = true};
    } else {
        source.read.stream = page;
    }
    return std::optional(TRY(plan_image(options, source, job.assignment.stem, job.limits())));
}

Size shrunk(Size size, int by) {
    return {(size.width + by - 1) / by, (size.height + by - 1) / by};
}

Result<Plan> plan_frame(ImageOptions options, Job& job, int stream) {
    const auto& input = *TRY(open_media(job));
    const Size display = media::display_size_of(input, input.stream(stream));
    SourcePicture source{
        .format = input.sniffed().format,
        .display = display,
        .has_few_colours = input.sniffed().format == "gif",
        .read =
            {.as = ReadAs::kFrame,
             .stream = stream,
             .alpha = find_alpha(input, stream),
             .threads = options.interval ? machine_cores() : 1,
             // A still is on screen for ever.
             .is_still = input.sniffed().family == Family::kStill},
    };
    if (!source.read.is_still)
        source.film = FilmTime{input.told_end(stream), input.duration(), input.is_duration_sure()};
    if (options.start.is_auto && source.film)
        options.start.seconds = TRY(telling_moment(job, stream));
    if (source.film && !options.interval) TRY(media::check_start(input, options.start.seconds));
    Plan plan = TRY(plan_image(options, source, job.assignment.stem, job.limits()));
    if (auto said = TRY(first_alone(job.source, input.sniffed())))
        plan.warnings.push_back(*std::move(said));
    Treatment& treatment = plan.pictures.front().treatment;
    const AVStream& video = input.stream(stream);  // which looking for a moment may open anew
    const bool has_alpha = media::has_alpha(video) || source.read.alpha;
    treatment = rgb_treatment(video, shrunk(display, plan.reads.front().shrink_by), has_alpha);
    decide_steps(treatment, shape_of(picture_facts(input, stream)));
    return plan;
}

Result<Plan> plan_media(const ImageOptions& options, Job& job) {
    const auto& input = *TRY(open_media(job));
    if (const auto stream = media::find_video(input)) return plan_frame(options, job, *stream);
    if (!job.is_cover && media::cover_bytes(input)) {
        Plan plan = TRY(with_cover(job, [&](Job& cover) { return tasks::plan(options, cover); }));
        plan.reads.front().is_cover = true;
        return plan;
    }
    return Error{
        ErrorKind::kNoVideoStream,
        "the input has no picture: give a still, a film, or sound with a cover, or ask for what it"
        " has: kind audio for sound",
        "input"
    };
}

/// The plan without libvips.
Result<Plan> plan_without_libvips(const ImageOptions& options, Job& job, bool is_cover) {
    if (!is_cover) return plan_media(options, job);
    Plan plan = TRY(with_cover(job, [&](Job& cover) { return plan_media(options, cover); }));
    plan.reads.front().is_cover = true;
    return plan;
}

/// The picture of a plan, as it comes from its reader.
Result<image::Picture> read_picture(const Plan& plan, Job& job) {
    const PlannedRead& read = plan.reads.front();
    const Treatment& treatment = plan.pictures.front().treatment;
    if (read.as == ReadAs::kFrame) {
        auto& input = *TRY(open_media(job, read));
        const media::DecoderOptions how{.is_strict = read.is_still};
        auto shown = TRY(media::shown_at(input, read.stream, plan.window.start, how));
        if (read.alpha) {
            const auto again = TRY(input.reopen());
            const auto alpha = TRY(media::frame_at(*again, *read.alpha, plan.window.start, how));
            shown.frame = join_alpha(std::move(shown.frame), *alpha);
        }
        const auto told = TRY(told_colours(job));
        shown.frame = TRY(in_srgb(std::move(shown.frame), told));
        auto pixels = TRY(to_pixels(std::move(shown), treatment));
        auto picture = TRY(image::Picture::from_pixels(std::move(pixels)));
        const auto titled = TRY(open_titled(job.source, job.limits()));
        if (titled) image::copy_titles(*titled, picture);
        return picture;
    }
    const Sniffed sniffed = TRY(sniff(job.source));
    const auto header = TRY(image::read_header(job.source, sniffed, job.limits()));
    const image::Picture::Load how{.page = read.stream, .shrink_by = read.shrink_by};
    return open_still(job.source, sniffed, job.limits(), header, how, treatment.placement.scaled);
}

/// When it is back, all that was wrong with the input is told.
Result<> write_picture(const Plan& plan, const PictureBranch& branch, Job& job) {
    auto picture = TRY(read_picture(plan, job));
    picture = TRY(take_steps(std::move(picture), branch.steps));
    return image::save(picture, *branch.image, plan.outputs.front().name);
}

/// Why nobody reads a picture: libvips, which did not either, often says it better.
Error better_reason(const ImageOptions& options, Job& job, Error error) {
    const auto sniffed = sniff(job.source);
    if (!sniffed || !image::can_read(*sniffed)) return error;
    const auto found = plan_picture(options, job, *sniffed);
    return found || !is_of_media(found.error().kind) ? error : found.error();
}

}  // namespace

Result<Plan> plan(const ImageOptions& options, Job& job) {
    TRY(image::init());
    const Sniffed sniffed = TRY(sniff(job.source));
    // A film in HEIF or AVIF has a picture that stands for it, with alpha, and often a larger one.
    const bool is_at_front = options.start.seconds == 0 && !options.interval;
    const bool is_readable =
        image::can_read(sniffed) || (is_at_front && TRY(image::has_primary(job.source, sniffed)));
    if (!is_readable) return plan_media(options, job);
    auto found = plan_picture(options, job, sniffed);
    if (found && *found) return **std::move(found);
    if (found) return plan_media(options, job);
    if (!is_of_media(found.error().kind) || sniffed.demuxer.empty()) return found.error();
    auto second = plan_media(options, job);
    if (second) return second;
    return found.error();
}

Result<Finished> make_image(const Plan& plan, Job& job) {
    TRY(image::init());
    if (plan.reads.front().is_cover) {
        Plan inside = plan;
        inside.reads.front().is_cover = false;
        return with_cover(job, [&](Job& cover) { return make_image(inside, cover); });
    }
    if (plan.pictures.front().instants) return make_series(plan, job);
    const PictureBranch& branch = plan.pictures.front().branches.front();
    const OutputFile& output = plan.outputs.front();
    TRY(write_picture(plan, branch, job));
    Finished finished;
    finished.warnings = plan.warnings;
    if (image::take_damage())
        finished.warnings.emplace_back("the picture is damaged: parts of it may look wrong");
    finished.file = TRY(verify_image(output.name, output.muxer, branch.image->size));
    job.events.file_ready({.name = output.name, .size = finished.file.size.value_or(0)});
    return finished;
}

Result<Finished> run(const ImageOptions& options, Job& job) {
    const Plan first = TRY(plan_of(options, job));
    if (job.assignment.explain) return explained(first, job);
    auto finished = make(first, job);
    if (finished || !is_of_media(finished.error().kind)) return finished;
    const PlannedRead& read = first.reads.front();
    if (read.as != ReadAs::kPicture)
        return better_reason(options, job, std::move(finished).error());
    const auto second = plan_without_libvips(options, job, read.is_cover);
    if (!second) return finished;
    auto again = make(*second, job);
    return again ? std::move(again) : std::move(finished);
}

}  // namespace ittybit::tasks
