#include "tasks/adaptive_playlists.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"

namespace ittybit::tasks {
namespace {

constexpr std::string_view kHead = "#EXTM3U\n#EXT-X-VERSION:7\n";
constexpr std::int64_t kFirstBandwidth = 2'000'000;  // Apple's authoring specification, 1.32

std::int64_t bitrate(std::int64_t bytes, double seconds) {
    constexpr double kMost = 1e18;  // of a segment of next to no time
    if (seconds <= 0) return 0;
    const auto exact = std::ceil(static_cast<double>(bytes) * 8 / seconds);
    return static_cast<std::int64_t>(std::min(exact, kMost));
}

std::string attributes_of(const Variant& variant) {
    std::string text = fmt::format(
        "BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"", variant.bandwidth,
        variant.average_bandwidth, variant.codecs
    );
    if (variant.resolution)
        text +=
            fmt::format(",RESOLUTION={}x{}", variant.resolution->width, variant.resolution->height);
    return text;
}

/// What of the pictures came after what, from what every player takes.
int generation(const Variant& variant) {
    if (variant.codecs.starts_with("hvc1")) return 1;
    return variant.codecs.starts_with("av01") ? 2 : 0;
}

/// How good it looks, where rates of several codecs do not tell (RFC 8216bis, 4.4.6.2): by its
/// lines, then by what the codec makes of its bits.
double score(const Variant& variant) {
    const int lines = std::min(variant.resolution->width, variant.resolution->height);
    return lines / 100.0 + 0.1 * generation(variant);
}

std::string stream_tag(const Variant& variant, const std::string& folder, bool is_scored) {
    std::string text = "#EXT-X-STREAM-INF:" + attributes_of(variant);
    if (is_scored) text += fmt::format(",SCORE={:.2f}", score(variant));
    if (variant.frame_rate) text += fmt::format(",FRAME-RATE={:.3f}", *variant.frame_rate);
    if (variant.resolution) text += ",VIDEO-RANGE=SDR";
    if (!variant.audio_group.empty()) text += fmt::format(",AUDIO=\"{}\"", variant.audio_group);
    if (!variant.text_group.empty()) text += fmt::format(",SUBTITLES=\"{}\"", variant.text_group);
    if (variant.resolution)
        text += variant.caption_group.empty()
                    ? ",CLOSED-CAPTIONS=NONE"
                    : fmt::format(",CLOSED-CAPTIONS=\"{}\"", variant.caption_group);
    return text + "\n" + relative_uri(folder, variant.playlist) + "\n";
}

std::string frames_tag(const Variant& variant, const MasterPlaylist& playlist) {
    return fmt::format(
        "#EXT-X-I-FRAME-STREAM-INF:{},VIDEO-RANGE=SDR,URI=\"{}\"\n", attributes_of(variant),
        relative_uri(playlist.folder, variant.playlist)
    );
}

/// What assistive features look for (Apple's authoring specification, 5.x; RFC 8216, 4.3.4.1).
std::string_view characteristics(Purpose purpose, bool is_sound) {
    switch (purpose) {
        case Purpose::kMain:
        case Purpose::kCommentary: return "";
        case Purpose::kDescription: return "public.accessibility.describes-video";
        case Purpose::kHardOfHearing: break;
    }
    if (is_sound) return "public.accessibility.enhances-speech-intelligibility";
    return "public.accessibility.transcribes-spoken-dialog,"
           "public.accessibility.describes-music-and-sound";
}

std::string rendition_tag(const MediaRendition& rendition, const std::string& folder) {
    const bool is_sound = rendition.channels > 0;
    const bool is_in_picture = !rendition.channel.empty();
    const auto& planned = rendition.planned;
    const auto word = [](bool is_so) { return is_so ? "YES" : "NO"; };
    auto text = fmt::format(
        "#EXT-X-MEDIA:TYPE={},GROUP-ID=\"{}\",NAME=\"{}\",LANGUAGE=\"{}\",DEFAULT={},"
        "AUTOSELECT={}",
        is_sound        ? "AUDIO"
        : is_in_picture ? "CLOSED-CAPTIONS"
                        : "SUBTITLES",
        planned.group, planned.label, rendition.language, word(planned.is_default),
        word(planned.is_automatic)
    );
    if (planned.is_forced && !is_sound) text += ",FORCED=YES";
    if (const auto words = characteristics(planned.purpose, is_sound); !words.empty())
        text += fmt::format(",CHARACTERISTICS=\"{}\"", words);
    if (is_sound) text += fmt::format(",CHANNELS=\"{}\"", rendition.channels);
    if (is_in_picture) return text + fmt::format(",INSTREAM-ID=\"{}\"\n", rendition.channel);
    return text + fmt::format(",URI=\"{}\"\n", relative_uri(folder, rendition.playlist));
}

std::vector<Variant> in_order(std::vector<Variant> variants) {
    std::ranges::stable_sort(variants, {}, [](const Variant& variant) {
        return std::pair(generation(variant), -variant.bandwidth);
    });
    const auto first = std::ranges::min_element(variants, {}, [](const Variant& variant) {
        return std::pair(
            generation(variant), std::abs(variant.average_bandwidth - kFirstBandwidth)
        );
    });
    if (first != variants.end()) std::rotate(variants.begin(), first, first + 1);
    return variants;
}

}  // namespace

std::int64_t average_bitrate(const std::vector<Segment>& segments) {
    std::int64_t bytes = 0;
    double seconds = 0;
    for (const auto& segment : segments) {
        bytes += segment.bytes;
        seconds += segment.duration;
    }
    return bitrate(bytes, seconds);
}

std::int64_t peak_bitrate(const std::vector<Segment>& segments, int target_duration) {
    std::int64_t peak = 0;
    for (auto first = segments.begin(); first != segments.end(); ++first) {
        std::int64_t bytes = 0;
        double seconds = 0;
        for (auto last = first; last != segments.end(); ++last) {
            bytes += last->bytes;
            seconds += last->duration;
            if (seconds > 1.5 * target_duration) break;
            if (seconds >= 0.5 * target_duration) peak = std::max(peak, bitrate(bytes, seconds));
        }
    }
    return peak > 0 ? peak : average_bitrate(segments);
}

int target_duration(const std::vector<Segment>& segments, int least) {
    double longest = least;
    for (const auto& segment : segments) longest = std::max(longest, segment.duration);
    return static_cast<int>(std::lround(longest));
}

std::vector<std::size_t> rates_apart(const std::vector<std::int64_t>& rates) {
    constexpr double kApart = 1.3;
    const auto are_apart = [&](std::size_t upper, std::size_t lower) {
        return static_cast<double>(rates[upper]) >= kApart * static_cast<double>(rates[lower]);
    };
    std::vector<std::size_t> kept;
    const std::size_t last = rates.size() - 1;
    if (last == 0) return {0};
    for (std::size_t i = 0; i < last; ++i)
        if (kept.empty() || are_apart(kept.back(), i)) kept.push_back(i);
    while (kept.size() > 1 && !are_apart(kept.back(), last)) kept.pop_back();
    kept.push_back(last);
    return kept;
}

std::string relative_uri(std::string_view folder, std::string_view name) {
    // Encoded, so that no name is read as a scheme, a query or the end of a quoted attribute.
    return folder.empty() ? percent_encode(name)
                          : percent_encode(folder) + "/" + percent_encode(name);
}

std::string media_playlist_text(const MediaPlaylist& playlist, int target_duration) {
    std::string text(kHead);
    text += fmt::format(
        "#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n",
        target_duration
    );
    if (playlist.is_frames_only) text += "#EXT-X-I-FRAMES-ONLY\n";
    if (!playlist.init.empty())
        text += fmt::format("#EXT-X-MAP:URI=\"{}\"\n", relative_uri("", playlist.init));
    if (!playlist.key_url.empty())
        text += fmt::format("#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"\n", playlist.key_url);
    for (const auto& segment : playlist.segments) {
        text += fmt::format("#EXTINF:{:.6f},\n", segment.duration);
        if (segment.offset)
            text += fmt::format("#EXT-X-BYTERANGE:{}@{}\n", segment.bytes, *segment.offset);
        text += relative_uri("", segment.name) + "\n";
    }
    return text + "#EXT-X-ENDLIST\n";
}

std::string master_playlist_text(const MasterPlaylist& playlist) {
    std::string text(kHead);
    text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
    for (const auto& rendition : playlist.renditions)
        text += rendition_tag(rendition, playlist.folder);
    const auto variants = in_order(playlist.variants);
    const bool is_scored =
        !variants.empty() && generation(variants.front()) < generation(variants.back());
    for (const auto* group : {&variants, &playlist.surround})
        for (const auto& variant : *group) text += stream_tag(variant, playlist.folder, is_scored);
    for (const auto& variant : playlist.key_pictures) text += frames_tag(variant, playlist);
    return text;
}

}  // namespace ittybit::tasks
