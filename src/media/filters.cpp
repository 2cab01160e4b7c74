#include "media/filters.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "media/compat.h"
#include "media/error.h"

namespace ittybit::media {
namespace {

std::string text_of(const json::value& value) {
    if (const auto* text = value.if_string()) return std::string(*text);
    return compact_json(value);
}

Result<AVFilterContext*> add_filter(AVFilterGraph& graph, std::string_view name) {
    const std::string word(name);
    const AVFilter* filter = avfilter_get_by_name(word.c_str());
    AVFilterContext* made =
        filter == nullptr ? nullptr : avfilter_graph_alloc_filter(&graph, filter, nullptr);
    if (made == nullptr)
        return Error{ErrorKind::kEncodeFailed, "this build of FFmpeg lacks the filter " + word, ""};
    return made;
}

Result<AVFilterContext*> add_step(AVFilterGraph& graph, const FilterStep& step) {
    AVFilterContext* made = TRY(add_filter(graph, step.filter));
    for (const auto& option : step.options) {
        const int code = av_opt_set(
            made, std::string(option.key()).c_str(), text_of(option.value()).c_str(),
            AV_OPT_SEARCH_CHILDREN
        );
        if (code < 0) return output_error(code, "set up the filter " + step.filter);
    }
    const int code = avfilter_init_str(made, nullptr);
    if (code < 0) return output_error(code, "set up the filter " + step.filter);
    return made;
}

Result<AVFilterContext*> add_entrance(
    AVFilterGraph& graph, const AVFrame& frame, AVRational time_base
) {
    AVFilterContext* made = TRY(add_filter(graph, "buffer"));
    AVBufferSrcParameters* parameters = av_buffersrc_parameters_alloc();
    parameters->format = frame.format;
    parameters->width = frame.width;
    parameters->height = frame.height;
    parameters->time_base = time_base;
    // The steps know the real shape of a pixel; no filter is to think of it a second time.
    parameters->sample_aspect_ratio = {1, 1};
#if ITTYBIT_LAVFI_TAGS_COLOUR
    parameters->color_space = frame.colorspace;
    parameters->color_range = frame.color_range;
#endif
    const int code = av_buffersrc_parameters_set(made, parameters);
    av_free(parameters);
    if (code < 0) return output_error(code, "set up the filters");
    const int init = avfilter_init_str(made, nullptr);
    if (init < 0) return output_error(init, "set up the filters");
    return made;
}

}  // namespace

PictureShape shape_of(const AVFrame& frame) {
    return {
        .width = frame.width,
        .height = frame.height,
        .format = static_cast<AVPixelFormat>(frame.format),
        .matrix = frame.colorspace,
        .range = frame.color_range,
        .primaries = frame.color_primaries,
        .transfer = frame.color_trc,
        .is_interlaced = is_interlaced(frame),
    };
}

Filters::Filters(AVRational time_base, PictureSteps steps, Sink<Frame>& next)
    : time_base_(time_base), steps_(std::move(steps)), next_(next) {}

Result<> Filters::push(Frame frame) {
    PictureShape shape = shape_of(*frame);
    // Once interlaced, always treated so: the deinterlacer lets progressive frames through.
    if (graph_ != nullptr) shape.is_interlaced |= shape_.is_interlaced;
    if (graph_ == nullptr || shape != shape_) {
        TRY(flush());
        shape_ = shape;
        TRY(rebuild(*frame));
    }
    frame->sample_aspect_ratio = {1, 1};
    durations_.emplace_back(frame->pts, duration_of(*frame));
    const int code = av_buffersrc_add_frame(entrance_, frame.get());
    if (code < 0) return output_error(code, "filter the picture");
    return drain();
}

Result<> Filters::finish() {
    TRY(flush());
    return next_.finish();
}

Result<> Filters::rebuild(const AVFrame& frame) {
    graph_.reset(avfilter_graph_alloc());
    entrance_ = TRY(add_entrance(*graph_, frame, time_base_));
    AVFilterContext* last = entrance_;
    for (const FilterStep& step : steps_(shape_)) {
        AVFilterContext* made = TRY(add_step(*graph_, step));
        const int code = avfilter_link(last, 0, made, 0);
        if (code < 0) return output_error(code, "connect the filters");
        last = made;
    }
    exit_ = TRY(add_filter(*graph_, "buffersink"));
    int code = avfilter_init_str(exit_, nullptr);
    if (code >= 0) code = avfilter_link(last, 0, exit_, 0);
    if (code >= 0) code = avfilter_graph_config(graph_.get(), nullptr);
    if (code < 0) return output_error(code, "connect the filters");
    return {};
}

Result<> Filters::drain() {
    for (;;) {
        Frame frame = make_frame();
        const int code = av_buffersink_get_frame(exit_, frame.get());
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
        if (code < 0) return output_error(code, "filter the picture");
        frame->pts = av_rescale_q(frame->pts, av_buffersink_get_time_base(exit_), time_base_);
        TRY(pass_on(std::move(frame)));
    }
}

Result<> Filters::pass_on(Frame frame) {
    while (durations_.size() > 1 && durations_[1].first <= frame->pts) durations_.pop_front();
    if (!durations_.empty()) {
        const auto& [begin, duration] = durations_.front();
        // The second field of a frame lasts as long as what is left of it.
        set_duration(*frame, std::max<std::int64_t>(begin + duration - frame->pts, 0));
    }
    return next_.push(std::move(frame));
}

Result<> Filters::flush() {
    if (graph_ == nullptr) return {};
    const int code = av_buffersrc_add_frame(entrance_, nullptr);
    if (code < 0) return output_error(code, "filter the picture");
    TRY(drain());
    durations_.clear();
    graph_.reset();
    return {};
}

}  // namespace ittybit::media
