#include "tasks/adaptive_mpd.h"

#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "base/markup.h"

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

/// Where its files are. Text needs no initialisation.
std::string template_text(const Representation& representation) {
    const bool is_text = !representation.resolution && representation.channels == 0;
    return fmt::format(
               "    <SegmentTemplate timescale=\"{}\" startNumber=\"1\" {}"
               "media=\"$RepresentationID$-$Number%05d$.{}\">\n",
               representation.timescale,
               is_text ? "" : "initialization=\"$RepresentationID$-init.mp4\" ",
               is_text ? "vtt" : "m4s"
           ) +
           timeline_text(representation) + "    </SegmentTemplate>\n";
}

std::string representation_text(const Representation& representation) {
    auto text = fmt::format(
        "   <Representation id=\"{}\" bandwidth=\"{}\"", representation.name,
        representation.bandwidth
    );
    if (!representation.codecs.empty())
        text += fmt::format(" codecs=\"{}\"", representation.codecs);
    if (const auto& size = representation.resolution) {
        text += fmt::format(
            " width=\"{}\" height=\"{}\" sar=\"1:1\" frameRate=\"{}\"", size->width, size->height,
            rate_text(representation.frame_rate)
        );
    }
    if (representation.channels > 0) {
        text += fmt::format(
            " audioSamplingRate=\"{}\">\n"
            "    <AudioChannelConfiguration "
            "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" "
            "value=\"{}\"/>\n",
            representation.sample_rate, representation.channels
        );
    } else {
        text += ">\n";
    }
    return text + template_text(representation) + "   </Representation>\n";
}

std::string role(std::string_view value) {
    return fmt::format("   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"{}\"/>\n", value);
}

/// Renditions of the same, between which players change. `about` is what else its attributes say,
/// `descriptors` the elements in front.
std::string set_text(
    std::string_view type,
    std::string_view about,
    std::string_view descriptors,
    const std::vector<Representation>& representations
) {
    if (representations.empty()) return "";
    auto text = fmt::format(
        "  <AdaptationSet contentType=\"{0}\" mimeType=\"{0}/mp4\" segmentAlignment=\"true\" "
        "startWithSAP=\"1\"{1}>\n{2}",
        type, about, descriptors
    );
    for (const auto& representation : representations) text += representation_text(representation);
    return text + "  </AdaptationSet>\n";
}

std::string label(const PlannedRendition& planned) {
    return fmt::format("   <Label>{}</Label>\n", escape_markup(planned.label));
}

/// What a sound is for: ISO/IEC 23009-1, 5.8.5.5, and the AudioPurposeCS of TV-Anytime.
std::string roles_of_sound(const PlannedRendition& planned) {
    constexpr std::string_view kAccessibility =
        "   <Accessibility schemeIdUri=\"urn:tva:metadata:cs:AudioPurposeCS:2007\" "
        "value=\"{}\"/>\n";
    const auto chosen = role(planned.is_default ? "main" : "alternate");
    switch (planned.purpose) {
        case Purpose::kMain: return chosen;
        case Purpose::kCommentary: return role("commentary");
        case Purpose::kDescription: return fmt::format(kAccessibility, 1) + chosen;
        case Purpose::kHardOfHearing: return fmt::format(kAccessibility, 2) + chosen;
    }
    return chosen;
}

/// Where there are several, the default one of two channels is to be taken first.
std::string sound_text(const SoundSet& sound, bool is_alone) {
    const bool is_first =
        !is_alone && sound.planned.is_default && sound.representations.front().channels <= 2;
    const auto about =
        fmt::format("{} lang=\"{}\"", is_first ? " selectionPriority=\"2\"" : "", sound.language);
    const auto descriptors = label(sound.planned) + roles_of_sound(sound.planned);
    return set_text("audio", about, descriptors, sound.representations);
}

std::string roles_of_text(const PlannedRendition& planned) {
    auto text = role(planned.purpose == Purpose::kHardOfHearing ? "caption" : "subtitle");
    if (planned.is_forced) text += role("forced-subtitle");
    if (planned.purpose == Purpose::kCommentary) text += role("commentary");
    if (planned.is_default) text += role("main");
    return text;
}

std::string text_text(const TextSet& set) {
    return fmt::format(
        "  <AdaptationSet contentType=\"text\" mimeType=\"text/vtt\" lang=\"{}\">\n{}{}{}"
        "  </AdaptationSet>\n",
        set.language, label(set.planned), roles_of_text(set.planned),
        representation_text(set.representation)
    );
}

/// Closed captions in the pictures (SCTE 214-1, 6.3): "CC1=eng;CC3=eng".
std::string captions_text(const Presentation& presentation) {
    std::string value;
    for (const auto& channel : presentation.captions) {
        if (!channel.starts_with("CC")) continue;
        value += fmt::format(
            "{}{}={}", value.empty() ? "" : ";", channel, presentation.caption_language
        );
    }
    if (value.empty()) return "";
    return fmt::format(
        "   <Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\" value=\"{}\"/>\n", value
    );
}

/// Players change among pictures of one codec.
std::vector<std::vector<Representation>> ladders_of(const std::vector<Representation>& pictures) {
    constexpr std::size_t kFourLetters = 4;
    std::map<std::string, std::vector<Representation>> ladders;
    for (const auto& picture : pictures)
        ladders[picture.codecs.substr(0, kFourLetters)].push_back(picture);
    std::vector<std::vector<Representation>> all;
    for (auto& [codec, ladder] : ladders) all.push_back(std::move(ladder));
    return all;
}

std::string sets_text(const Presentation& presentation) {
    const auto about_pictures = captions_text(presentation) + role("main");
    std::string text;
    for (const auto& ladder : ladders_of(presentation.pictures))
        text += set_text("video", "", about_pictures, ladder);
    for (const auto& sound : presentation.sounds)
        text += sound_text(sound, presentation.sounds.size() == 1);
    for (const auto& set : presentation.texts) text += text_text(set);
    return text;
}

}  // namespace

std::string mpd_text(const Presentation& presentation) {
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
        "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" "
        "mediaPresentationDuration=\"PT{:.3f}S\" minBufferTime=\"PT{}S\">\n"
        " <Period id=\"0\" start=\"PT0S\">\n{} </Period>\n</MPD>\n",
        presentation.duration, presentation.least_buffer, sets_text(presentation)
    );
}

}  // namespace ittybit::tasks
