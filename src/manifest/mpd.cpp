#include "manifest/mpd.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/text.h"
#include "manifest/mpd_chain.h"
#include "manifest/mpd_schema.h"
#include "manifest/mpd_segments.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

/// Elements and attributes, by their marks: each representation looks through those it inherits.
constexpr std::ptrdiff_t kMostMarks = 500'000;
constexpr std::size_t kMostSets = 1000;
constexpr std::size_t kMostRepresentations = 1000;

using Node = pugi::xml_node;

/// "30000/1001", "4:3" or "25"
std::optional<double> read_ratio(std::string_view text) {
    const auto slash = text.find_first_of("/:");
    const auto above = read_number(text.substr(0, slash));
    const auto below = slash == std::string_view::npos ? 1 : read_number(text.substr(slash + 1));
    if (!above || !below || *below <= 0) return std::nullopt;
    return *above / *below;
}

/// By the schemes that count channels, or number their layouts (ISO/IEC 23091-3).
std::optional<std::int64_t> channels_of(const Chain& chain) {
    const auto found = along(chain, "AudioChannelConfiguration");
    if (found.empty()) return std::nullopt;
    const std::string_view scheme = found.back().attribute("schemeIdUri").value();
    const auto value = read_integer(found.back().attribute("value").value());
    if (scheme == "urn:mpeg:dash:23003:3:audio_channel_configuration:2011") return value;
    if (scheme != "urn:mpeg:mpegB:cicp:ChannelConfiguration" || !value) return std::nullopt;
    if (*value == 7) return 8;
    return *value <= 6 ? value : std::nullopt;
}

/// Reads one document.
class MpdReader {
public:
    MpdReader(const std::string& file, std::string_view text, Report& report)
        : text_(text),
          report_(report),
          segments_(file, [this](const Node& node) { return at(node); }, report) {
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
        read.segments.file = presentation_.file;
        read.segments.is_ended = presentation_.is_static;
        read.segments.type = "VOD";
        segments_.read(chain, seconds, read);
        presentation_.representations.push_back(std::move(read));
    }

    const std::string_view text_;
    Report& report_;
    Presentation presentation_;
    std::vector<std::size_t> line_ends_;
    std::set<std::string> ids_;  // in this period
    std::size_t sets_ = 0;
    MpdSegments segments_;
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
