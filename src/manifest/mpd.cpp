#include "manifest/mpd.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/text.h"
#include "manifest/mpd_schema.h"
#include "manifest/mpd_template.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

/// Elements and attributes, by their marks: each representation looks through those it inherits.
constexpr std::ptrdiff_t kMostMarks = 500'000;
constexpr std::size_t kMostSets = 1000;
constexpr std::size_t kMostRepresentations = 1000;
constexpr std::size_t kMostSegments = 100'000;
constexpr std::int64_t kLongestTime = std::int64_t{1} << 40;  // ticks of a segment
constexpr std::int64_t kLatest = std::int64_t{1} << 60;       // ticks

using Node = pugi::xml_node;

/// An element and those it inherits from: period, adaptation set, representation.
using Chain = std::vector<Node>;

/// A text that each of many representations may inherit; one byte too long where it is too long.
std::string short_text(const char* text) {
    return {text, ::strnlen(text, kLongestUrl + 1)};
}

/// An attribute of the innermost element that has it.
std::string attribute_of(const Chain& chain, const char* name) {
    for (auto node = chain.rbegin(); node != chain.rend(); ++node)
        if (const auto found = node->attribute(name)) return short_text(found.value());
    return "";
}

/// "30000/1001", "4:3" or "25"
std::optional<double> read_ratio(std::string_view text) {
    const auto slash = text.find_first_of("/:");
    const auto above = read_number(text.substr(0, slash));
    const auto below = slash == std::string_view::npos ? 1 : read_number(text.substr(slash + 1));
    if (!above || !below || *below <= 0) return std::nullopt;
    return *above / *below;
}

/// Reads one document.
class MpdReader {
public:
    MpdReader(const std::string& file, std::string_view text, Report& report)
        : text_(text), report_(report) {
        presentation_.file = file;
        for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1))
            line_ends_.push_back(at);
    }

    Presentation read() {
        const auto marks = std::ranges::count_if(text_, [](char letter) {
            return letter == '<' || letter == '=';
        });
        if (!report_.expect(
                marks <= kMostMarks, rule("mpd"), {presentation_.file, {}, {}},
                "more elements and attributes than can be looked at"
            ))
            return std::move(presentation_);
        pugi::xml_document document;
        const auto parsed = document.load_buffer(text_.data(), text_.size());
        const auto root = document.child("MPD");
        if (!report_.expect(
                parsed && root, rule("mpd"), {presentation_.file, {}, {}},
                fmt::format("no XML with an MPD: {}", parsed.description())
            ))
            return std::move(presentation_);
        check_schema(root, [&](const Node& node) { return at(node); }, report_);
        read_root(root);
        read_periods(root);
        report_.expect(
            !presentation_.representations.empty(), rule("mpd-period"), at(root),
            "no period with a representation"
        );
        return std::move(presentation_);
    }

private:
    Place at(const Node& node) const {
        const auto offset =
            static_cast<std::size_t>(std::max<std::ptrdiff_t>(node.offset_debug(), 0));
        const auto end = std::ranges::lower_bound(line_ends_, offset);
        return {presentation_.file, 1 + (end - line_ends_.begin()), {}};
    }

    void read_root(const Node& root) {
        const std::string type = root.attribute("type").as_string("static");
        presentation_.is_static = type == "static";
        presentation_.duration =
            read_xml_duration(root.attribute("mediaPresentationDuration").value());
        report_.expect(
            std::string_view(root.attribute("xmlns").value()) == "urn:mpeg:dash:schema:mpd:2011",
            rule("mpd"), at(root), "another namespace"
        );
        report_.expect(!root.attribute("profiles").empty(), rule("mpd"), at(root), "no profiles");
        const auto buffer = read_xml_duration(root.attribute("minBufferTime").value());
        report_.expect(buffer.has_value(), rule("mpd"), at(root), "no minBufferTime");
        presentation_.min_buffer = buffer.value_or(0);
        presentation_.max_segment = read_xml_duration(root.attribute("maxSegmentDuration").value());
        report_.expect(
            type == "static" || type == "dynamic", rule("mpd"), at(root), "type " + type
        );
        if (type == "dynamic")
            report_.expect(
                !root.attribute("availabilityStartTime").empty(), rule("mpd"), at(root),
                "dynamic without availabilityStartTime"
            );
        const bool has_end = presentation_.duration || root.child("Period").attribute("duration");
        report_.expect(
            !presentation_.is_static || has_end, rule("mpd"), at(root),
            "static without mediaPresentationDuration"
        );
    }

    /// A period lasts as long as it says, or to the next one's start, or to the end of all.
    void read_periods(const Node& root) {
        double start = 0;
        for (auto period = root.child("Period"); period;) {
            const auto next = period.next_sibling("Period");
            start = read_xml_duration(period.attribute("start").value()).value_or(start);
            auto end =
                next ? read_xml_duration(next.attribute("start").value()) : presentation_.duration;
            if (const auto told = read_xml_duration(period.attribute("duration").value()))
                end = start + *told;
            std::optional<double> seconds;
            if (end) seconds = std::max(*end - start, 0.0);
            read_period(period, seconds);
            ++presentation_.periods;
            start = end.value_or(start);
            period = next;
        }
    }

    void read_period(const Node& period, std::optional<double> seconds) {
        ids_.clear();
        for (const auto set : period.children("AdaptationSet")) {
            if (!report_.expect(
                    sets_++ < kMostSets, rule("mpd-period"), at(set), "more than can be looked at"
                ))
                return;
            const std::string language = set.attribute("lang").value();
            report_.expect(
                language.empty() || is_language_tag(language), rule("mpd-language"), at(set),
                fmt::format("lang \"{}\"", language)
            );
            report_.expect(
                set.child("Representation"), rule("mpd-period"), at(set), "no representation"
            );
            for (const auto node : set.children("Representation"))
                if (presentation_.representations.size() < kMostRepresentations)
                    read_representation({period, set, node}, seconds);
        }
    }

    void read_representation(const Chain& chain, std::optional<double> seconds) {
        const auto& node = chain.back();
        Representation read;
        read.id = short_text(node.attribute("id").value());
        read.bandwidth = read_integer(node.attribute("bandwidth").value());
        read.mime_type = attribute_of(chain, "mimeType");
        read.codecs = attribute_of(chain, "codecs");
        read.width = read_integer(attribute_of(chain, "width"));
        read.height = read_integer(attribute_of(chain, "height"));
        read.frame_rate = read_ratio(attribute_of(chain, "frameRate"));
        read.sampling_rate = read_integer(attribute_of(chain, "audioSamplingRate"));
        read.content_type = attribute_of(chain, "contentType");
        read.sample_aspect = read_ratio(attribute_of(chain, "sar"));
        read.picture_aspect = read_ratio(attribute_of(chain, "par"));
        read.channels = channels_of(chain);
        const bool is_new = !read.id.empty() && ids_.insert(read.id).second;
        report_.expect(
            is_new, rule("mpd-representation"), at(node),
            fmt::format("id \"{}\" is missing or there again", read.id)
        );
        report_.expect(
            read.bandwidth.value_or(0) > 0, rule("mpd-representation"), at(node), "no bandwidth"
        );
        const bool is_av =
            read.mime_type.starts_with("video/") || read.mime_type.starts_with("audio/");
        report_.expect(!read.mime_type.empty(), rule("mpd-type"), at(node), "no mimeType");
        report_.expect(!is_av || !read.codecs.empty(), rule("mpd-type"), at(node), "no codecs");
        std::string base = presentation_.file;
        if (const auto url = chain.front().parent().child("BaseURL"))
            base = resolve(base, short_text(url.text().get()));
        for (const auto& each : chain)
            if (const auto url = each.child("BaseURL"))
                base = resolve(base, short_text(url.text().get()));
        auto& segments = read.segments;
        segments.file = presentation_.file;
        segments.is_ended = presentation_.is_static;
        segments.type = "VOD";
        read_segments(chain, base, seconds, read);
        double longest = 0;
        for (const auto& segment : segments.segments) longest = std::max(longest, segment.duration);
        segments.target_duration = std::llround(std::min(std::ceil(longest), 1e9));
        presentation_.representations.push_back(std::move(read));
    }

    /// By the schemes that count channels, or number their layouts (ISO/IEC 23091-3).
    static std::optional<std::int64_t> channels_of(const Chain& chain) {
        const auto found = along(chain, "AudioChannelConfiguration");
        if (found.empty()) return std::nullopt;
        const std::string_view scheme = found.back().attribute("schemeIdUri").value();
        const auto value = read_integer(found.back().attribute("value").value());
        if (scheme == "urn:mpeg:dash:23003:3:audio_channel_configuration:2011") return value;
        if (scheme != "urn:mpeg:mpegB:cicp:ChannelConfiguration" || !value) return std::nullopt;
        if (*value == 7) return 8;
        return *value <= 6 ? value : std::nullopt;
    }

    void check_profile(const Chain& chain) {
        const auto profiles = attribute_of({chain.front().parent()}, "profiles");
        const bool is_indexed = profiles.find("isoff-on-demand:2011") != std::string::npos &&
                                profiles.find(',') == std::string::npos;
        report_.expect(
            !is_indexed || along(chain, "SegmentTemplate").empty(), rule("mpd-profile"),
            at(chain.back()), "a SegmentTemplate in the profile isoff-on-demand"
        );
    }

    /// The elements of this name along the chain, as one chain of their own.
    static Chain along(const Chain& chain, const char* name) {
        Chain found;
        for (const auto& each : chain)
            if (const auto inside = each.child(name)) found.push_back(inside);
        return found;
    }

    void read_segments(
        const Chain& chain,
        const std::string& base,
        std::optional<double> seconds,
        Representation& read
    ) {
        check_profile(chain);
        if (const auto templates = along(chain, "SegmentTemplate"); !templates.empty())
            return read_template(templates, base, seconds, read);
        if (const auto lists = along(chain, "SegmentList"); !lists.empty())
            return read_list(lists.back(), base, read);
        const bool is_one = !along(chain, "SegmentBase").empty() || base != presentation_.file;
        report_.expect(is_one, rule("mpd-segments"), at(chain.back()), "no segments are named");
    }

    void keep_init(const std::string& uri, std::int64_t line, Representation& read) {
        read.segments.maps.push_back({.uri = uri, .range = {}, .line = line});
    }

    bool keep_segment(
        const std::string& uri, double duration, std::int64_t line, Representation& read
    ) {
        const bool has_room = kept_++ < kMostSegments && !uri.empty();
        const Place place{presentation_.file, line, {}};
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

    void read_template(
        const Chain& templates,
        const std::string& base,
        std::optional<double> seconds,
        Representation& read
    ) {
        const auto place = at(templates.back());
        const auto line = *place.line;
        const auto scale = static_cast<double>(std::max<std::int64_t>(
            read_integer(attribute_of(templates, "timescale")).value_or(1), 1
        ));
        const auto offset = std::min(
            read_integer(attribute_of(templates, "presentationTimeOffset")).value_or(0), kLatest
        );
        const auto first = std::min(
            read_integer(attribute_of(templates, "startNumber")).value_or(1), kLongestTime
        );
        const auto media = attribute_of(templates, "media"),
                   init = attribute_of(templates, "initialization");
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
            return is_filled &&
                   keep_segment(addresses_.resolve(base, *filled), duration, line, read);
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

    /// How often an S comes again; a negative number says: until something else begins.
    static long long repeats_of(
        const Node& entry, std::int64_t time, std::int64_t length, std::optional<double> end
    ) {
        const auto told = entry.attribute("r").as_llong(0);
        if (told >= 0) return told;
        constexpr double kRounding = 1e-3;  // of a segment
        const double left = end.value_or(0) - static_cast<double>(time);
        const double count = std::ceil(left / static_cast<double>(length) - kRounding);
        return std::llround(std::clamp(count, 1.0, 1e6)) - 1;
    }

    template <typename Add>
    void read_timeline(
        const Node& timeline,
        double scale,
        std::int64_t number,
        std::optional<double> seconds,
        Representation& read,
        const Add& add
    ) {
        std::int64_t time = 0;
        bool is_first = true;
        for (const auto entry : timeline.children("S")) {
            const auto begin = read_integer(entry.attribute("t").value());
            const auto length = read_integer(entry.attribute("d").value());
            if (!report_.expect(
                    length.value_or(0) > 0 && *length < kLongestTime, rule("mpd-timeline"),
                    at(entry), "an S without d"
                ))
                return;
            report_.expect(
                is_first || !begin || *begin >= time, rule("mpd-timeline"), at(entry),
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
            !seconds || std::abs(lasted - *seconds) < 0.25, rule("mpd-timeline"), at(timeline),
            fmt::format(
                "the timeline ends at {:.3f} s, the period at {:.3f} s", lasted, seconds.value_or(0)
            )
        );
    }

    void read_list(const Node& list, const std::string& base, Representation& read) {
        const auto scale = static_cast<double>(
            std::max<std::int64_t>(read_integer(list.attribute("timescale").value()).value_or(1), 1)
        );
        const auto length = read_number(list.attribute("duration").value()).value_or(0) / scale;
        const auto line = *at(list).line;
        if (const auto init = list.child("Initialization"))
            keep_init(addresses_.resolve(base, init.attribute("sourceURL").value()), line, read);
        for (const auto entry : list.children("SegmentURL")) {
            const auto uri = addresses_.resolve(base, entry.attribute("media").value());
            if (!keep_segment(uri, length, line, read)) return;
        }
        report_.expect(
            !read.segments.segments.empty(), rule("mpd-segments"), at(list),
            "a list without SegmentURL"
        );
    }

    const std::string_view text_;
    Report& report_;
    Presentation presentation_;
    std::vector<std::size_t> line_ends_;
    std::set<std::string> ids_;  // in this period
    std::size_t sets_ = 0;
    std::size_t kept_ = 0;  // segments
    Addresses addresses_;
};

}  // namespace

bool is_mpd(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return false;
    return text.substr(begin).starts_with("<?xml") || text.substr(begin).starts_with("<MPD");
}

Presentation read_mpd(const std::string& file, std::string_view text, Report& report) {
    return MpdReader(file, text, report).read();
}

std::vector<std::string> files_of(const Presentation& presentation) {
    std::vector<std::string> files;
    std::set<std::string> known;
    for (const auto& representation : presentation.representations)
        for (auto& uri : files_of(representation.segments))
            if (known.insert(uri).second) files.push_back(std::move(uri));
    return files;
}

std::optional<double> read_xml_duration(std::string_view text) {
    if (!text.starts_with('P')) return std::nullopt;
    text.remove_prefix(1);
    double seconds = 0;
    bool is_time = false, has_any = false;
    while (!text.empty()) {
        if (text.front() == 'T' && !is_time) {
            is_time = true;
            text.remove_prefix(1);
            continue;
        }
        const auto end = text.find_first_not_of("0123456789.");
        const auto number =
            end == std::string_view::npos ? std::nullopt : read_number(text.substr(0, end));
        if (!number) return std::nullopt;
        const char unit = text[end];
        const double length = !is_time && unit == 'D'  ? 86400
                              : is_time && unit == 'H' ? 3600
                              : is_time && unit == 'M' ? 60
                              : is_time && unit == 'S' ? 1
                                                       : 0;
        if (length == 0) return std::nullopt;
        seconds += *number * length;
        has_any = true;
        text.remove_prefix(end + 1);
    }
    return has_any ? std::optional(seconds) : std::nullopt;
}

}  // namespace ittybit::manifest
