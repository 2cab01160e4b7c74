#include "tasks/drawn_video.h"

#include <cstring>

#include "image/animation_reader.h"
#include "media/compat.h"
#include "media/error.h"
#include "tasks/plan.h"
#include "tasks/run_plan.h"

namespace ittybit::tasks {
namespace {

using image::AnimationFrame;
using image::AnimationReader;

constexpr AVRational kMilliseconds = {1, 1000};

Result<SourceFacts> facts_of(AnimationReader& reader) {
    std::int64_t end_ms = 0;
    while (const auto frame = TRY(reader.next())) end_ms = frame->start_ms + frame->duration_ms;
    reader.rewind();
    PictureFacts picture;
    picture.codec = "webp";
    picture.format = AV_PIX_FMT_RGBA;
    picture.stored = reader.size();
    picture.display = reader.size();
    picture.has_alpha = reader.has_alpha();
    const AVRational fps = av_d2q(1000.0 * reader.frames() / static_cast<double>(end_ms), 1000);
    picture.fps = {fps.num, fps.den};
    SourceFacts source;
    source.duration = static_cast<double>(end_ms) / 1000;
    source.picture = picture;
    return source;
}

Result<media::Frame> to_frame(const AnimationFrame& drawn, const Size& size) {
    media::Frame frame = media::make_frame();
    frame->format = AV_PIX_FMT_RGBA;
    frame->width = size.width;
    frame->height = size.height;
    frame->colorspace = AVCOL_SPC_RGB;
    frame->color_range = AVCOL_RANGE_JPEG;
    if (const int code = av_frame_get_buffer(frame.get(), 0); code < 0)
        return media::output_error(code, "make room for a picture");
    const auto row = static_cast<std::size_t>(size.width) * 4;
    for (int y = 0; y < size.height; ++y) {
        std::memcpy(
            frame->data[0] + std::ptrdiff_t{y} * frame->linesize[0],
            drawn.rgba.data() + static_cast<std::size_t>(y) * row, row
        );
    }
    frame->pts = drawn.start_ms;
    media::set_duration(*frame, drawn.duration_ms);
    return frame;
}

}  // namespace

Result<Finished> run_drawn_video(const VideoOptions& options, const std::string& name, Job& job) {
    const Limits& limits = job.assignment.limits;
    const auto reader = TRY(AnimationReader::open(job.source, limits));
    if (reader->frames() < 2)
        return Error{
            ErrorKind::kNoVideoStream, "the input is a still picture and has no video", "input"
        };
    const SourceFacts source = TRY(facts_of(*reader));
    Plan plan = TRY(plan_video(options, source, name, limits));
    if (job.assignment.explain) return explain(plan);
    media::Meter meter = make_meter(plan.time, job.events);
    const auto output = TRY(create_output(plan, limits, meter, job.events));
    media::Pipeline pipeline;
    auto* frames = TRY(
        add_picture_stages(pipeline, plan, {kMilliseconds, 0, true}, limits, output->add_track())
    );
    const auto draw = [&]() -> Result<> {
        while (const auto drawn = TRY(reader->next())) {
            meter.moved();
            media::Frame frame = TRY(to_frame(*drawn, reader->size()));
            TRY(frames->push(std::move(frame)));
        }
        return frames->finish();
    };
    TRY(pipeline.run(draw));
    return finish_job(plan, *output, job);
}

}  // namespace ittybit::tasks
