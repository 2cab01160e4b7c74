#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "media/handles.h"
#include "media/sink.h"

/// How loud sound is as a whole (EBU R 128, ITU-R BS.1770-4), and what makes it louder.
namespace ittybit::media {

struct Loudness {
    std::optional<double> lufs;  // integrated; nothing: no 400 ms of it are above −70 LUFS
    std::optional<double> dbtp;  // the true peak; nothing: no sample differs from 0
};

/// Measures sound and passes it on as it is. Takes `fltp` of one rate and layout. What libebur128
/// cannot measure (under 4000 samples a second, over 64 channels) has no loudness.
class LoudnessMeter : public Sink<Frame> {
public:
    /// `next`: nobody, where sound is only measured.
    explicit LoudnessMeter(Sink<Frame>* next = nullptr);
    ~LoudnessMeter() override;

    Result<> push(Frame frame) override;
    Result<> finish() override;

    Loudness loudness() const;

private:
    /// libebur128.
    struct State;

    void add(const AVFrame& frame);

    Sink<Frame>* next_;
    std::unique_ptr<State> state_;    // from the first frame on
    std::vector<float> interleaved_;  // the samples of one frame
};

/// Makes sound (`fltp`) louder or quieter.
class Gain : public Sink<Frame> {
public:
    Gain(double db, Sink<Frame>& next);

    /// Errors: `encode_failed`.
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

private:
    const float factor_;
    Sink<Frame>& next_;
};

}  // namespace ittybit::media
