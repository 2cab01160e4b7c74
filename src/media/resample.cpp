#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include "media/channels.h"
#include "media/error.h"
#include "media/filters.h"
#include "media/samples.h"

namespace ittybit::media {
namespace {

std::string name_of(const AVChannelLayout& layout) {
    std::array<char, 128> text{};
    av_channel_layout_describe(&layout, text.data(), text.size());
    return text.data();
}

/// Two equal channels (`fltp`) of the mean of all, or of ambisonics' first (W, ACN order).
Result<Frame> in_equal_parts(const AVFrame& frame) {
    Frame made = make_frame();
    made->format = AV_SAMPLE_FMT_FLTP;
    made->sample_rate = frame.sample_rate;
    made->nb_samples = frame.nb_samples;
    av_channel_layout_default(&made->ch_layout, 2);
    if (const int code = av_frame_get_buffer(made.get(), 0); code < 0)
        return output_error(code, "mix the sound");
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const auto read = with_number_of(av_get_packed_sample_fmt(format), [](auto number) {
        return &sample_of<decltype(number)>;
    });
    const bool is_planar = av_sample_fmt_is_planar(format) != 0;
    const int all = frame.ch_layout.nb_channels;
    const int used = frame.ch_layout.order == AV_CHANNEL_ORDER_AMBISONIC ? 1 : all;
    for (int i = 0; i < frame.nb_samples; ++i) {
        float sum = 0;
        for (int channel = 0; channel < used; ++channel)
            sum += is_planar ? read(frame.extended_data[channel], i)
                             : read(frame.extended_data[0], std::ptrdiff_t{i} * all + channel);
        for (int ear = 0; ear < 2; ++ear)
            reinterpret_cast<float*>(made->extended_data[ear])[i] = sum / static_cast<float>(used);
    }
    return made;
}

template <typename Sample>
bool is_tame(Sample sample) {
    constexpr Sample kMost = 1e6;  // so that encoders' sums of squares stay numbers
    return std::abs(sample) <= kMost;
}

/// Puts silence for samples that are no number, or no sound: LAME ends the process at these.
template <typename Sample>
Result<> tame(AVFrame& frame) {
    const bool is_planar = av_sample_fmt_is_planar(static_cast<AVSampleFormat>(frame.format)) != 0;
    const int channels = frame.ch_layout.nb_channels;
    const auto count = static_cast<std::size_t>(frame.nb_samples) * (is_planar ? 1 : channels);
    for (int plane = 0; plane < (is_planar ? channels : 1); ++plane) {
        const auto samples = [&] {
            return std::span(reinterpret_cast<Sample*>(frame.extended_data[plane]), count);
        };
        if (std::ranges::all_of(samples(), is_tame<Sample>)) continue;
        const int code = av_frame_make_writable(&frame);
        if (code < 0) return output_error(code, "convert the sound");
        std::ranges::replace_if(samples(), std::not_fn(is_tame<Sample>), Sample{0});
    }
    return {};
}

Result<> tame(AVFrame& frame) {
    switch (av_get_packed_sample_fmt(static_cast<AVSampleFormat>(frame.format))) {
        case AV_SAMPLE_FMT_FLT: return tame<float>(frame);
        case AV_SAMPLE_FMT_DBL: return tame<double>(frame);
        default: return {};
    }
}

}  // namespace

Resample::Resample(SoundFormat format, Sink<Frame>& next, bool is_limited)
    : format_(std::move(format)), next_(next), is_limited_(is_limited) {}

Result<> Resample::push(Frame frame) {
    TRY(tame(*frame));
    name_channels(frame->ch_layout);
    if (frame->sample_rate != rate_ || frame->format != sample_format_ ||
        name_of(frame->ch_layout) != layout_) {
        if (resampler_ != nullptr) TRY(convert(nullptr));
        TRY(rebuild(*frame));
    }
    if (resampler_ == nullptr) return pass_on(std::move(frame));
    if (is_in_equal_parts_) frame = TRY(in_equal_parts(*frame));
    return convert(frame.get());
}

/// Sound that is as it should be already.
Result<> Resample::pass_on(Frame frame) {
    frame->pts = samples_;
    samples_in_ += frame->nb_samples;
    samples_ += frame->nb_samples;
    return next_.push(std::move(frame));
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
    resampler_.reset();
    is_in_equal_parts_ = false;
    const bool is_same = rate_ == format_.sample_rate && layout_ == format_.layout &&
                         sample_format_ == av_get_sample_fmt(format_.sample_format.c_str());
    if (is_same) return {};
    const bool is_named = frame.ch_layout.order == AV_CHANNEL_ORDER_NATIVE;
    if (is_named || layout_ == format_.layout) {
        // Some sets of speakers have names, but nobody knows how to mix them.
        if (open(frame.ch_layout, static_cast<AVSampleFormat>(frame.format))) return {};
    }
    is_in_equal_parts_ = true;
    AVChannelLayout stereo = {};
    av_channel_layout_default(&stereo, 2);
    return open(stereo, AV_SAMPLE_FMT_FLTP);
}

Result<> Resample::open(const AVChannelLayout& layout, AVSampleFormat format) {
    AVChannelLayout wanted = {};
    int code = av_channel_layout_from_string(&wanted, format_.layout.c_str());
    SwrContext* made = nullptr;
    if (code >= 0) {
        code = swr_alloc_set_opts2(
            &made, &wanted, av_get_sample_fmt(format_.sample_format.c_str()), format_.sample_rate,
            const_cast<AVChannelLayout*>(&layout), format, rate_, 0, nullptr
        );
    }
    resampler_.reset(made);
    // Mixing several channels into one must not overflow, in floating point either.
    constexpr double kAnything = 1000;  // as much as libswresample takes
    const double most = is_limited_ ? kAnything : 1.0;
    if (code >= 0) code = av_opt_set_double(made, "rematrix_maxval", most, 0);
    const auto matrix = code >= 0 ? mix_of_all(layout, wanted, most) : std::vector<double>();
    if (!matrix.empty()) code = swr_set_matrix(made, matrix.data(), layout.nb_channels);
    av_channel_layout_uninit(&wanted);
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
