#include "conformance/dash.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "conformance/codec_names.h"
#include "conformance/rendition.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::Representation;
using manifest::rule;

/// What a media playlist's rules say of a representation, in the words of an MPD.
void take_over(const Report& own, const Place& place, Report& report) {
    constexpr auto kTimes = std::to_array<std::string_view>({"extinf-accuracy", "sum-accuracy"});
    constexpr auto kOfHls = std::to_array<std::string_view>(
        {"segment-long", "webvtt-map", "one-track", "key-frame-distance", "cmaf-brand"}
    );
    std::vector<manifest::Finding> kept;
    for (const auto& finding : own.findings()) {
        if (std::ranges::find(kTimes, finding.rule) != kTimes.end()) {
            report.add(rule("mpd-timeline"), {place.file, finding.line, {}}, finding.message);
        } else if (std::ranges::find(kOfHls, finding.rule) == kOfHls.end()) {
            kept.push_back(finding);
        }
    }
    report.append(std::move(kept));
}

class RepresentationCheck {
public:
    RepresentationCheck(
        const Representation& told, const Rendition& found, double min_buffer, Report& report
    )
        : told_(told),
          found_(found),
          min_buffer_(min_buffer),
          report_(report),
          place_{told.segments.file, line_of(told), {}} {}

    void check() {
        check_content();
        if (!found_.is_read) return;
        check_codecs();
        if (found_.picture) check_picture(*found_.picture);
        if (found_.picture) check_shape(*found_.picture);
        if (found_.sound && found_.sound->audio) check_sound(*found_.sound->audio);
        if (found_.sound) check_channels(*found_.sound);
        check_times();
        check_bandwidth();
    }

private:
    static std::optional<std::int64_t> line_of(const Representation& told) {
        const auto& segments = told.segments.segments;
        return segments.empty() ? std::nullopt : std::optional(segments.front().line);
    }

    /// "video/mp4" and "video" for pictures; text may be of any type but theirs.
    void check_content() {
        const auto content = found_.content();
        if (content == Content::kNothing) return;
        const std::string_view kind = content == Content::kPicture ? "video"
                                      : content == Content::kSound ? "audio"
                                                                   : "text";
        const auto fits = [&](std::string_view told) {
            const auto type = told.substr(0, told.find('/'));
            return type.empty() || type == kind || type == "application" || type == "image";
        };
        const bool is_mp4 = !found_.is_fragmented || told_.mime_type.ends_with("/mp4") ||
                            told_.mime_type.ends_with("/iso.segment");
        report_.expect(
            fits(told_.mime_type) && fits(told_.content_type) && is_mp4, rule("mpd-content"),
            place_,
            fmt::format(
                "mimeType \"{}\", contentType \"{}\" for {}", told_.mime_type, told_.content_type,
                kind
            )
        );
    }

    void check_shape(const Track& track) {
        const auto aspect = static_cast<double>(track.aspect_width) /
                            static_cast<double>(std::max<std::int64_t>(track.aspect_height, 1));
        const double told = told_.sample_aspect.value_or(aspect);
        constexpr double kNear = 0.02;  // sides are even numbers
        report_.expect(
            std::abs(told / aspect - 1) < kNear || !track.picture, rule("mpd-size"), place_,
            fmt::format("sar {:.3f}, the pictures have {:.3f}", told, aspect)
        );
        if (!told_.picture_aspect || track.height == 0) return;
        const double shown = static_cast<double>(track.width) / static_cast<double>(track.height) *
                             (track.picture ? aspect : told);
        const double least = static_cast<double>(std::min(track.width, track.height));
        report_.expect(
            std::abs(*told_.picture_aspect / shown - 1) < kNear + 2 / least, rule("mpd-size"),
            place_,
            fmt::format("par {:.3f}, the pictures have {:.3f}", *told_.picture_aspect, shown)
        );
    }

    void check_codecs() {
        const auto declared = split(told_.codecs, ',');
        for (const auto* track : {&found_.picture, &found_.sound})
            if (*track && !(*track)->codec.empty())
                report_.expect(
                    std::ranges::any_of(
                        declared,
                        [&](const auto& codec) { return is_codec(codec, (*track)->codec); }
                    ),
                    rule("mpd-codecs"), place_,
                    fmt::format("codecs \"{}\" without {}", told_.codecs, (*track)->codec)
                );
    }

    /// A client that begins with minBufferTime of buffer never runs dry at this rate.
    void check_bandwidth() {
        const double bits = static_cast<double>(found_.total_bytes) * 8;
        const double seconds = told_.segments.duration() + min_buffer_;
        const auto bandwidth = static_cast<double>(told_.bandwidth.value_or(0));
        report_.expect(
            bits <= bandwidth * seconds, rule("mpd-bandwidth"), place_,
            fmt::format("bandwidth {}, measured {:.0f} on average", bandwidth, found_.average)
        );
    }

    void check_picture(const Track& track) {
        const bool is_size = (!told_.width || *told_.width == track.width) &&
                             (!told_.height || *told_.height == track.height);
        report_.expect(
            is_size || track.width == 0, rule("mpd-size"), place_,
            fmt::format(
                "{}x{}, the pictures are {}x{}", told_.width.value_or(0), told_.height.value_or(0),
                track.width, track.height
            )
        );
        constexpr double kRounding = 0.01;
        report_.expect(
            !told_.frame_rate || found_.frame_rate == 0 || found_.has_varying_rate ||
                std::abs(*told_.frame_rate - found_.frame_rate) < kRounding,
            rule("mpd-size"), place_,
            fmt::format(
                "frameRate {:.3f}, measured {:.3f}", told_.frame_rate.value_or(0), found_.frame_rate
            )
        );
    }

    void check_sound(const AudioConfig& config) {
        report_.expect(
            !told_.sampling_rate || *told_.sampling_rate == config.rate ||
                *told_.sampling_rate == config.output_rate,
            rule("mpd-size"), place_,
            fmt::format(
                "audioSamplingRate {}, the sound has {} Hz", told_.sampling_rate.value_or(0),
                config.rate
            )
        );
    }

    void check_channels(const Track& track) {
        report_.expect(
            !told_.channels || track.channels == 0 || *told_.channels == track.channels,
            rule("mpd-size"), place_,
            fmt::format(
                "AudioChannelConfiguration {}, the sound has {}", told_.channels.value_or(0),
                track.channels
            )
        );
    }

    /// Whether segments begin when the timeline says so.
    void check_times() {
        const double slack = std::max(found_.frame, 0.02) * 1.5;
        for (std::size_t i = 0; i < std::min(told_.begins.size(), found_.segments.size()); ++i)
            report_.expect(
                std::abs(told_.begins[i] - found_.segments[i].begin) <= slack, rule("mpd-timeline"),
                place_,
                fmt::format(
                    "segment {} begins at {:.3f} s, by the timeline at {:.3f} s", i + 1,
                    found_.segments[i].begin, told_.begins[i]
                )
            );
    }

    const Representation& told_;
    const Rendition& found_;
    const double min_buffer_;  // seconds
    Report& report_;
    const Place place_;
};

void check_longest(
    const manifest::Presentation& presentation,
    const manifest::MediaPlaylist& segments,
    Report& report
) {
    constexpr double kRounding = 0.15;  // seconds; some write tenths
    for (const auto& segment : segments.segments)
        report.expect(
            !presentation.max_segment || segment.duration <= *presentation.max_segment + kRounding,
            rule("mpd-bounds"), {presentation.file, segment.line, {}},
            fmt::format(
                "a segment of {:.3f} s, maxSegmentDuration is {:.3f} s", segment.duration,
                presentation.max_segment.value_or(0)
            )
        );
}

}  // namespace

Stream check_presentation(
    const manifest::Presentation& presentation, Files& files, Report& report
) {
    Stream stream;
    double end = 0;
    for (const auto& representation : presentation.representations) {
        if (representation.segments.segments.empty()) continue;
        // Ids are of one period, and may be there twice where they must not.
        const auto key = fmt::format("{}#{}", presentation.file, stream.playlists.size());
        const auto& playlist = stream.playlists[key] = representation.segments;
        Report own;
        const auto& rendition = stream.renditions[key] = read_rendition(playlist, files, own);
        take_over(own, {presentation.file, {}, {}}, report);
        RepresentationCheck(representation, rendition, presentation.min_buffer, report).check();
        check_longest(presentation, playlist, report);
        if (rendition.is_read) end = std::max(end, rendition.end() - representation.start);
    }
    constexpr double kSlack = 0.25;  // seconds
    report.expect(
        !presentation.duration || end == 0 || presentation.periods > 1 ||
            std::abs(*presentation.duration - end) < kSlack,
        rule("mpd-duration"), {presentation.file, {}, {}},
        fmt::format(
            "mediaPresentationDuration {:.3f} s, the media lasts {:.3f} s",
            presentation.duration.value_or(0), end
        )
    );
    return stream;
}

}  // namespace ittybit::conformance
