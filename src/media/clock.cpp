#include "media/clock.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace ittybit::media {
namespace {

// As FFmpeg's own program, for formats whose clocks may be discontinuous (AVFMT_TS_DISCONT).
constexpr std::int64_t kBackUs = 100'000;
constexpr std::int64_t kForthUs = 10'000'000;
constexpr std::int64_t kBackOfGuessesUs = 1'000'000;

/// Pictures by which a guess may be wrong: as many as encoders put one behind.
constexpr std::int64_t kMostInBetween = 8;

constexpr std::int64_t kLongestPauseUs = 100'000;  // that is taken for a packet's length

/// How much earlier than others one stream of a recording may begin or end.
constexpr std::int64_t kUnevenUs = 3'000'000;

}  // namespace

JoinedClock::JoinedClock(bool may_jump)
    : back_us_(may_jump ? kBackOfGuessesUs : kBackUs),
      forth_us_(may_jump ? std::numeric_limits<std::int64_t>::max() : kForthUs),
      are_guesses_(may_jump) {}

void JoinedClock::reset() {
    shifts_ = {0};
    streams_.clear();
    last_.reset();
}

void JoinedClock::forget_times() {
    for (Stream& stream : streams_) stream.last.reset();
    last_.reset();
}

/// Ahead of, or behind, what any stream gave: one may pause.
bool JoinedClock::is_apart(std::int64_t dts) const {
    return last_ && std::llabs(dts - *last_) > forth_us_;
}

/// The clock that a stream changes to whose times have stepped: the newest where another stream has
/// led the way, else a new one that goes on where the last of all streams ended.
std::size_t JoinedClock::clock_after_step(const Stream& stream, std::int64_t raw_dts) {
    const std::size_t newest = shifts_.size() - 1;
    const std::int64_t there = raw_dts + shifts_[newest];
    const bool is_led = stream.clock != newest && !is_apart(there);
    if (is_led && (!stream.last || there > *stream.last - kUnevenUs)) return newest;
    std::int64_t end = *last_;
    for (const Stream& other : streams_)
        if (other.last && !is_apart(other.next)) end = std::max(end, other.next);
    shifts_.push_back(end - raw_dts);
    return newest + 1;
}

void JoinedClock::adjust(AVPacket& packet, AVRational time_base) {
    const auto index = static_cast<std::size_t>(packet.stream_index);
    if (index >= streams_.size()) streams_.resize(index + 1, Stream{.clock = shifts_.size() - 1});
    Stream& stream = streams_[index];
    if (packet.dts != kNoTime) {
        const auto raw = av_rescale_q(packet.dts, time_base, kMicroseconds);
        follow(stream, raw, av_rescale_q(packet.duration, time_base, kMicroseconds));
    }
    const auto shift = av_rescale_q(shifts_[stream.clock], kMicroseconds, time_base);
    if (packet.dts != kNoTime) packet.dts += shift;
    if (packet.pts != kNoTime) packet.pts += shift;
}

void JoinedClock::follow(Stream& stream, std::int64_t raw_dts, std::int64_t duration) {
    const std::int64_t as_before = raw_dts + shifts_[stream.clock];
    const std::int64_t most_back = std::max(back_us_, are_guesses_ ? kMostInBetween * duration : 0);
    const bool is_back = stream.last && as_before < *stream.last - most_back;
    const bool is_stepping = is_back || is_apart(as_before);
    if (is_stepping) stream.clock = clock_after_step(stream, raw_dts);
    const std::int64_t dts = raw_dts + shifts_[stream.clock];
    const std::int64_t last = is_stepping ? dts : stream.last.value_or(dts);
    stream.next =
        dts + (duration > 0 ? duration : std::clamp<std::int64_t>(dts - last, 0, kLongestPauseUs));
    stream.last = std::max(dts, last);
    last_ = dts;
}

}  // namespace ittybit::media
