#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "media/common_end.h"
#include "media/handles.h"
#include "media/sink.h"
#include "model/limits.h"
#include "model/plan.h"

/// Stages that decide *when*: what of the input is used, and where it stands in the output.
namespace ittybit::media {

/// The part of the input that is used, in seconds from its origin.
struct Cut {
    double start = 0;
    std::optional<double> end;
};

/// How a decoder's timestamps stand to the input's origin.
struct SourceTime {
    AVRational time_base{};      // Decoder::time_base()
    std::int64_t origin_us = 0;  // Input::origin_us()
    bool tells_lengths = false;  // Input::tells_lengths()
};

/// How long the last picture of a stream is shown: as it says, unless the container tells no
/// picture's length and it would be far shorter than the one before it. All in one unit.
std::int64_t last_length(std::int64_t said, std::int64_t one_before, bool tells_lengths);

inline AVRational rational(const Ratio& ratio) {
    return {ratio.num, ratio.den};
}

/// The unit of a clock's ticks.
inline AVRational time_base(const PlannedClock& clock) {
    return {1, clock.ticks};
}

/// A clock with which every frame of a constant `fps` lasts whole ticks, near 90 kHz.
PlannedClock clock_for(Ratio fps);

/// A clock for times that no common rate fits, `fps` being only their average: pictures begin at
/// multiples of 1/120 s. Readers that look for a rate find 120, where they would take the average
/// and call the pictures that lie closer together wrong (av_guess_frame_rate).
PlannedClock irregular_clock(Ratio fps);

/// Seconds behind the start of a part within which a first picture stands for the one before it.
constexpr double kMostEarly = 0.2;

/// Passes on the pictures with start ≤ pts < end, timed from `start` in the clock's ticks. The
/// first one is shown from 0 on; when it comes later than kMostEarly, or none lies inside, the one
/// on screen at `start` is, where there is one; else the first behind `end`. Each gets a duration,
/// the last at most to `end`. Decoders' picture types are cleared.
class PictureWindow : public Sink<Frame> {
public:
    struct Settings {
        SourceTime source;
        Cut cut;
        PlannedClock clock;                       // of what is passed on
        std::optional<std::int64_t> most_frames;  // then no more, without an error
        bool is_last_held = false;  // the last picture stays on screen when the start is behind it
        Limits limits;
        // Ticks: those in between are counted.
        std::int64_t count_from = 0;
        std::int64_t count_to = std::numeric_limits<std::int64_t>::max();
    };
    PictureWindow(const Settings& settings, Sink<Frame>& next);

    /// Errors: `limit_exceeded` (frames, duration).
    Result<> push(Frame frame) override;
    Result<> finish() override;

    /// Of the input's pictures that were in time for the window, also such as gave way to another
    /// that came within a millisecond.
    std::int64_t pictures() const { return pictures_; }

    /// Ticks: where the last picture that came begins, also outside the window.
    std::optional<std::int64_t> reached() const { return last_at_; }

private:
    std::int64_t ticks_from_start(const AVFrame& frame) const;
    std::int64_t snapped(std::int64_t ticks) const;
    bool is_on_screen_until(std::int64_t at) const;
    Result<> emit(std::int64_t until);
    std::int64_t length_of(const AVFrame& last) const;
    Result<> emit_last();

    Settings settings_;
    Sink<Frame>& next_;
    std::int64_t end_;                     // ticks; INT64_MAX without
    std::optional<std::int64_t> last_at_;  // of any picture, also outside the window
    std::int64_t gap_ = 0;                 // between the last two
    Frame held_;                           // its end is known when the next one comes
    bool is_inside_ = false;               // whether held_ lies in the window
    bool has_later_ = false;               // whether pictures came behind the window
    std::int64_t frames_ = 0;
    std::int64_t pictures_ = 0;
};

/// Makes the frame rate constant: for each instant n/fps the nearest picture, repeated or left out.
/// Takes and gives timestamps in the clock's ticks; begins at 0.
class Cadence : public Sink<Frame> {
public:
    /// Which frames are asked to be key frames: the first at or after each multiple of `every_s`
    /// (0: none) whose number is a multiple of `grid`.
    struct Keys {
        int every_s = 0;
        int grid = 1;
    };

    /// `clock.fps` must be set and its ticks come from clock_for. With `common_end` the last
    /// picture is held until there.
    Cadence(PlannedClock clock, const Limits& limits, Sink<Frame>& next)
        : Cadence(clock, limits, next, Keys{}, nullptr) {}
    Cadence(
        PlannedClock clock,
        const Limits& limits,
        Sink<Frame>& next,
        Keys keys,
        CommonEnd* common_end
    );

    /// What lies earlier is left out: pictures come from the middle of the input.
    void begin_at(std::int64_t ticks) { slot_ = slot_of(ticks); }

    /// Errors: `limit_exceeded` (frames): a gap in the input that would be millions of repeats.
    Result<> push(Frame frame) override;
    Result<> finish() override;

private:
    std::int64_t slot_of(std::int64_t ticks) const;
    Result<> emit_until(std::int64_t slot);

    PlannedClock clock_;
    Limits limits_;
    Sink<Frame>& next_;
    Keys keys_;
    CommonEnd* common_end_;
    std::int64_t ticks_per_frame_;
    Frame held_;
    std::int64_t slot_ = 0;
    std::int64_t next_key_ = 0;
};

/// Passes on every second, third … picture, shown as long as those left out with it.
class EveryNth : public Sink<Frame> {
public:
    EveryNth(int n, Sink<Frame>& next) : n_(n), next_(next) {}
    Result<> push(Frame frame) override;
    Result<> finish() override { return next_.finish(); }

private:
    int n_;
    Sink<Frame>& next_;
    int count_ = 0;
};

/// Makes sound continuous from `start` to `end` to the sample: what begins late is preceded by
/// silence, what begins early is cut, gaps are filled and overlaps dropped, so that it stays with
/// the picture. Deviations under 40 ms are the source's jitter and left alone, unless they stay.
/// Timestamps come out as counted samples. Where nothing comes, it is a tenth of a second of
/// silence.
class Soundtrack : public Sink<Frame> {
public:
    /// With `common_end` silence follows until there.
    Soundtrack(
        SourceTime source,
        Cut cut,
        const Limits& limits,
        Sink<Frame>& next,
        CommonEnd* common_end = nullptr
    );

    /// Errors: `limit_exceeded` (duration; silence: more made up than the sound that there is).
    Result<> push(Frame frame) override;
    Result<> finish() override;

    /// Of the input's own sound, without what was made up in gaps.
    double real_seconds() const { return rate_ > 0 ? static_cast<double>(real_) / rate_ : 0; }

private:
    Result<> fill(const AVFrame& like, std::int64_t samples);
    Result<> pass_on(Frame frame);
    void assume_usual_sound();
    Result<> fill_to_common_end();
    Result<> bound_silence(std::int64_t samples) const;
    std::int64_t samples_left() const;

    SourceTime source_;
    Cut cut_;
    Limits limits_;
    Sink<Frame>& next_;
    CommonEnd* common_end_;
    Frame pattern_;  // what the sound is like
    int rate_ = 0;
    std::int64_t position_ = 0;  // samples passed on, at rate_
    std::int64_t real_ = 0;      // of them, the input's own
    double drift_ = 0;           // samples by which it is late, on average
    bool has_begun_ = false;
};

}  // namespace ittybit::media
