#include "tasks/joined_alpha.h"

#include <string>
#include <utility>

#include "media/stream.h"

namespace ittybit::tasks {
namespace {

using media::Frame;

/// yuv420p → yuva420p, gbrp → gbrap; none where there is no such format.
AVPixelFormat with_alpha(int format) {
    const char* name = av_get_pix_fmt_name(static_cast<AVPixelFormat>(format));
    const std::string before = name == nullptr ? "" : name;
    if (before.starts_with("gbrp")) return av_get_pix_fmt(("gbrap" + before.substr(4)).c_str());
    if (!before.starts_with("yuv4")) return AV_PIX_FMT_NONE;
    return av_get_pix_fmt(("yuva" + before.substr(3)).c_str());
}

}  // namespace

Frame join_alpha(Frame colour, const AVFrame& alpha) {
    const AVPixelFormat format = with_alpha(colour->format);
    const bool is_like = alpha.width == colour->width && alpha.height == colour->height;
    std::size_t slot = 0;
    while (slot < AV_NUM_DATA_POINTERS && colour->buf[slot] != nullptr) ++slot;
    if (format == AV_PIX_FMT_NONE || !is_like || slot == AV_NUM_DATA_POINTERS) return colour;
    colour->buf[slot] = av_buffer_ref(alpha.buf[0]);
    colour->data[3] = alpha.data[0];
    colour->linesize[3] = alpha.linesize[0];
    colour->format = format;
    return colour;
}

std::optional<int> find_alpha(const media::Input& input, int colour) {
    if (input.sniffed().format != "avif") return std::nullopt;
    const AVCodecParameters& main = *input.stream(colour).codecpar;
    if (with_alpha(main.format) == AV_PIX_FMT_NONE) return std::nullopt;
    for (const AVStream* stream : input.streams()) {
        const AVCodecParameters& other = *stream->codecpar;
        const auto* about = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(other.format));
        const bool is_grey = about != nullptr && about->nb_components == 1;
        const bool is_like = other.codec_type == AVMEDIA_TYPE_VIDEO && other.width == main.width &&
                             other.height == main.height;
        const bool moves_alike =
            input.is_single_picture(stream->index) == input.is_single_picture(colour);
        if (stream->index != colour && is_grey && is_like && moves_alike) return stream->index;
    }
    return std::nullopt;
}

Result<> JoinedAlpha::join() {
    while (!colour_.frames.empty() && !alpha_.frames.empty()) {
        const Frame& first = colour_.frames.front();
        const Frame& opacity = alpha_.frames.front();
        const int order = av_compare_ts(first->pts, clocks_.colour, opacity->pts, clocks_.alpha);
        if (order == 0) TRY(next_.push(join_alpha(std::move(colour_.frames.front()), *opacity)));
        if (order <= 0) colour_.frames.pop_front();
        if (order >= 0) alpha_.frames.pop_front();
    }
    return {};
}

Result<> JoinedAlpha::finish() {
    if (!colour_.is_finished || !alpha_.is_finished) return {};
    return next_.finish();
}

}  // namespace ittybit::tasks
