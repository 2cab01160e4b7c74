#include "tasks/adaptive_mpd.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace ittybit::tasks {
namespace {

/// "25" or "30000/1001"
std::string rate_text(Ratio rate) {
    const int common = std::gcd(rate.num, rate.den);
    const auto whole = fmt::format("{}", rate.num / common);
    return rate.den == common ? whole : fmt::format("{}/{}", whole, rate.den / common);
}

/// Exact: durations are listed to the microsecond, which is less than a tick.
std::int64_t ticks_of(const Segment& segment, int timescale) {
    return std::llround(segment.duration * timescale);
}

/// The segments one behind the other, equal ones as one entry.
std::string timeline_text(const Representation& representation) {
    std::string text = "     <SegmentTimeline>\n";
    const auto& segments = representation.segments;
    std::string_view begin = "t=\"0\" ";
    for (std::size_t i = 0; i < segments.size();) {
        const auto length = ticks_of(segments[i], representation.timescale);
        const auto first = i++;
        while (i < segments.size() && ticks_of(segments[i], representation.timescale) == length)
            ++i;
        const auto again = i - first - 1;
        const auto repeats = again > 0 ? fmt::format(" r=\"{}\"", again) : "";
        text += fmt::format("      <S {}d=\"{}\"{}/>\n", begin, length, repeats);
        begin = "";
    }
    return text + "     </SegmentTimeline>\n";
}

std::string representation_text(const Representation& representation) {
    auto text = fmt::format(
        "   <Representation id=\"{}\" bandwidth=\"{}\" codecs=\"{}\"", representation.name,
        representation.bandwidth, representation.codecs
    );
    if (const auto& size = representation.resolution) {
        text += fmt::format(
            " width=\"{}\" height=\"{}\" sar=\"1:1\" frameRate=\"{}\">\n", size->width,
            size->height, rate_text(representation.frame_rate)
        );
    } else {
        text += fmt::format(
            " audioSamplingRate=\"{}\">\n"
            "    <AudioChannelConfiguration "
            "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" "
            "value=\"{}\"/>\n",
            representation.sample_rate, representation.channels
        );
    }
    text += fmt::format(
        "    <SegmentTemplate timescale=\"{}\" startNumber=\"1\" "
        "initialization=\"$RepresentationID$-init.mp4\" "
        "media=\"$RepresentationID$-$Number%05d$.m4s\">\n",
        representation.timescale
    );
    return text + timeline_text(representation) + "    </SegmentTemplate>\n   </Representation>\n";
}

/// Renditions of the same, between which players change. `about` is what else is said of them.
std::string set_text(
    std::string_view type,
    std::string_view about,
    const std::vector<Representation>& representations
) {
    if (representations.empty()) return "";
    auto text = fmt::format(
        "  <AdaptationSet contentType=\"{0}\" mimeType=\"{0}/mp4\" segmentAlignment=\"true\" "
        "startWithSAP=\"1\"{1}>\n"
        "   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>\n",
        type, about
    );
    for (const auto& representation : representations) text += representation_text(representation);
    return text + "  </AdaptationSet>\n";
}

}  // namespace

std::string mpd_text(const Presentation& presentation) {
    const auto language = fmt::format(" lang=\"{}\"", presentation.language);
    return fmt::format(
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
               "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" "
               "mediaPresentationDuration=\"PT{:.3f}S\" minBufferTime=\"PT{}S\">\n"
               " <Period id=\"0\" start=\"PT0S\">\n",
               presentation.duration, presentation.least_buffer
           ) +
           set_text("video", "", presentation.pictures) +
           set_text("audio", language, presentation.sounds) + " </Period>\n</MPD>\n";
}

}  // namespace ittybit::tasks
