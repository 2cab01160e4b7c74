#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/handles.h"
#include "media/meter.h"
#include "media/sink.h"

namespace ittybit::media {

/// The loudest sample of each of n equal slices of a sound, in any of its channels: 0 to 1. Takes
/// sound as it was decoded, made continuous (see Soundtrack).
///
/// Slice i begins at sample floor(i·N/n) of N, and only the end tells how many these are. Until
/// then peaks are kept of bins: each of one sample, and of twice as many whenever the bins become
/// too many. At the end the edge of two slices may cut a bin. Where both slices have others that
/// are as loud, it changes nothing; else what is in which slice is not known, and the sound must
/// come once more with N told beforehand: then the bins are the slices. So every peak is exact, in
/// memory that does not grow; what has no more samples than there may be bins never comes twice,
/// and longer sound in few slices seldom.
class Peaks : public Sink<Frame> {
public:
    static constexpr std::size_t kMostBins = 1U << 24U;

    /// `samples`: how many will come, where that is known; at least as many as slices.
    /// `most_bins` is even.
    Peaks(
        int slices,
        std::optional<std::int64_t> samples,
        Meter& meter,
        std::size_t most_bins = kMostBins
    );

    Result<> push(Frame frame) override;
    Result<> finish() override { return {}; }

    std::int64_t samples() const { return samples_; }  // so far
    int sample_rate() const { return rate_; }          // of the first; others are counted in it
    double seconds() const { return rate_ > 0 ? static_cast<double>(samples_) / rate_ : 0; }

    /// Once all samples came: the peaks. Nothing where the sound must come once more, or was to
    /// have another number of samples. With fewer samples than slices, these share them.
    std::optional<std::vector<float>> slices() const;

private:
    void add(std::int64_t at, float loud);
    void open_bin();
    void merge_bins();
    std::int64_t begin_of(std::int64_t slice, std::int64_t samples) const;
    std::optional<float> peak_of(std::int64_t begin, std::int64_t end) const;

    const std::int64_t slice_count_;
    const std::optional<std::int64_t> told_;
    Meter& meter_;
    const int output_;
    const std::size_t most_bins_;
    std::vector<float> bins_;
    std::int64_t bin_samples_ = 1;  // of each, unless the bins are the slices
    std::int64_t bin_end_ = 0;      // of the last one
    std::vector<float> loud_;       // of the frame, over its channels
    std::int64_t samples_ = 0;
    int rate_ = 0;
};

}  // namespace ittybit::media
