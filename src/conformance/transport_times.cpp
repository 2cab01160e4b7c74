#include "conformance/transport_times.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

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
    types_.clear();
    sounds_.clear();
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
    check_streams(read, segment, *main);
    if (main->type == 0x1B)
        report_.expect(
            !main->keys.empty() && main->keys.front() == main->times.front(), rule("idr-first"),
            whole, "the segment does not begin with an IDR picture"
        );
    take_times(*main, segment, place);
    return true;
}

void TransportTimes::check_streams(
    const TransportSegment& read, const manifest::Segment& segment, const ElementaryStream& main
) {
    const Place whole{segment.uri, {}, {}};
    const bool is_last = &segment == &rendition_.playlist->segments.back();
    std::map<int, int> types;
    for (const auto& [pid, stream] : read.streams) {
        types[pid] = stream.type;
        if (!stream.is_picture() && !stream.is_sound()) continue;
        report_.expect(
            !stream.times.empty() || is_last, rule("segment-empty"), whole,
            fmt::format("the PMT lists program id {}, of which there is nothing", pid)
        );
        if (&stream == &main || !stream.is_sound() || stream.times.empty()) continue;
        check_sound(pid, stream, whole);
    }
    report_.expect(
        types_.empty() || types == types_, rule("same-media"), whole,
        "the PMT lists other streams than that of the segment before"
    );
    types_ = std::move(types);
    report_.expect(
        main.has_sets || main.type != 0x1B, rule("ts-parameter-sets"), whole,
        "no parameter sets before the first picture"
    );
    constexpr std::int64_t kEarly = 45'000, kLate = 900'000;  // of 90 kHz
    const auto ahead = read.clock ? ticks_between(*read.clock, main.times.front()) : 0;
    report_.expect(
        (read.clock || !read.has_clock) && ahead > -kEarly && ahead < kLate, rule("ts-clock"),
        whole,
        read.clock ? fmt::format(
                         "the first picture or sound comes {:.3f} s behind the clock",
                         static_cast<double>(ahead) / kClock
                     )
                   : "no PCR"
    );
}

/// Sound comes in packets of one or several frames each.
void TransportTimes::check_sound(int pid, const ElementaryStream& stream, const Place& whole) {
    const auto& times = stream.times;
    const auto known = sounds_.find(pid);
    constexpr std::int64_t kSlack = 22'500;  // a quarter of a second
    if (known != sounds_.end()) {
        const auto gap = ticks_between(known->second.time, times.front()) - known->second.step;
        report_.expect(
            std::abs(gap) <= std::max(kSlack, 2 * known->second.step), rule("ts-timestamps"), whole,
            fmt::format(
                "the sound goes on {:.3f} s behind its end", static_cast<double>(gap) / kClock
            )
        );
    }
    const auto count = std::ssize(times) - 1;
    const auto span = ticks_between(times.front(), times.back());
    sounds_[pid] = {times.back(), count > 0 ? span / count : 0};
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
    auto sorted = times;
    std::ranges::sort(sorted);
    report_.expect(
        !stream.is_picture() || std::ranges::adjacent_find(sorted) == sorted.end(),
        rule("order-of-times"), {segment.uri, {}, {}}, "two pictures are shown at the same time"
    );
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
