#include "manifest/mpd_segments.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "manifest/mpd_template.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kMostSegments = 100'000;
constexpr std::int64_t kLongestTime = std::int64_t{1} << 40;  // ticks of a segment
constexpr std::int64_t kLatest = std::int64_t{1} << 60;       // ticks

using Node = pugi::xml_node;

/// How often an S comes again; a negative number says: until something else begins.
long long repeats_of(
    const Node& entry, std::int64_t time, std::int64_t length, std::optional<double> end
) {
    const auto told = entry.attribute("r").as_llong(0);
    if (told >= 0) return told;
    constexpr double kRounding = 1e-3;  // of a segment
    const double left = end.value_or(0) - static_cast<double>(time);
    const double count = std::ceil(left / static_cast<double>(length) - kRounding);
    return std::llround(std::clamp(count, 1.0, 1e6)) - 1;
}

}  // namespace

void MpdSegments::read(const Chain& chain, std::optional<double> seconds, Representation& read) {
    check_profile(chain);
    find(chain, seconds, read);
    auto& segments = read.segments;
    double longest = 0;
    for (const auto& segment : segments.segments) longest = std::max(longest, segment.duration);
    segments.target_duration = std::llround(std::min(std::ceil(longest), 1e9));
}

void MpdSegments::check_profile(const Chain& chain) {
    const auto profiles = attribute_of({chain.front().parent()}, "profiles");
    const bool is_indexed = profiles.find("isoff-on-demand:2011") != std::string::npos &&
                            profiles.find(',') == std::string::npos;
    report_.expect(
        !is_indexed || along(chain, "SegmentTemplate").empty(), rule("mpd-profile"),
        place_of_(chain.back()), "a SegmentTemplate in the profile isoff-on-demand"
    );
}

std::string MpdSegments::base_of(const Chain& chain) const {
    std::string base = file_;
    const auto follow = [&](const Node& node) {
        if (const auto url = node.child("BaseURL"))
            base = resolve(base, short_text(url.text().get()));
    };
    follow(chain.front().parent());
    for (const auto& each : chain) follow(each);
    return base;
}

void MpdSegments::find(const Chain& chain, std::optional<double> seconds, Representation& read) {
    const auto base = base_of(chain);
    if (const auto templates = along(chain, "SegmentTemplate"); !templates.empty())
        return read_template(templates, base, seconds, read);
    if (const auto lists = along(chain, "SegmentList"); !lists.empty())
        return read_list(lists.back(), base, read);
    const bool is_one = !along(chain, "SegmentBase").empty() || base != file_;
    report_.expect(is_one, rule("mpd-segments"), place_of_(chain.back()), "no segments are named");
}

void MpdSegments::keep_init(const std::string& uri, std::int64_t line, Representation& read) {
    read.segments.maps.push_back({.uri = uri, .range = {}, .line = line});
}

bool MpdSegments::keep_segment(
    const std::string& uri, double duration, std::int64_t line, Representation& read
) {
    const bool has_room = kept_++ < kMostSegments && !uri.empty();
    const Place place{file_, line, {}};
    if (!report_.expect(has_room, rule("mpd-segments"), place, "more than can be looked at"))
        return false;
    Segment segment;
    segment.uri = uri;
    segment.line = line;
    segment.duration = duration;
    if (!read.segments.maps.empty()) segment.map = 0;
    read.segments.segments.push_back(std::move(segment));
    return true;
}

void MpdSegments::read_template(
    const Chain& templates,
    const std::string& base,
    std::optional<double> seconds,
    Representation& read
) {
    const auto place = place_of_(templates.back());
    const auto line = *place.line;
    const auto scale = static_cast<double>(
        std::max<std::int64_t>(read_integer(attribute_of(templates, "timescale")).value_or(1), 1)
    );
    const auto offset = std::min(
        read_integer(attribute_of(templates, "presentationTimeOffset")).value_or(0), kLatest
    );
    const auto first =
        std::min(read_integer(attribute_of(templates, "startNumber")).value_or(1), kLongestTime);
    const auto media = attribute_of(templates, "media");
    const auto init = attribute_of(templates, "initialization");
    read.start = static_cast<double>(offset) / scale;
    report_.expect(!media.empty(), rule("mpd-segments"), place, "a template without media");
    if (!init.empty()) {
        const auto filled = fill_in(init, read, 0, 0);
        if (report_.expect(
                filled && is_uri(*filled), rule("mpd-template"), place,
                fmt::format("initialization \"{}\"", init)
            ))
            keep_init(addresses_.resolve(base, *filled), line, read);
    }
    const auto add = [&](std::int64_t number, std::int64_t time, double duration) {
        const auto filled = fill_in(media, read, number, time);
        const bool is_filled = report_.expect(
            filled && is_uri(*filled), rule("mpd-template"), place,
            fmt::format("media \"{}\"", media)
        );
        return is_filled && keep_segment(addresses_.resolve(base, *filled), duration, line, read);
    };
    if (const auto timelines = along(templates, "SegmentTimeline"); !timelines.empty())
        return read_timeline(timelines.back(), scale, first, seconds, read, add);
    const auto length = read_number(attribute_of(templates, "duration"));
    if (!report_.expect(
            length && *length > 0 && *length < kLongestTime, rule("mpd-segments"), place,
            "neither a timeline nor durations"
        ) ||
        !seconds)
        return;
    const auto count =
        static_cast<std::int64_t>(std::min(std::ceil(*seconds * scale / *length - 1e-6), 1e6));
    for (std::int64_t i = 0; i < count; ++i) {
        const double left = *seconds - static_cast<double>(i) * *length / scale;
        if (!add(first + i, i * std::llround(*length), std::min(left, *length / scale))) return;
    }
}

void MpdSegments::read_timeline(
    const Node& timeline,
    double scale,
    std::int64_t number,
    std::optional<double> seconds,
    Representation& read,
    const AddSegment& add
) {
    std::int64_t time = 0;
    bool is_first = true;
    for (const auto entry : timeline.children("S")) {
        const auto begin = read_integer(entry.attribute("t").value());
        const auto length = read_integer(entry.attribute("d").value());
        if (!report_.expect(
                length.value_or(0) > 0 && *length < kLongestTime, rule("mpd-timeline"),
                place_of_(entry), "an S without d"
            ))
            return;
        report_.expect(
            is_first || !begin || *begin >= time, rule("mpd-timeline"), place_of_(entry),
            fmt::format("t {} where the one before ends at {}", begin.value_or(0), time)
        );
        const bool is_apart = !is_first && begin && *begin > time;
        if (begin) time = std::min(*begin, kLatest);
        is_first = false;
        std::optional<double> end;  // that repetitions without a number go on to
        if (seconds) end = (*seconds + read.start) * scale;
        if (const auto next = read_integer(entry.next_sibling("S").attribute("t").value()))
            end = static_cast<double>(*next);
        const auto repeats = repeats_of(entry, time, *length, end);
        for (long long i = 0; i <= repeats; ++i) {
            read.begins.push_back(static_cast<double>(time) / scale);
            if (!add(number++, time, static_cast<double>(*length) / scale)) return;
            if (i == 0) read.segments.segments.back().is_discontinuity = is_apart;
            time += *length;
        }
    }
    const double lasted = static_cast<double>(time) / scale - read.start;
    report_.expect(
        !seconds || std::abs(lasted - *seconds) < 0.25, rule("mpd-timeline"), place_of_(timeline),
        fmt::format(
            "the timeline ends at {:.3f} s, the period at {:.3f} s", lasted, seconds.value_or(0)
        )
    );
}

void MpdSegments::read_list(const Node& list, const std::string& base, Representation& read) {
    const auto scale = static_cast<double>(
        std::max<std::int64_t>(read_integer(list.attribute("timescale").value()).value_or(1), 1)
    );
    const auto length = read_number(list.attribute("duration").value()).value_or(0) / scale;
    const auto line = *place_of_(list).line;
    if (const auto init = list.child("Initialization"))
        keep_init(addresses_.resolve(base, init.attribute("sourceURL").value()), line, read);
    for (const auto entry : list.children("SegmentURL")) {
        const auto uri = addresses_.resolve(base, entry.attribute("media").value());
        if (!keep_segment(uri, length, line, read)) return;
    }
    report_.expect(
        !read.segments.segments.empty(), rule("mpd-segments"), place_of_(list),
        "a list without SegmentURL"
    );
}

}  // namespace ittybit::manifest
