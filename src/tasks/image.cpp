#include "tasks/image.h"

#include <utility>

#include <fmt/format.h>

#include "image/header.h"
#include "image/library.h"
#include "image/picture.h"
#include "model/sniff.h"
#include "tasks/image_plan.h"
#include "tasks/image_steps.h"

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
        "start_out_of_range",
        fmt::format("start is {} s, and the animation ends at {} s", start, end), "start"
    };
}

Finished explained(const ImagePlan& plan) {
    Finished finished;
    finished.plan = plan.to_json();
    return finished;
}

Result<Finished> finish(const ImagePlan& plan, Job& job) {
    const std::string_view format = name_of(plan.save.format);
    const std::string name = fmt::format("{}.{}", job.assignment.stem, format);
    File file = TRY(verify_image(name, format, plan.placement.canvas));
    job.events.file_ready({.name = name, .size = file.size.value_or(0)});
    Finished finished;
    finished.file = std::move(file);
    return finished;
}

Result<Finished> from_file(
    const ImageOptions& options, ByteSource& source, const Sniffed& sniffed, Job& job
) {
    const Limits& limits = job.assignment.limits;
    const auto header = TRY(image::read_header(source, sniffed, limits));
    const SourcePicture facts{
        .format = sniffed.format,
        .display = header.display(),
        .is_turned = header.orientation >= 5,
        .has_alpha = header.has_alpha,
    };
    const ImagePlan plan = TRY(plan_image(options, facts, limits));
    if (job.assignment.explain) return explained(plan);
    const int page = TRY(page_at(header, options.start));
    auto picture = TRY(
        image::Picture::open(source, sniffed, limits, {.page = page, .shrink_by = plan.shrink_by})
    );
    const std::string name = fmt::format("{}.{}", job.assignment.stem, name_of(plan.save.format));
    TRY(make_image(std::move(picture), plan, name));
    return finish(plan, job);
}

}  // namespace

Result<Finished> run(const ImageOptions& options, Job& job) {
    TRY(image::init());
    const Sniffed sniffed = TRY(sniff(job.source));
    if (image::can_read(sniffed)) return from_file(options, job.source, sniffed, job);
    return Error{"unsupported_media", "not yet", ""};
}

}  // namespace ittybit::tasks
