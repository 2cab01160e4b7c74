#include "media/loudness.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ebur128.h>

#include "media/error.h"

namespace ittybit::media {
namespace {

/// The place of a channel, which decides its weight: those beside and behind count 1.5 dB more,
/// but those behind not where there are others beside; the low-frequency ones not at all.
channel place_of(AVChannel speaker, bool has_sides) {
    switch (speaker) {
        case AV_CHAN_LOW_FREQUENCY:
        case AV_CHAN_LOW_FREQUENCY_2: return EBUR128_UNUSED;
        case AV_CHAN_SIDE_LEFT: return EBUR128_LEFT_SURROUND;
        case AV_CHAN_SIDE_RIGHT: return EBUR128_RIGHT_SURROUND;
        case AV_CHAN_BACK_LEFT: return has_sides ? EBUR128_Mp135 : EBUR128_LEFT_SURROUND;
        case AV_CHAN_BACK_RIGHT: return has_sides ? EBUR128_Mm135 : EBUR128_RIGHT_SURROUND;
        default: return EBUR128_CENTER;
    }
}

}  // namespace

struct LoudnessMeter::State {
    explicit State(const AVFrame& frame);
    ~State() {
        if (meter != nullptr) ebur128_destroy(&meter);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    ebur128_state* meter = nullptr;
};

LoudnessMeter::State::State(const AVFrame& frame) {
    constexpr int kSlowest = 4000;  // below, the filter of what ears hear is not stable
    if (frame.sample_rate < kSlowest) return;
    // With a histogram no length of sound needs more memory.
    const int mode = EBUR128_MODE_I | EBUR128_MODE_TRUE_PEAK | EBUR128_MODE_HISTOGRAM;
    const AVChannelLayout& layout = frame.ch_layout;
    const auto channels = static_cast<unsigned>(layout.nb_channels);
    meter = ebur128_init(channels, static_cast<unsigned long>(frame.sample_rate), mode);
    if (meter == nullptr) return;
    const bool has_sides = av_channel_layout_index_from_channel(&layout, AV_CHAN_SIDE_LEFT) >= 0;
    for (unsigned i = 0; i < channels; ++i) {
        const AVChannel channel = av_channel_layout_channel_from_index(&layout, i);
        ebur128_set_channel(meter, i, place_of(channel, has_sides));
    }
}

LoudnessMeter::LoudnessMeter(Sink<Frame>* next) : next_(next) {}
LoudnessMeter::~LoudnessMeter() = default;

Result<> LoudnessMeter::push(Frame frame) {
    if (state_ == nullptr) state_ = std::make_unique<State>(*frame);
    if (state_->meter != nullptr) add(*frame);
    return next_ == nullptr ? Result<>() : next_->push(std::move(frame));
}

Result<> LoudnessMeter::finish() {
    return next_ == nullptr ? Result<>() : next_->finish();
}

void LoudnessMeter::add(const AVFrame& frame) {
    interleaved_.clear();
    for (int sample = 0; sample < frame.nb_samples; ++sample) {
        for (int i = 0; i < frame.ch_layout.nb_channels; ++i) {
            interleaved_.push_back(reinterpret_cast<const float*>(frame.extended_data[i])[sample]);
        }
    }
    ebur128_add_frames_float(
        state_->meter, interleaved_.data(), static_cast<std::size_t>(frame.nb_samples)
    );
}

Loudness LoudnessMeter::loudness() const {
    Loudness told;
    if (state_ == nullptr || state_->meter == nullptr) return told;
    double lufs = 0;
    ebur128_loudness_global(state_->meter, &lufs);
    if (std::isfinite(lufs)) told.lufs = lufs;
    double highest = 0;
    for (unsigned i = 0; i < state_->meter->channels; ++i) {
        double peak = 0;
        ebur128_true_peak(state_->meter, i, &peak);
        highest = std::max(highest, peak);
    }
    if (highest > 0) told.dbtp = 20 * std::log10(highest);
    return told;
}

Gain::Gain(double db, Sink<Frame>& next)
    : factor_(static_cast<float>(std::pow(10, db / 20))), next_(next) {}

Result<> Gain::push(Frame frame) {
    if (const int code = av_frame_make_writable(frame.get()); code < 0)
        return output_error(code, "change how loud the sound is");
    for (int i = 0; i < frame->ch_layout.nb_channels; ++i) {
        auto* const samples = reinterpret_cast<float*>(frame->extended_data[i]);
        std::for_each_n(samples, frame->nb_samples, [this](float& sample) { sample *= factor_; });
    }
    return next_.push(std::move(frame));
}

}  // namespace ittybit::media
