#include "media/timing.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "media/compat.h"
#include "media/error.h"

namespace ittybit::media {
namespace {

constexpr double kMostSilence = 3600;  // seconds that are made up for next to no sound
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

Error too_long(const Limits& limits) {
    return {
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the output would last more than {:.0f} seconds: its timestamps leave gaps, or it is "
            "too long; choose a part with start and end",
            limits.duration
        ),
        "", LimitReached{"duration", limits.duration}
    };
}

Error too_many_frames(const Limits& limits) {
    return {
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the output would have more than {} frames; choose a part with start and end, or a "
            "lower fps",
            limits.frames
        ),
        "", LimitReached{"frames", static_cast<double>(limits.frames)}
    };
}

std::int64_t to_ticks(double seconds, int ticks) {
    return std::llround(seconds * ticks);
}

/// Forgets the first `count` samples of a frame, which has more.
void drop_samples(AVFrame& frame, int count) {
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const bool is_planar = av_sample_fmt_is_planar(format) != 0;
    const int channels = frame.ch_layout.nb_channels;
    const std::ptrdiff_t bytes =
        std::ptrdiff_t{av_get_bytes_per_sample(format)} * count * (is_planar ? 1 : channels);
    const int planes = is_planar ? channels : 1;
    const bool is_extended = frame.extended_data != frame.data;
    for (int i = 0; i < planes; ++i) frame.extended_data[i] += bytes;
    for (int i = 0; is_extended && i < AV_NUM_DATA_POINTERS; ++i)
        frame.data[i] = frame.extended_data[i];
    frame.nb_samples -= count;
}

}  // namespace

std::int64_t last_length(std::int64_t said, std::int64_t one_before, bool tells_lengths) {
    return !tells_lengths && said < one_before / 10 ? one_before : said;
}

PlannedClock clock_for(Ratio fps) {
    if (fps.num <= 0 || fps.den <= 0) return {};
    return {.ticks = fps.num * std::max(1, 90000 / fps.num), .fps = fps};
}

PlannedClock irregular_clock(Ratio fps) {
    return {.ticks = 90000, .fps = fps, .grid = 90000 / 120};
}

PictureWindow::PictureWindow(const Settings& settings, Sink<Frame>& next)
    : settings_(settings),
      next_(next),
      end_(
          settings.cut.end ? to_ticks(*settings.cut.end - settings.cut.start, settings.clock.ticks)
                           : kForever
      ) {}

std::int64_t PictureWindow::ticks_from_start(const AVFrame& frame) const {
    const AVRational clock = time_base(settings_.clock);
    const auto origin = av_rescale_q(settings_.source.origin_us, kMicroseconds, clock);
    const auto at = av_rescale_q(frame.pts, settings_.source.time_base, clock);
    return snapped(at - origin) - to_ticks(settings_.cut.start, settings_.clock.ticks);
}

/// Containers with coarse timestamps (Matroska: 1 ms) round what was a constant rate.
std::int64_t PictureWindow::snapped(std::int64_t ticks) const {
    const Ratio fps = settings_.clock.fps;
    const double step = av_q2d(settings_.source.time_base) * settings_.clock.ticks;
    if (fps.num <= 0 || step < 10) return ticks;
    const AVRational per_frame = {fps.den, fps.num};
    const auto slot = av_rescale_q(ticks, time_base(settings_.clock), per_frame);
    const auto exact = av_rescale_q(slot, per_frame, time_base(settings_.clock));
    const auto off = static_cast<double>(std::llabs(exact - ticks));
    return off <= step ? exact : ticks;
}

Result<> PictureWindow::push(Frame frame) {
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    std::int64_t at = ticks_from_start(*frame);
    set_duration(
        *frame,
        av_rescale_q(duration_of(*frame), settings_.source.time_base, time_base(settings_.clock))
    );
    if (at >= settings_.count_from && at < std::min(end_, settings_.count_to)) ++pictures_;
    if (last_at_) gap_ = at - *last_at_;
    last_at_ = at;
    const bool is_later = at >= end_;
    has_later_ |= is_later;
    if (is_later || at < 0) {
        frame->pts = at;
        if (is_later && held_ != nullptr) return {};
        if (!is_inside_ && frames_ == 0) held_ = std::move(frame);
        return {};
    }
    const auto grid = settings_.clock.grid;
    if (is_on_screen_until(at)) {
        held_->pts = 0;
        TRY(emit(at - at % grid));
    }
    if (settings_.most_frames && frames_ + (is_inside_ ? 1 : 0) >= *settings_.most_frames) {
        if (!is_inside_) return {};
        // The last one that is wanted ends where this one begins.
        end_ = std::max(at, held_->pts + 1);
        return emit(end_);
    }
    // Of pictures that come within a millisecond (overlapping parts of a broadcast, say) the last
    // one is shown.
    at -= at % grid;
    const bool is_instead =
        is_inside_ && at - held_->pts < std::max(settings_.clock.ticks / 1000, grid);
    if (is_instead) {
        at = held_->pts;
    } else if (is_inside_) {
        TRY(emit(at));
    } else if (frames_ == 0) {
        at = 0;
    }
    frame->pts = at;
    held_ = std::move(frame);
    is_inside_ = true;
    return {};
}

/// Whether it is a picture from before the start that is seen up to a first one inside.
bool PictureWindow::is_on_screen_until(std::int64_t at) const {
    const bool is_before = held_ != nullptr && !is_inside_ && held_->pts < 0;
    return is_before && settings_.cut.start > 0 && at > to_ticks(kMostEarly, settings_.clock.ticks);
}

Result<> PictureWindow::emit(std::int64_t until) {
    if (++frames_ > settings_.limits.frames) return too_many_frames(settings_.limits);
    const double seconds = static_cast<double>(held_->pts) / settings_.clock.ticks;
    if (seconds > settings_.limits.duration) return too_long(settings_.limits);
    set_duration(*held_, std::max<std::int64_t>(1, until - held_->pts));
    is_inside_ = false;
    return next_.push(std::move(held_));
}

std::int64_t PictureWindow::length_of(const AVFrame& last) const {
    const Ratio fps = settings_.clock.fps;
    const std::int64_t nominal =
        fps.num > 0 ? av_rescale(settings_.clock.ticks, fps.den, fps.num) : 1;
    // Some say a tick, for want of a better word.
    const std::int64_t said = duration_of(last);
    const bool is_said = said > settings_.clock.ticks / 500;
    return std::max<std::int64_t>(
        last_length(is_said ? said : nominal, gap_, is_said && settings_.source.tells_lengths), 1
    );
}

Result<> PictureWindow::emit_last() {
    const std::int64_t own_end = held_->pts + length_of(*held_);
    if (is_inside_) return emit(has_later_ ? end_ : std::min(end_, own_end));
    // Nothing changed on screen within the window: what was there before, or else comes first,
    // fills it.
    const bool is_filling = has_later_ || settings_.is_last_held;
    if (frames_ > 0 || (!is_filling && own_end <= 0)) return {};
    const std::int64_t length = length_of(*held_);
    held_->pts = 0;
    if (is_filling && end_ != kForever) return emit(end_);
    return emit(std::min(end_, own_end > 0 ? own_end : length));
}

Result<> PictureWindow::finish() {
    if (held_ != nullptr) TRY(emit_last());
    return next_.finish();
}

Cadence::Cadence(
    PlannedClock clock, const Limits& limits, Sink<Frame>& next, Keys keys, CommonEnd* common_end
)
    : clock_(clock),
      limits_(limits),
      next_(next),
      keys_(keys),
      common_end_(common_end),
      ticks_per_frame_(av_rescale(clock.ticks, clock.fps.den, clock.fps.num)) {}

std::int64_t Cadence::slot_of(std::int64_t ticks) const {
    return (2 * ticks + ticks_per_frame_) / (2 * ticks_per_frame_);
}

Result<> Cadence::push(Frame frame) {
    const std::int64_t slot = slot_of(frame->pts);
    if (held_ != nullptr) TRY(emit_until(slot));
    held_ = std::move(frame);
    return {};
}

Result<> Cadence::emit_until(std::int64_t slot) {
    if (slot > limits_.frames) return too_many_frames(limits_);
    for (; slot_ < slot; ++slot_) {
        Frame frame = share(*held_);
        frame->pts = slot_ * ticks_per_frame_;
        set_duration(*frame, ticks_per_frame_);
        const bool may_be_key = keys_.every_s > 0 && slot_ % keys_.grid == 0;
        if (may_be_key && frame->pts >= next_key_) {
            frame->pict_type = AV_PICTURE_TYPE_I;
            const std::int64_t period = std::int64_t{keys_.every_s} * clock_.ticks;
            next_key_ = (frame->pts / period + 1) * period;
        }
        TRY(next_.push(std::move(frame)));
    }
    return {};
}

Result<> Cadence::finish() {
    std::int64_t end = 0;
    if (held_ != nullptr) {
        end = slot_of(held_->pts + duration_of(*held_));
        end = std::max(end, slot_ == 0 ? std::int64_t{1} : slot_);
    }
    if (common_end_ != nullptr) end = common_end_->after_pictures(end);
    if (held_ != nullptr) TRY(emit_until(end));
    return next_.finish();
}

Result<> EveryNth::push(Frame frame) {
    const bool is_wanted = count_ == 0;
    count_ = (count_ + 1) % n_;
    if (!is_wanted) return {};
    set_duration(*frame, duration_of(*frame) * n_);
    return next_.push(std::move(frame));
}

Soundtrack::Soundtrack(
    SourceTime source, Cut cut, const Limits& limits, Sink<Frame>& next, CommonEnd* common_end
)
    : source_(source), cut_(cut), limits_(limits), next_(next), common_end_(common_end) {}

std::int64_t Soundtrack::samples_left() const {
    if (!cut_.end) return kForever;
    return std::llround((*cut_.end - cut_.start) * rate_) - position_;
}

Result<> Soundtrack::push(Frame frame) {
    if (frame->nb_samples <= 0 || frame->sample_rate <= 0) return {};
    if (pattern_ == nullptr) pattern_ = share(*frame);
    if (frame->sample_rate != rate_) {
        if (rate_ > 0) {
            position_ = av_rescale(position_, frame->sample_rate, rate_);
            real_ = av_rescale(real_, frame->sample_rate, rate_);
        }
        rate_ = frame->sample_rate;
    }
    const AVRational per_sample = {1, rate_};
    const std::int64_t at = av_rescale_q(frame->pts, source_.time_base, per_sample) -
                            av_rescale_q(source_.origin_us, kMicroseconds, per_sample) -
                            std::llround(cut_.start * rate_);
    const std::int64_t gap = at - position_;
    drift_ += 0.1 * (static_cast<double>(gap) - drift_);
    const bool is_drifting = std::abs(drift_) > rate_ / 50.0;
    const std::int64_t jitter = has_begun_ && !is_drifting ? rate_ / 25 : 0;
    if (std::llabs(gap) > jitter) drift_ = 0;
    if (gap > jitter) {
        const std::int64_t silence = std::min(gap, samples_left());
        TRY(bound_silence(silence));
        TRY(fill(*frame, silence));
    } else if (gap < -jitter) {
        if (-gap >= frame->nb_samples) return {};
        drop_samples(*frame, static_cast<int>(-gap));
    }
    has_begun_ = true;
    const std::int64_t before = position_;
    TRY(pass_on(std::move(frame)));
    real_ += position_ - before;
    return {};
}

/// A gap costs nothing in the input, and days of sound in the output.
Result<> Soundtrack::bound_silence(std::int64_t samples) const {
    const double made_up = static_cast<double>(position_ + samples - real_) / rate_;
    const double real = static_cast<double>(real_) / rate_;
    const double most = kMostSilence + 10 * real;
    if (made_up <= most) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the sound's timestamps leave gaps of {:.0f} seconds for {:.0f} seconds of sound, and "
            "at most {:.0f} are filled with silence; choose a part with start and end",
            made_up, real, most
        ),
        "input", LimitReached{"silence", most}
    };
}

Result<> Soundtrack::fill(const AVFrame& like, std::int64_t samples) {
    constexpr std::int64_t kChunk = 8192;
    if (static_cast<double>(position_ + samples) / rate_ > limits_.duration)
        return too_long(limits_);
    while (samples > 0) {
        Frame silence = make_frame();
        silence->format = like.format;
        silence->sample_rate = rate_;
        silence->nb_samples = static_cast<int>(std::min(samples, kChunk));
        int code = av_channel_layout_copy(&silence->ch_layout, &like.ch_layout);
        if (code >= 0) code = av_frame_get_buffer(silence.get(), 0);
        if (code < 0) return output_error(code, "make silence");
        av_samples_set_silence(
            silence->extended_data, 0, silence->nb_samples, silence->ch_layout.nb_channels,
            static_cast<AVSampleFormat>(silence->format)
        );
        samples -= silence->nb_samples;
        TRY(pass_on(std::move(silence)));
    }
    return {};
}

Result<> Soundtrack::pass_on(Frame frame) {
    const auto left = samples_left();
    if (left <= 0) return {};
    frame->nb_samples = static_cast<int>(std::min<std::int64_t>(frame->nb_samples, left));
    if (static_cast<double>(position_) / rate_ > limits_.duration) return too_long(limits_);
    frame->pts = position_;
    position_ += frame->nb_samples;
    return next_.push(std::move(frame));
}

Result<> Soundtrack::finish() {
    if (pattern_ == nullptr) assume_usual_sound();
    // A stream without a packet is no valid file: where no sound lies in the part, it is silence.
    if (position_ == 0) TRY(fill(*pattern_, std::min<std::int64_t>(rate_ / 10, samples_left())));
    if (common_end_ != nullptr) TRY(fill_to_common_end());
    return next_.finish();
}

void Soundtrack::assume_usual_sound() {
    rate_ = 48000;
    pattern_ = make_frame();
    pattern_->format = AV_SAMPLE_FMT_FLTP;
    pattern_->sample_rate = rate_;
    av_channel_layout_default(&pattern_->ch_layout, 2);
}

Result<> Soundtrack::fill_to_common_end() {
    const AVRational fps = common_end_->fps();
    const std::int64_t frames = common_end_->after_sound(position_, rate_);
    const std::int64_t end = av_rescale(frames, std::int64_t{fps.den} * rate_, fps.num);
    return end > position_ ? fill(*pattern_, end - position_) : Result<>();
}

}  // namespace ittybit::media
