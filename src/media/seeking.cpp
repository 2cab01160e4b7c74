#include <algorithm>

#include "media/clock_survey.h"
#include "media/input.h"
#include "media/timeline.h"

/// Going to a time: by the container's index, by its clock where there is none, and by reading on
/// where that clock leads nowhere.
namespace ittybit::media {

/// Whether the file is of several recordings, as far as a clock tells without reading all of it.
Result<bool> Input::is_joined() {
    const auto all = streams();
    const auto timed = std::ranges::find_if(all, [](const auto* it) { return is_timed(*it); });
    return timed != all.end() && TRY(is_joined((*timed)->index));
}

Result<bool> Input::is_joined(int stream_index) {
    auto& known = survey_->is_joined;
    if (has_loose_clock() && !known) {
        const auto reader = TRY(reopen());
        known = TRY(has_steps(*reader, stream_index));
    }
    return known.value_or(false);
}

Result<> Input::seek(int stream_index, double seconds) {
    if (TRY(is_joined(stream_index))) return seek_joined(stream_index, seconds);
    if (has_loose_clock()) return seek_by_clock(stream_index, seconds);
    const auto target = timestamp(seconds, stream(stream_index).time_base);
    is_at_front_ = false;
    read_from_.reset();
    const int code = av_seek_frame(format_.get(), stream_index, target, AVSEEK_FLAG_BACKWARD);
    if (source_error_) return *source_error_;
    return code >= 0 ? Result<>() : rewind();
}

Result<> Input::seek_by_clock(int stream_index, double seconds) {
    const AVRational time_base = stream(stream_index).time_base;
    const auto target = timestamp(seconds, time_base);
    for (const double back : {0.5, 2.0, 6.0, 15.0, 40.0}) {
        if (seconds - back <= 0) break;
        if (!TRY(lands_before(stream_index, target, back))) continue;
        const auto earlier = timestamp(seconds - back, time_base);
        is_at_front_ = false;
        av_seek_frame(format_.get(), stream_index, earlier, AVSEEK_FLAG_BACKWARD);
        begin_clock();
        return {};
    }
    return rewind();
}

/// Without an index a seek lands between key frames: whether the first one read from `back`
/// seconds earlier is still at or before the target.
Result<bool> Input::lands_before(int stream_index, std::int64_t target, double back) {
    const AVStream& stream = *format_->streams[stream_index];
    const auto earlier =
        target - av_rescale_q(
                     static_cast<std::int64_t>(back * AV_TIME_BASE), kMicroseconds, stream.time_base
                 );
    is_at_front_ = false;
    if (av_seek_frame(format_.get(), stream_index, earlier, AVSEEK_FLAG_BACKWARD) < 0) return false;
    begin_clock();
    for (;;) {
        const Packet packet = TRY(read());
        if (packet == nullptr) return false;
        const auto time = packet->pts != kNoTime ? packet->pts : packet->dts;
        if (packet->stream_index != stream_index || time == kNoTime) continue;
        if (time > target) return false;
        if (is_key(*packet)) return true;
    }
}

/// Reads from the front, mending the clock, up to the time; then goes back to the last key frame
/// before it, with the clock as it was there.
Result<> Input::seek_joined(int stream_index, double seconds) {
    constexpr int kLosesItself = AVFMT_NOBINSEARCH;  // a demuxer (Ogg's) that must read on
    const bool can_jump = has_loose_clock() && (format_->iformat->flags & kLosesItself) == 0;
    if (!can_jump) return rewind();
    auto& place = survey_->place;
    const bool is_known = place && place->stream == stream_index && place->seconds == seconds &&
                          place->wanted == wanted_;
    if (!is_known) place = TRY(find_place(stream_index, seconds));
    if (place->position < 0) return rewind();
    TRY(seek_byte(place->position));
    clock_ = place->clock;
    movements_ = place->movements;
    return {};
}

Result<Input::Place> Input::find_place(int stream_index, double seconds) {
    TRY(rewind());
    Place place{.wanted = wanted_, .stream = stream_index, .seconds = seconds};
    while (const Packet packet = TRY(read())) {
        const auto time = packet->pts != kNoTime ? packet->pts : packet->dts;
        if (packet->stream_index != stream_index || time == kNoTime) continue;
        if (this->seconds(time, stream(stream_index).time_base) > seconds) break;
        if (!is_key(*packet) || packet->pos < 0) continue;
        place.position = packet->pos;
        place.clock = clock_;
        place.clock.forget_times();
        place.movements = movements_;
    }
    return place;
}

Result<> Input::seek_byte(std::int64_t position) {
    is_at_front_ = false;
    const int code = av_seek_frame(format_.get(), -1, position, AVSEEK_FLAG_BYTE);
    if (source_error_) return *source_error_;
    begin_clock();
    return code >= 0 ? Result<>() : rewind();
}

void Input::begin_clock() {
    clock_.reset();
    sound_.forget_times();
    movements_ = {};
}

Result<> Input::rewind() {
    if (is_at_front_) return {};
    begin_clock();
    read_from_ = 0;
    position_ = 0;
    format_.reset();
    TRY(open_container());
    TRY(find_streams());
    if (wanted_) discard_unwanted();
    is_at_front_ = true;
    return {};
}

}  // namespace ittybit::media
