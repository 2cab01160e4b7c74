#include "conformance/transport_times.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "conformance/coded.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::rule;

constexpr double kClock = 90'000;  // ticks a second

Track track_of(const ElementaryStream& stream) {
    Track track;
    track.handler = stream.is_picture() ? "vide" : "soun";
    track.timescale = static_cast<std::uint32_t>(kClock);
    track.codec = stream.codec();
    track.entry = track.codec.substr(0, 4);
    if (stream.is_picture()) track.picture = picture_facts_of(stream.head);
    if (!track.picture) return track;
    track.width = track.picture->width;
    track.height = track.picture->height;
    track.aspect_width = track.picture->aspect_width;
    track.aspect_height = track.picture->aspect_height;
    track.transfer = track.picture->transfer;
    return track;
}

}  // namespace

void TransportTimes::start_anew() {
    last_.reset();
    end_.reset();
    durations_.start_anew();
}

bool TransportTimes::take(
    Bytes bytes, Bytes tables, const manifest::Segment& segment, const Place& place
) {
    const auto read = read_transport_segment(bytes, segment.uri, report_, tables);
    const ElementaryStream* main = nullptr;
    for (const auto& [pid, stream] : read.streams) {
        if (!stream.is_picture() && !stream.is_sound()) continue;
        auto& kept = stream.is_picture() ? rendition_.picture : rendition_.sound;
        if (!kept) kept = track_of(stream);
        if (main == nullptr || (stream.is_picture() && !main->is_picture())) main = &stream;
    }
    const Place whole{segment.uri, {}, {}};
    if (!report_.expect(
            main != nullptr && !main->times.empty(), rule("segment-empty"), whole,
            "no media with timestamps"
        ))
        return false;
    if (main->type == 0x1B)
        report_.expect(
            !main->keys.empty() && main->keys.front() == main->times.front(), rule("idr-first"),
            whole, "the segment does not begin with an IDR picture"
        );
    take_times(*main, segment, place);
    return true;
}

void TransportTimes::take_times(
    const ElementaryStream& stream, const manifest::Segment& segment, const Place& place
) {
    std::vector<double> times;
    for (const auto time : stream.times) {
        unwrapped_ = last_ ? unwrapped_ + ticks_between(*last_, time) : time;
        last_ = time;
        times.push_back(static_cast<double>(unwrapped_) / kClock);
    }
    const auto [first, last] = std::ranges::minmax(times);
    auto& kept = rendition_.segments.back();
    const double count = static_cast<double>(times.size());
    if (rendition_.frame == 0 && count > 1) rendition_.frame = (last - first) / (count - 1);
    const double frame = rendition_.frame;
    if (stream.is_picture() && frame > 0 && rendition_.frame_rate == 0)
        rendition_.frame_rate = 1 / frame;
    kept.begin = first;
    kept.end = last + frame;
    for (const auto key : stream.keys)
        rendition_.keys.push_back(
            {first + static_cast<double>(ticks_between(stream.times.front(), key)) / kClock, "", 0}
        );
    if (end_)
        report_.expect(
            std::abs(first - *end_) <= frame + 0.002, rule("ts-timestamps"), {segment.uri, {}, {}},
            fmt::format("it begins {:.3f} s behind the end of the one before", first - *end_)
        );
    end_ = kept.end;
    // Sound comes in packets of several frames, whose last one's length is not known.
    durations_.take(
        segment, place, kept.end - kept.begin, stream.is_picture() ? frame : std::max(frame, 0.1)
    );
}

}  // namespace ittybit::conformance
