#include <cmath>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/fd.h"
#include "image/animation_writer.h"
#include "image/gif_writer.h"
#include "media/compat.h"
#include "model/sniff.h"
#include "tasks/plan_time.h"
#include "tasks/probe.h"
#include "tasks/product.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Sink;

/// Counts what comes through, and knows when the last frame ends. In front of both encoders.
class Counter : public Sink<Frame> {
public:
    Counter(const Making& making, int ticks, Sink<Frame>& next)
        : meter_(making.meter),
          output_(making.meter.add_output()),
          ticks_(ticks),
          start_(making.plan.window.start),
          limits_(making.assignment.limits),
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

class AnimationProduct : public Product {
public:
    explicit AnimationProduct(const Making& making) : making_(making) {}

    Result<Sink<Frame>*> add_picture(
        media::Pipeline& pipeline, const PicturePlan& picture, const PictureBranch& branch
    ) override;
    Result<File> finish() override;

private:
    Result<> check(const File& file) const;

    const Making making_;
    const Counter* counter_ = nullptr;
    Size size_;
    double longest_ = 0;  // seconds, of one frame at the planned rate
};

Result<Sink<Frame>*> AnimationProduct::add_picture(
    media::Pipeline& pipeline, const PicturePlan& picture, const PictureBranch& branch
) {
    const int ticks = picture.clock.ticks;
    const std::string& name = making_.output.name;
    Sink<Frame>* encoder = nullptr;
    if (branch.gif) {
        const Colour& around = picture.treatment.padding;
        const auto background = around.alpha == 0 ? std::optional<Colour>() : around;
        auto writer = TRY(image::GifWriter::open(*branch.gif, name, background));
        encoder = &pipeline.make<GifFile>(std::move(writer), ticks);
    } else {
        auto writer = TRY(image::AnimationWriter::open(*branch.webp));
        encoder = &pipeline.make<WebpFile>(std::move(writer), ticks, name);
    }
    size_ = picture.treatment.placement.canvas;
    longest_ = 1 / picture.clock.fps.value();
    auto& counter = pipeline.make<Counter>(making_, ticks, *encoder);
    counter_ = &counter;
    return &counter;
}

Error invalid(const std::string& how) {
    return {ErrorKind::kOutputInvalid, "the written animation " + how, ""};
}

Result<> AnimationProduct::check(const File& file) const {
    if (Size{file.width.value_or(0), file.height.value_or(0)} != size_)
        return invalid("has another size");
    // Equal frames are merged, so not the count but the time tells whether all are there.
    const double off = std::abs(file.duration.value_or(counter_->seconds()) - counter_->seconds());
    if (file.duration && off > 0.05 + longest_)
        return invalid("lasts longer or shorter than its frames");
    return {};
}

Result<File> AnimationProduct::finish() {
    const std::string& name = making_.output.name;
    const Fd descriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    FileSource source(descriptor.get());
    const auto sniffed = sniff(source);
    if (!sniffed || sniffed->format != making_.output.muxer) return invalid("is of another format");
    auto file = probe(source, Limits{.pixels = INT64_MAX, .frames = INT64_MAX});
    if (!file) return invalid("cannot be read: " + file.error().message);
    TRY(check(*file));
    file->kind = "animation";
    making_.events.file_ready({.name = name, .size = file->size.value_or(0)});
    return *std::move(file);
}

}  // namespace

Result<std::unique_ptr<Product>> make_animation(const Making& making) {
    return {std::make_unique<AnimationProduct>(making)};
}

}  // namespace ittybit::tasks
