#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "media/handles.h"
#include "media/sink.h"

namespace ittybit::media {

/// Keeps mixed sound under a true peak (ITU-R BS.1770, annex 2: four times oversampled), by turning
/// it down for as long as it is too loud, with 5 ms to see it coming, and nowhere else. Its first
/// and last 5 ms rise from silence and fall to it: encoders overshoot where loud sound begins or
/// ends at once. Takes and gives `fltp` of one rate and layout, sample for sample.
class Limiter : public Sink<Frame> {
public:
    /// `most_dbtp`: dB above full scale, so below 0. `start_room`: so many dB lower it is in the
    /// first 60 ms, for an encoder that overshoots there.
    Limiter(double most_dbtp, double start_room, Sink<Frame>& next);

    /// Errors: `encode_failed`.
    Result<> push(Frame frame) override;
    Result<> finish() override;

private:
    void begin(const AVFrame& frame);
    void take(const AVFrame& frame, int sample);
    double true_peak() const;
    double gain_for(double needed);
    double edge_gain(std::int64_t sample) const;
    Result<> give();

    const double ceiling_;
    const double start_ceiling_;
    Sink<Frame>& next_;
    Frame pattern_;
    int window_ = 0;                           // samples of looking ahead
    std::int64_t start_ = 0;                   // samples under the lower ceiling
    double release_ = 0;                       // of a sample
    std::vector<std::vector<float>> waiting_;  // by channel, from sample given_ on
    std::vector<double> gains_;                // of waiting samples, as far as they are known
    std::int64_t taken_ = 0;
    std::int64_t given_ = 0;
    std::optional<std::int64_t> end_;                    // samples in all, once that is known
    std::deque<std::pair<std::int64_t, double>> least_;  // candidates for the least of the window
    std::deque<double> held_;                            // gains of the window, to be averaged
    double held_sum_ = 0;
    double last_ = 1;
};

}  // namespace ittybit::media
