#include "tasks/image.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "image/header.h"
#include "image/library.h"
#include "image/picture.h"
#include "image/presented.h"
#include "media/frames.h"
#include "media/input.h"
#include "media/stream.h"
#include "model/sniff.h"
#include "tasks/image_plan.h"
#include "tasks/image_steps.h"
#include "tasks/rgb_frames.h"
#include "tasks/still.h"

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

/// One image job on its way: the wishes, and whom it is done for.
class ImageTask {
public:
    ImageTask(const ImageOptions& options, Job& job) : options_(options), job_(job) {}

    Result<Finished> from_any(ByteSource& source);

private:
    Result<Finished> from_picture(ByteSource& source, const Sniffed& sniffed);
    Result<Finished> from_media(ByteSource& source, const Sniffed& sniffed);
    Result<Finished> from_stream(media::Input& input, int stream);
    Result<Finished> finish(image::Picture picture, const ImagePlan& plan);
    const Limits& limits() const { return job_.assignment.limits; }

    const ImageOptions& options_;
    Job& job_;
};

Finished explained(const ImagePlan& plan) {
    Finished finished;
    finished.plan = plan.to_json();
    return finished;
}

Result<Finished> ImageTask::from_any(ByteSource& source) {
    const Sniffed sniffed = TRY(sniff(source));
    // A film in HEIF or AVIF has a picture that stands for it, with alpha, and often a larger one.
    const bool is_readable = image::can_read(sniffed) ||
                             (options_.start == 0 && TRY(image::has_primary(source, sniffed)));
    if (!is_readable) return from_media(source, sniffed);
    auto result = from_picture(source, sniffed);
    // What libvips cannot read of a format it knows, libav sometimes can.
    const bool is_lost = !result && (result.error().kind == ErrorKind::kCorruptMedia ||
                                     result.error().kind == ErrorKind::kUnsupportedMedia);
    if (!is_lost || sniffed.demuxer.empty()) return result;
    auto second = from_media(source, sniffed);
    if (second) return second;
    return result;
}

Result<Finished> ImageTask::from_picture(ByteSource& source, const Sniffed& sniffed) {
    const auto header = TRY(image::read_header(source, sniffed, limits()));
    if (!header.is_whole) return from_media(source, sniffed);
    const SourcePicture facts{
        .format = sniffed.format,
        .display = header.display(),
        .is_turned = header.orientation >= 5,
        .has_few_colours = header.has_few_colours,
    };
    const ImagePlan plan = TRY(plan_image(options_, facts, limits()));
    const int page = TRY(page_at(header, options_.start));
    if (job_.assignment.explain) return explained(plan);
    const image::Picture::Load how{.page = page, .shrink_by = plan.shrink_by};
    return finish(
        TRY(open_still(source, sniffed, limits(), header, how, plan.stored_scaled)), plan
    );
}

Result<Finished> ImageTask::from_media(ByteSource& source, const Sniffed& sniffed) {
    const auto input = TRY(media::Input::open(source, sniffed, limits()));
    if (const auto stream = media::find_video(*input)) return from_stream(*input, *stream);
    if (const auto cover = media::cover_bytes(*input)) {
        MemorySource bytes(*cover);
        const auto shown = TRY(image::presented(bytes));
        return from_any(*shown);
    }
    // Says why: there is none, or nobody decodes it.
    TRY(media::require_video(*input));
    return Error{ErrorKind::kNoVideoStream, "the input has no picture", ""};
}

Result<Finished> ImageTask::from_stream(media::Input& input, int stream) {
    const AVStream& video = input.stream(stream);
    const Size display = media::display_size_of(input, video);
    const SourcePicture facts{.format = input.sniffed().format, .display = display};
    const ImagePlan plan = TRY(plan_image(options_, facts, limits()));
    if (job_.assignment.explain) return explained(plan);
    // A still is on screen for ever.
    const bool is_still = input.sniffed().family == Family::kStill;
    const double start = is_still ? 0 : options_.start;
    const RgbTreatment treatment = rgb_treatment(video, display);  // reading may open the file anew
    auto shown = TRY(media::shown_at(input, stream, start, {.is_strict = is_still}));
    auto pixels = TRY(to_pixels(std::move(shown), treatment));
    return finish(TRY(image::Picture::from_pixels(std::move(pixels))), plan);
}

Result<Finished> ImageTask::finish(image::Picture picture, const ImagePlan& plan) {
    const std::string_view format = name_of(plan.save.format);
    const std::string name = fmt::format("{}.{}", job_.assignment.stem, format);
    TRY(make_image(std::move(picture), plan, name));
    Finished finished;
    finished.file = TRY(verify_image(name, format, plan.placement.canvas));
    job_.events.file_ready({.name = name, .size = finished.file.size.value_or(0)});
    return finished;
}

}  // namespace

Result<Finished> run(const ImageOptions& options, Job& job) {
    TRY(image::init());
    return ImageTask(options, job).from_any(job.source);
}

}  // namespace ittybit::tasks
