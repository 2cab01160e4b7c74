#include "tasks/animation.h"

#include <cmath>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/fd.h"
#include "image/animation_reader.h"
#include "image/animation_writer.h"
#include "image/gif_writer.h"
#include "image/header.h"
#include "image/library.h"
#include "image/steps.h"
#include "media/compat.h"
#include "media/decoder.h"
#include "media/error.h"
#include "media/frames.h"
#include "media/input.h"
#include "media/intake.h"
#include "media/pipeline.h"
#include "media/stream.h"
#include "model/sniff.h"
#include "tasks/animation_plan.h"
#include "tasks/expectation.h"
#include "tasks/joined_alpha.h"
#include "tasks/probe.h"
#include "tasks/quality.h"
#include "tasks/run_plan.h"
#include "tasks/still.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Sink;

/// Counts what comes through, and knows when the last frame ends. In front of both encoders.
class Counter : public Sink<Frame> {
public:
    Counter(media::Meter& meter, const AnimationPlan& plan, const Limits& limits, Sink<Frame>& next)
        : meter_(meter),
          output_(meter.add_output()),
          ticks_(plan.clock.ticks),
          start_(plan.time.start),
          limits_(limits),
          next_(next) {}

    Result<> push(Frame frame) override {
        if (++frames_ > limits_.frames)
            return Error{
                ErrorKind::kLimitExceeded,
                fmt::format(
                    "the animation would have more than {} frames; choose a shorter part or a "
                    "lower fps",
                    limits_.frames
                ),
                "", LimitReached{"frames", static_cast<double>(limits_.frames)}
            };
        seconds_ = static_cast<double>(frame->pts + media::duration_of(*frame)) / ticks_;
        TRY(next_.push(std::move(frame)));
        meter_.written(output_, seconds_);
        return {};
    }
    Result<> finish() override {
        if (frames_ > 0) return next_.finish();
        if (start_ <= 0)
            return Error{ErrorKind::kCorruptMedia, "no picture of the input can be decoded", ""};
        return Error{
            ErrorKind::kStartOutOfRange,
            "start lies behind the last picture of the input; choose an earlier one", "start"
        };
    }

    std::int64_t frames() const { return frames_; }
    double seconds() const { return seconds_; }

private:
    media::Meter& meter_;
    int output_;
    int ticks_;
    double start_;  // seconds
    Limits limits_;
    Sink<Frame>& next_;
    std::int64_t frames_ = 0;
    double seconds_ = 0;
};

std::span<const std::byte> bytes_of(const AVFrame& frame) {
    const auto length =
        static_cast<std::size_t>(frame.linesize[0]) * static_cast<std::size_t>(frame.height);
    return {reinterpret_cast<const std::byte*>(frame.data[0]), length};
}

/// RGBA frames into an animated WebP.
class WebpFile : public Sink<Frame> {
public:
    WebpFile(std::unique_ptr<image::AnimationWriter> writer, int ticks, std::string name)
        : writer_(std::move(writer)), ticks_(ticks), name_(std::move(name)) {}

    Result<> push(Frame frame) override {
        end_ms_ = milliseconds(frame->pts + media::duration_of(*frame));
        return writer_->add(bytes_of(*frame), frame->linesize[0], milliseconds(frame->pts));
    }
    Result<> finish() override { return writer_->finish(end_ms_, name_); }

private:
    int milliseconds(std::int64_t ticks) const {
        return static_cast<int>(av_rescale(ticks, 1000, ticks_));
    }

    std::unique_ptr<image::AnimationWriter> writer_;
    int ticks_;
    std::string name_;
    int end_ms_ = 0;
};

/// RGBA frames into a GIF, whose clock has hundredths of a second, without drift.
class GifFile : public Sink<Frame> {
public:
    GifFile(std::unique_ptr<image::GifWriter> writer, int ticks)
        : writer_(std::move(writer)), ticks_(ticks) {}

    Result<> push(Frame frame) override {
        const std::int64_t begin = av_rescale(frame->pts, 100, ticks_);
        const std::int64_t end = av_rescale(frame->pts + media::duration_of(*frame), 100, ticks_);
        const auto delay = static_cast<int>(std::max<std::int64_t>(1, end - begin));
        return writer_->add(bytes_of(*frame), static_cast<std::size_t>(frame->linesize[0]), delay);
    }
    Result<> finish() override { return writer_->finish(); }

private:
    std::unique_ptr<image::GifWriter> writer_;
    int ticks_;
};

/// One frame, shown for a tenth of a second.
Result<> push_still(Frame frame, const AnimationPlan& plan, Sink<Frame>& filters) {
    frame->pts = 0;
    media::set_duration(*frame, plan.clock.ticks / 10);
    TRY(filters.push(std::move(frame)));
    return filters.finish();
}

/// One animation job on its way.
class AnimationTask {
public:
    AnimationTask(const AnimationOptions& options, Job& job) : options_(options), job_(job) {}

    Result<Finished> run();

private:
    /// `loop`: how often it plays; 0 for ever.
    Result<Finished> from_media(const Sniffed& sniffed, int loop);
    Result<Finished> from_webp();
    Result<Finished> from_still(const Sniffed& sniffed);

    /// Builds everything behind the decoder, lets `feed` push into it, and checks the result.
    template <typename Feed>
    Result<Finished> make(const AnimationPlan& plan, const media::SourceTime& source, Feed&& feed);
    Result<Finished> finish(const AnimationPlan& plan, const Counter& counter);
    Finished explained(const AnimationPlan& plan) const {
        Finished finished;
        finished.plan = plan.to_json();
        finished.warnings = plan.warnings;
        return finished;
    }
    std::string name() const {
        return fmt::format("{}.{}", job_.assignment.stem, ittybit::name_of(options_.format));
    }
    const Limits& limits() const { return job_.assignment.limits; }

    const AnimationOptions& options_;
    Job& job_;
};

Result<Finished> AnimationTask::run() {
    const Sniffed sniffed = TRY(sniff(job_.source));
    if (image::can_read(sniffed)) {
        const auto header = image::read_header(job_.source, sniffed, limits());
        if (!header && header.error().kind == ErrorKind::kLimitExceeded) return header.error();
        if (header && header->is_animated()) {
            return sniffed.format == "webp" ? from_webp() : from_media(sniffed, header->loop);
        }
        if (header) return from_still(sniffed);
    }
    return from_media(sniffed, TRY(image::plays_of(job_.source, sniffed)));
}

template <typename Feed>
Result<Finished> AnimationTask::make(
    const AnimationPlan& plan, const media::SourceTime& source, Feed&& feed
) {
    media::Meter meter = make_meter(plan.time, job_.events);
    media::Pipeline pipeline;
    Sink<Frame>* encoder = nullptr;
    if (plan.format == AnimationFormat::kGif) {
        auto writer = TRY(image::GifWriter::open(plan.gif, name()));
        encoder = &pipeline.make<GifFile>(std::move(writer), plan.clock.ticks);
    } else {
        auto writer = TRY(image::AnimationWriter::open(plan.webp));
        encoder = &pipeline.make<WebpFile>(std::move(writer), plan.clock.ticks, name());
    }
    auto& counter = pipeline.make<Counter>(meter, plan, limits(), *encoder);
    auto& behind = pipeline.detach<Frame>(2, counter);
    auto& filters = pipeline.make<media::Filters>(
        plan.clock.time_base(),
        [&plan](const media::PictureShape& shape) { return frame_steps(plan, shape); }, behind
    );
    auto& cadence = pipeline.make<media::Cadence>(plan.clock, limits(), filters);
    auto& window = pipeline.make<media::PictureWindow>(
        media::PictureWindow::Settings{
            .source = source,
            .cut = plan.time.cut(),
            .clock = plan.clock,
            .most_frames = {},
            .limits = limits(),
        },
        cadence
    );
    TRY(pipeline.run([&]() -> Result<> { return feed(window, filters); }));
    return finish(plan, counter);
}

/// Feeds a film's pictures into a window, with the alpha that another of its tracks may have. Gives
/// what of them is missing.
Result<std::vector<Missing>> decode(
    media::Input& input,
    const AnimationPlan& plan,
    int colour,
    std::optional<int> alpha,
    media::PictureWindow& window
) {
    const media::DecoderOptions options{.threads = machine_cores()};
    std::vector<Sink<media::Packet>*> sinks(input.streams().size());
    std::vector<int> read = {colour};
    if (alpha) read.push_back(*alpha);
    JoinedAlpha joined(
        input.stream(read.front()).time_base, input.stream(read.back()).time_base, window
    );
    const auto main =
        TRY(media::Decoder::open(input, colour, options, alpha ? joined.colour() : window));
    sinks.at(static_cast<std::size_t>(colour)) = main.get();
    std::unique_ptr<media::Decoder> second;
    if (alpha) {
        second = TRY(media::Decoder::open(input, *alpha, options, joined.alpha()));
        sinks.at(static_cast<std::size_t>(*alpha)) = second.get();
    }
    input.read_only(read);
    TRY(seek_to_start(input, plan.time, colour));
    ReadingEnd end(input, plan.time, read);
    media::Intake intake(input, plan.time.cut());
    TRY(media::pump(
        input, std::span<Sink<media::Packet>* const>(sinks),
        [&](const AVPacket& packet) {
            intake.see(packet);
            return end(packet);
        }
    ));
    SourceFacts source;
    source.picture = picture_facts(input, colour);
    const auto expects = expectation(source, plan.time.start, plan.time.end);
    const Through through{.stream = colour, .pictures = window.pictures(), .seconds = {}};
    return shortfall(input, intake, plan.time.cut(), expects, through, {});
}

Result<Finished> AnimationTask::from_media(const Sniffed& sniffed, int loop) {
    const auto input = TRY(media::Input::open(job_.source, sniffed, limits()));
    const int stream = TRY(media::require_video(*input));
    const AVStream& video = input->stream(stream);
    const Size display = media::display_size_of(*input, video);
    const bool is_still = sniffed.family == Family::kStill;
    const auto alpha = find_alpha(*input, stream);
    RgbTreatment treatment = rgb_treatment(video, display);
    treatment.has_alpha |= alpha.has_value();
    const AnimationPlan plan = TRY(plan_animation(
        options_,
        {
            .display = display,
            .duration = input->duration(),
            .is_still = is_still,
            .treatment = treatment,
            .loop = loop,
        },
        limits()
    ));
    if (job_.assignment.explain) return explained(plan);
    std::vector<Missing> missing;
    const auto feed = [&](media::PictureWindow& window, Sink<Frame>& filters) -> Result<> {
        if (is_still)
            return push_still(
                TRY(media::frame_at(*input, stream, 0, {.is_strict = true})), plan, filters
            );
        missing = TRY(decode(*input, plan, stream, alpha, window));
        return {};
    };
    Finished finished = TRY(make(plan, input->time_of(stream), feed));
    tell(missing, finished);
    return finished;
}

Result<Finished> AnimationTask::from_webp() {
    const auto reader = TRY(image::AnimationReader::open(job_.source, limits()));
    const Sniffed sniffed = TRY(sniff(job_.source));
    const auto header = TRY(image::read_header(job_.source, sniffed, limits()));
    const Size size = reader->size();
    const AnimationPlan plan = TRY(plan_animation(
        options_,
        {
            .display = size,
            .duration = header.duration(),
            .treatment = {.scaled = size, .orientation = {}, .has_alpha = reader->has_alpha()},
            .loop = reader->loop(),
        },
        limits()
    ));
    if (job_.assignment.explain) return explained(plan);
    return make(plan, {{1, 1000}, 0, true}, [&](Sink<Frame>& window, Sink<Frame>&) -> Result<> {
        while (const auto shown = TRY(reader->next())) {
            if (plan.time.end && shown->start_ms > *plan.time.end * 1000) break;
            Frame frame = TRY(frame_of(shown->rgba, size, AV_PIX_FMT_RGBA));
            frame->pts = shown->start_ms;
            media::set_duration(*frame, shown->duration_ms);
            TRY(window.push(std::move(frame)));
        }
        return window.finish();
    });
}

Result<Finished> AnimationTask::from_still(const Sniffed& sniffed) {
    const auto header = TRY(image::read_header(job_.source, sniffed, limits()));
    const Size display = header.display();
    AnimationSource source{.display = display, .duration = {}, .is_still = true, .treatment = {}};
    auto picture = TRY(open_still(job_.source, sniffed, limits(), header, {}, header.stored));
    picture = TRY(image::to_additive(std::move(picture)));
    picture = TRY(image::orient(std::move(picture)));
    picture = TRY(image::to_srgb(std::move(picture)));
    source.treatment.has_alpha = picture.has_alpha();
    const AnimationPlan plan = TRY(plan_animation(options_, source, limits()));
    if (job_.assignment.explain) return explained(plan);
    return make(plan, {{1, 1000}, 0, true}, [&](Sink<Frame>&, Sink<Frame>& filters) -> Result<> {
        const auto pixels = TRY(picture.pixels());
        Frame frame = TRY(frame_of(pixels));
        return push_still(std::move(frame), plan, filters);
    });
}

Result<Finished> AnimationTask::finish(const AnimationPlan& plan, const Counter& counter) {
    const Fd descriptor(::open(name().c_str(), O_RDONLY | O_CLOEXEC));
    FileSource source(descriptor.get());
    const auto invalid = [](std::string message) {
        return Error{ErrorKind::kOutputInvalid, std::move(message), ""};
    };
    const auto sniffed = sniff(source);
    if (!sniffed || sniffed->format != ittybit::name_of(plan.format))
        return invalid("the written animation is of another format");
    auto file = probe(source, Limits{.pixels = INT64_MAX, .frames = INT64_MAX});
    if (!file) return invalid("the written animation cannot be read: " + file.error().message);
    const Size size{file->width.value_or(0), file->height.value_or(0)};
    if (size != plan.placement.canvas) return invalid("the written animation has another size");
    // Equal frames are merged, so not the count but the time tells whether all are there.
    const double off = std::abs(file->duration.value_or(counter.seconds()) - counter.seconds());
    if (file->duration && off > 0.05 + 1 / av_q2d(plan.clock.fps))
        return invalid("the written animation lasts longer or shorter than its frames");
    file->kind = "animation";
    Finished finished;
    finished.file = *std::move(file);
    finished.warnings = plan.warnings;
    job_.events.file_ready({.name = name(), .size = finished.file.size.value_or(0)});
    return finished;
}

}  // namespace

Result<Finished> run(const AnimationOptions& options, Job& job) {
    TRY(image::init());
    media::capture_log();
    return AnimationTask(options, job).run();
}

}  // namespace ittybit::tasks
