#include "media/gif.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "media/compat.h"
#include "media/error.h"

namespace ittybit::media {
namespace {

Result<> check(int code) {
    if (code >= 0) return {};
    return output_error(code, "choose the colours of the gif");
}

/// A filter of a graph, by name and options made by us.
Result<AVFilterContext*> add(AVFilterGraph& graph, const char* name, const std::string& options) {
    const AVFilter* filter = avfilter_get_by_name(name);
    AVFilterContext* made = nullptr;
    if (filter == nullptr)
        return Error{
            ErrorKind::kEncodeFailed, fmt::format("this build of FFmpeg lacks {}", name), ""
        };
    TRY(check(avfilter_graph_create_filter(&made, filter, nullptr, options.c_str(), nullptr, &graph)
    ));
    return made;
}

Result<AVFilterContext*> add_entrance(AVFilterGraph& graph, const AVFrame& like) {
    return add(
        graph, "buffer",
        fmt::format(
            "video_size={}x{}:pix_fmt={}:time_base=1/100:pixel_aspect=1/1", like.width, like.height,
            like.format
        )
    );
}

/// The next frame out of a graph; null when it wants more.
Result<Frame> take(AVFilterContext* exit) {
    Frame frame = make_frame();
    const int code = av_buffersink_get_frame(exit, frame.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return Frame();
    TRY(check(code));
    return frame;
}

/// Maps pictures to a palette.
class Mapper {
public:
    Result<> open(const GifSettings& settings, const AVFrame& like, Frame palette) {
        graph_.reset(avfilter_graph_alloc());
        pictures_ = TRY(add_entrance(*graph_, like));
        AVFilterContext* colours = TRY(add_entrance(*graph_, *palette));
        AVFilterContext* use = TRY(
            add(*graph_, "paletteuse",
                fmt::format(
                    "dither={}:bayer_scale={}:diff_mode=rectangle:alpha_threshold=128",
                    settings.dither, settings.bayer_scale
                ))
        );
        exit_ = TRY(add(*graph_, "buffersink", ""));
        TRY(check(avfilter_link(pictures_, 0, use, 0)));
        TRY(check(avfilter_link(colours, 0, use, 1)));
        TRY(check(avfilter_link(use, 0, exit_, 0)));
        TRY(check(avfilter_graph_config(graph_.get(), nullptr)));
        palette->pts = 0;
        TRY(check(av_buffersrc_add_frame(colours, palette.get())));
        return check(av_buffersrc_add_frame(colours, nullptr));
    }

    Result<> push(Frame frame) { return check(av_buffersrc_add_frame(pictures_, frame.get())); }
    Result<> end() { return check(av_buffersrc_add_frame(pictures_, nullptr)); }
    Result<Frame> next() { return take(exit_); }

private:
    FilterGraph graph_;
    AVFilterContext* pictures_ = nullptr;
    AVFilterContext* exit_ = nullptr;
};

}  // namespace

std::int64_t Gif::hundredths(std::int64_t ticks) const {
    return av_rescale(ticks, 100, settings_.ticks);
}

Result<> Gif::push(Frame frame) {
    const std::size_t bytes =
        static_cast<std::size_t>(frame->linesize[0]) * static_cast<std::size_t>(frame->height);
    const std::int64_t begin = hundredths(frame->pts);
    const std::int64_t end = hundredths(frame->pts + duration_of(*frame));
    frame->pts = begin;
    set_duration(*frame, std::max<std::int64_t>(1, end - begin));
    if (!held_.empty() && bytes_held_ + bytes > settings_.most_bytes_held) TRY(encode_held());
    bytes_held_ += bytes;
    held_.push_back(std::move(frame));
    ++frames_;
    return {};
}

Result<> Gif::finish() {
    if (!held_.empty()) TRY(encode_held());
    if (encoder_ != nullptr) TRY(send(nullptr));
    return track_.finish();
}

Result<Frame> Gif::make_palette() const {
    const FilterGraph graph(avfilter_graph_alloc());
    AVFilterContext* entrance = TRY(add_entrance(*graph, *held_.front()));
    AVFilterContext* choose = TRY(
        add(*graph, "palettegen",
            fmt::format("max_colors={}:reserve_transparent=1:stats_mode=full", settings_.colours))
    );
    AVFilterContext* exit = TRY(add(*graph, "buffersink", ""));
    TRY(check(avfilter_link(entrance, 0, choose, 0)));
    TRY(check(avfilter_link(choose, 0, exit, 0)));
    TRY(check(avfilter_graph_config(graph.get(), nullptr)));
    for (const Frame& frame : held_) {
        Frame shared = share(*frame);
        TRY(check(av_buffersrc_add_frame(entrance, shared.get())));
        TRY(take(exit));
    }
    TRY(check(av_buffersrc_add_frame(entrance, nullptr)));
    Frame palette = TRY(take(exit));
    if (palette == nullptr) return Error{ErrorKind::kEncodeFailed, "the gif got no colours", ""};
    return palette;
}

Result<> Gif::encode_held() {
    Frame palette = TRY(make_palette());
    Mapper mapper;
    TRY(mapper.open(settings_, *held_.front(), std::move(palette)));
    std::deque<std::pair<std::int64_t, std::int64_t>> times;
    const auto encode_ready = [&]() -> Result<> {
        while (Frame mapped = TRY(mapper.next())) {
            if (times.empty()) return {};
            mapped->pts = times.front().first;
            set_duration(*mapped, times.front().second);
            times.pop_front();
            if (encoder_ == nullptr) TRY(open_encoder(*mapped));
            TRY(send(mapped.get()));
        }
        return {};
    };
    for (; !held_.empty(); held_.pop_front()) {
        times.emplace_back(held_.front()->pts, duration_of(*held_.front()));
        TRY(mapper.push(std::move(held_.front())));
        TRY(encode_ready());
    }
    TRY(mapper.end());
    bytes_held_ = 0;
    return encode_ready();
}

Result<> Gif::open_encoder(const AVFrame& like) {
    const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_GIF);
    if (codec == nullptr)
        return Error{ErrorKind::kEncodeFailed, "this build of FFmpeg lacks the gif encoder", ""};
    encoder_.reset(avcodec_alloc_context3(codec));
    encoder_->width = like.width;
    encoder_->height = like.height;
    encoder_->pix_fmt = AV_PIX_FMT_PAL8;
    encoder_->time_base = {1, 100};
    encoder_->flags |= AV_CODEC_FLAG_BITEXACT;
    TRY(check(avcodec_open2(encoder_.get(), codec, nullptr)));
    return track_.describe(*encoder_);
}

Result<> Gif::send(AVFrame* frame) {
    const std::int64_t duration = frame == nullptr ? 0 : duration_of(*frame);
    TRY(check(avcodec_send_frame(encoder_.get(), frame)));
    for (;;) {
        Packet packet = make_packet();
        const int code = avcodec_receive_packet(encoder_.get(), packet.get());
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
        TRY(check(code));
        packet->time_base = {1, 100};
        if (duration > 0) packet->duration = duration;
        TRY(track_.push(std::move(packet)));
    }
}

}  // namespace ittybit::media
