#include "media/limiter.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "media/error.h"

namespace ittybit::media {
namespace {

constexpr double kLookaheadSeconds = 0.005;
constexpr double kReleaseSeconds = 0.15;
constexpr double kStartSeconds = 0.06;

constexpr int kTaps = 12;
constexpr int kDelay = 6;  // of the interpolation, in samples
// ITU-R BS.1770-4, annex 2, table 4; the other two phases are these backwards.
constexpr std::array<std::array<double, kTaps>, 2> kPhases = {{
    {0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875,
     0.1373291015625, 0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250,
     0.0148925781250, -0.0083007812500},
    {-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500,
     0.4650878906250, 0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625,
     0.0330810546875, -0.0189208984375},
}};

/// The loudest instant between the two middle samples of twelve, and at them.
double peak_within(const float* samples) {
    double peak = std::max(std::abs(samples[kDelay - 1]), std::abs(samples[kDelay]));
    for (const auto& phase : kPhases) {
        double forth = 0;
        double back = 0;
        for (int i = 0; i < kTaps; ++i) {
            forth += phase[static_cast<std::size_t>(i)] * samples[i];
            back += phase[static_cast<std::size_t>(kTaps - 1 - i)] * samples[i];
        }
        peak = std::max({peak, std::abs(forth), std::abs(back)});
    }
    return peak;
}

}  // namespace

Limiter::Limiter(double most_dbtp, double start_room, Sink<Frame>& next)
    : ceiling_(std::pow(10, most_dbtp / 20)),
      start_ceiling_(std::pow(10, (most_dbtp - start_room) / 20)),
      next_(next) {}

void Limiter::begin(const AVFrame& frame) {
    pattern_ = share(frame);
    window_ = std::max(1, static_cast<int>(frame.sample_rate * kLookaheadSeconds));
    start_ = static_cast<std::int64_t>(frame.sample_rate * kStartSeconds);
    release_ = 1 - std::exp(-1 / (frame.sample_rate * kReleaseSeconds));
    // Silence before the first sample, for the interpolation.
    waiting_.assign(
        static_cast<std::size_t>(frame.ch_layout.nb_channels), std::vector<float>(kTaps)
    );
    held_.assign(static_cast<std::size_t>(window_), 1.0);
    held_sum_ = window_;
}

double Limiter::true_peak() const {
    double peak = 0;
    for (const auto& channel : waiting_)
        peak = std::max(peak, peak_within(channel.data() + channel.size() - kTaps));
    return peak;
}

/// The gain of the sample that lies a window back: never above what any sample around it needs,
/// without a step, and rising slowly.
double Limiter::gain_for(double needed) {
    while (!least_.empty() && least_.back().second >= needed) least_.pop_back();
    least_.emplace_back(taken_, needed);
    if (least_.front().first <= taken_ - window_) least_.pop_front();
    last_ = std::min(least_.front().second, last_ + (1 - last_) * release_);
    held_.push_back(last_);
    held_sum_ += last_ - held_.front();
    held_.pop_front();
    return std::min(1.0, held_sum_ / window_);
}

void Limiter::take(const AVFrame& frame, int sample) {
    for (std::size_t i = 0; i < waiting_.size(); ++i)
        waiting_[i].push_back(reinterpret_cast<const float*>(frame.extended_data[i])[sample]);
    const double peak = true_peak();
    const double ceiling = taken_ < start_ ? start_ceiling_ : ceiling_;
    gains_.push_back(gain_for(peak > ceiling ? ceiling / peak : 1.0));
    ++taken_;
}

Result<> Limiter::push(Frame frame) {
    if (pattern_ == nullptr) begin(*frame);
    for (int i = 0; i < frame->nb_samples; ++i) take(*frame, i);
    return give();
}

/// Of the sample's distance to the nearer end.
double Limiter::edge_gain(std::int64_t sample) const {
    std::int64_t distance = sample + 1;
    if (end_) distance = std::min(distance, *end_ - sample);
    if (distance >= window_) return 1;
    return 0.5 - 0.5 * std::cos(M_PI * static_cast<double>(distance) / window_);
}

/// Passes on the samples whose gain is known. Gain k belongs to the sample `late` before it.
Result<> Limiter::give() {
    const int late = kDelay + window_ - 1;
    const std::int64_t count = taken_ - late - given_;
    if (count <= 0) return {};
    Frame made = make_frame();
    made->format = pattern_->format;
    made->sample_rate = pattern_->sample_rate;
    made->nb_samples = static_cast<int>(count);
    int code = av_channel_layout_copy(&made->ch_layout, &pattern_->ch_layout);
    if (code >= 0) code = av_frame_get_buffer(made.get(), 0);
    if (code < 0) return output_error(code, "mix the sound");
    const auto gone = static_cast<std::ptrdiff_t>(count);
    const auto first_gain = static_cast<std::ptrdiff_t>(gains_.size()) - gone;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        auto* out = reinterpret_cast<float*>(made->extended_data[i]);
        for (std::ptrdiff_t k = 0; k < gone; ++k)
            out[k] = static_cast<float>(
                waiting_[i][static_cast<std::size_t>(kTaps + k)] *
                gains_[static_cast<std::size_t>(first_gain + k)] * edge_gain(given_ + k)
            );
        waiting_[i].erase(waiting_[i].begin(), waiting_[i].begin() + gone);
    }
    gains_.clear();
    made->pts = given_;
    given_ += count;
    return next_.push(std::move(made));
}

Result<> Limiter::finish() {
    if (pattern_ == nullptr) return next_.finish();
    end_ = taken_;
    Frame silence = make_frame();
    silence->format = pattern_->format;
    silence->sample_rate = pattern_->sample_rate;
    silence->nb_samples = kDelay + window_ - 1;
    int code = av_channel_layout_copy(&silence->ch_layout, &pattern_->ch_layout);
    if (code >= 0) code = av_frame_get_buffer(silence.get(), 0);
    if (code < 0) return output_error(code, "mix the sound");
    av_samples_set_silence(
        silence->extended_data, 0, silence->nb_samples, silence->ch_layout.nb_channels,
        AV_SAMPLE_FMT_FLTP
    );
    TRY(push(std::move(silence)));
    return next_.finish();
}

}  // namespace ittybit::media
