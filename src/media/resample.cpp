#include <algorithm>
#include <array>
#include <utility>

#include "media/error.h"
#include "media/filters.h"

namespace ittybit::media {
namespace {

std::string name_of(const AVChannelLayout& layout) {
    std::array<char, 128> text{};
    av_channel_layout_describe(&layout, text.data(), text.size());
    return text.data();
}

/// A layout of the frame's that says which channel is which, also where the file does not.
void complete(AVChannelLayout& layout) {
    if (layout.order != AV_CHANNEL_ORDER_UNSPEC) return;
    const int channels = layout.nb_channels;
    av_channel_layout_uninit(&layout);
    av_channel_layout_default(&layout, channels);
}

}  // namespace

Resample::Resample(SoundFormat format, Sink<Frame>& next)
    : format_(std::move(format)), next_(next) {}

Result<> Resample::push(Frame frame) {
    complete(frame->ch_layout);
    if (frame->sample_rate != rate_ || frame->format != sample_format_ ||
        name_of(frame->ch_layout) != layout_) {
        if (resampler_ != nullptr) TRY(convert(nullptr));
        TRY(rebuild(*frame));
    }
    return convert(frame.get());
}

Result<> Resample::finish() {
    if (resampler_ != nullptr) TRY(convert(nullptr));
    if (resampler_ != nullptr && samples_ == 0) TRY(push_silence());
    return next_.finish();
}

/// Sound shorter than the resampler's filter comes out as nothing: it lasts as long, in silence.
Result<> Resample::push_silence() {
    Frame made = TRY(new_frame(static_cast<int>(
        std::max<std::int64_t>(1, av_rescale(samples_in_, format_.sample_rate, rate_))
    )));
    av_samples_set_silence(
        made->extended_data, 0, made->nb_samples, made->ch_layout.nb_channels,
        static_cast<AVSampleFormat>(made->format)
    );
    made->pts = 0;
    return next_.push(std::move(made));
}

Result<Frame> Resample::new_frame(int samples) const {
    Frame made = make_frame();
    made->format = av_get_sample_fmt(format_.sample_format.c_str());
    made->sample_rate = format_.sample_rate;
    made->nb_samples = samples;
    int code = av_channel_layout_from_string(&made->ch_layout, format_.layout.c_str());
    if (code >= 0) code = av_frame_get_buffer(made.get(), 0);
    if (code < 0) return output_error(code, "convert the sound");
    return made;
}

Result<> Resample::rebuild(const AVFrame& frame) {
    rate_ = frame.sample_rate;
    sample_format_ = frame.format;
    layout_ = name_of(frame.ch_layout);
    AVChannelLayout wanted = {};
    int code = av_channel_layout_from_string(&wanted, format_.layout.c_str());
    SwrContext* made = nullptr;
    if (code >= 0) {
        code = swr_alloc_set_opts2(
            &made, &wanted, av_get_sample_fmt(format_.sample_format.c_str()), format_.sample_rate,
            const_cast<AVChannelLayout*>(&frame.ch_layout),
            static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr
        );
    }
    av_channel_layout_uninit(&wanted);
    resampler_.reset(made);
    // Mixing several channels into one must not overflow, in floating point either.
    if (code >= 0) code = av_opt_set_double(made, "rematrix_maxval", 1.0, 0);
    if (code >= 0) code = swr_init(made);
    if (code < 0) return output_error(code, "convert the sound");
    return {};
}

Result<> Resample::convert(const AVFrame* frame) {
    const int incoming = frame == nullptr ? 0 : frame->nb_samples;
    samples_in_ += incoming;
    const int most = swr_get_out_samples(resampler_.get(), incoming);
    if (most <= 0) return {};
    Frame made = TRY(new_frame(most));
    const auto* const* in = frame == nullptr ? nullptr : frame->extended_data;
    const int code = swr_convert(
        resampler_.get(), made->extended_data, made->nb_samples,
        const_cast<const std::uint8_t**>(in), incoming
    );
    if (code < 0) return output_error(code, "convert the sound");
    if (code == 0) return {};
    made->nb_samples = code;
    made->pts = samples_;
    samples_ += code;
    return next_.push(std::move(made));
}

}  // namespace ittybit::media
