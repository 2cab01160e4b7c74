#include "media/peaks.h"

#include <algorithm>
#include <cmath>

#include "media/samples.h"

namespace ittybit::media {
namespace {

/// Raises `loud` to the samples of one channel: those of `data` from `first` on, `step` apart. What
/// is not a number is passed over.
template <typename Number>
void raise(
    std::vector<float>& loud, const std::uint8_t* data, std::ptrdiff_t first, std::ptrdiff_t step
) {
    for (float& loudest : loud) {
        loudest = std::max(loudest, std::abs(sample_of<Number>(data, first)));
        first += step;
    }
}

/// The loudest of all channels for each sample of a frame.
void measure(const AVFrame& frame, std::vector<float>& loud) {
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const bool is_planar = av_sample_fmt_is_planar(format) != 0;
    const int channels = frame.ch_layout.nb_channels;
    loud.assign(static_cast<std::size_t>(frame.nb_samples), 0);
    with_number_of(av_get_packed_sample_fmt(format), [&](auto number) {
        using Number = decltype(number);
        for (int channel = 0; channel < channels; ++channel) {
            if (is_planar) {
                raise<Number>(loud, frame.extended_data[channel], 0, 1);
            } else {
                raise<Number>(loud, frame.extended_data[0], channel, channels);
            }
        }
    });
}

std::int64_t rounded_up(std::int64_t number, std::int64_t unit) {
    return (number + unit - 1) / unit;
}

}  // namespace

Peaks::Peaks(int slices, std::optional<std::int64_t> samples, Meter& meter, std::size_t most_bins)
    : slice_count_(slices),
      told_(samples),
      meter_(meter),
      output_(meter.add_output()),
      most_bins_(most_bins) {}

Result<> Peaks::push(Frame frame) {
    measure(*frame, loud_);
    const int rate = frame->sample_rate;
    if (rate_ == 0) rate_ = rate;
    std::int64_t at = frame->pts;
    for (const float loud : loud_) {
        add(rate == rate_ ? at : av_rescale_rnd(at, rate_, rate, AV_ROUND_DOWN), loud);
        ++at;
    }
    meter_.written(output_, seconds());
    return {};
}

void Peaks::add(std::int64_t at, float loud) {
    while (at >= bin_end_) open_bin();
    bins_.back() = std::max(bins_.back(), std::min(loud, 1.0F));
    samples_ = at + 1;
}

void Peaks::open_bin() {
    if (!told_ && bins_.size() == most_bins_) merge_bins();
    bins_.push_back(0);
    const auto bins = static_cast<std::int64_t>(bins_.size());
    bin_end_ = told_ ? begin_of(bins, *told_) : bins * bin_samples_;
}

void Peaks::merge_bins() {
    for (std::size_t i = 0; i < bins_.size() / 2; ++i)
        bins_[i] = std::max(bins_[2 * i], bins_[2 * i + 1]);
    bins_.resize(bins_.size() / 2);
    bin_samples_ *= 2;
}

std::int64_t Peaks::begin_of(std::int64_t slice, std::int64_t samples) const {
    return slice * samples / slice_count_;
}

/// The loudest of these samples. Nothing where a bin that has others too may be louder than those
/// that have not.
std::optional<float> Peaks::peak_of(std::int64_t begin, std::int64_t end) const {
    const auto bin = [&](std::int64_t place) { return bins_[static_cast<std::size_t>(place)]; };
    const std::int64_t first = rounded_up(begin, bin_samples_);
    const std::int64_t behind =
        end == samples_ ? static_cast<std::int64_t>(bins_.size()) : end / bin_samples_;
    float peak = 0;
    for (std::int64_t i = first; i < behind; ++i) peak = std::max(peak, bin(i));
    const bool is_louder_before = begin % bin_samples_ != 0 && bin(first - 1) > peak;
    const bool is_louder_behind =
        end != samples_ && end % bin_samples_ != 0 && bin(end / bin_samples_) > peak;
    if (is_louder_before || is_louder_behind) return std::nullopt;
    return peak;
}

std::optional<std::vector<float>> Peaks::slices() const {
    if (told_ && samples_ == *told_) return bins_;
    if (told_) return std::nullopt;
    std::vector<float> slices;
    for (std::int64_t i = 0; i < slice_count_; ++i) {
        const std::int64_t begin = begin_of(i, samples_);
        const auto peak = peak_of(begin, std::max(begin + 1, begin_of(i + 1, samples_)));
        if (!peak) return std::nullopt;
        slices.push_back(*peak);
    }
    return slices;
}

}  // namespace ittybit::media
