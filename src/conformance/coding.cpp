#include "conformance/coding.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

void check_profile(const Track& track, double frame_rate, const Place& place, Report& report) {
    const auto& picture = *track.picture;
    if (track.entry.starts_with("avc")) {
        constexpr auto kProfiles = std::to_array({66, 77, 100});  // Baseline, Main, High
        report.expect(
            std::ranges::find(kProfiles, picture.profile) != kProfiles.end() && picture.level <= 52,
            rule("profile"), place,
            fmt::format("H.264 profile {}, level {}", picture.profile, picture.level)
        );
        report.expect(
            fits_level(picture, frame_rate), rule("level"), place,
            fmt::format(
                "{}x{} at {:.2f} pictures a second in level {}", picture.width, picture.height,
                frame_rate, picture.level
            )
        );
        report.expect(
            !picture.is_interlaced, rule("interlaced"), place, "pictures may be coded as fields"
        );
        return;
    }
    constexpr int kMain = 1, kMain10 = 2, kMainStill = 3, kLevel51 = 153;
    report.expect(
        (picture.profile == kMain || picture.profile == kMain10 || picture.profile == kMainStill) &&
            picture.level <= kLevel51,
        rule("profile"), place,
        fmt::format("H.265 profile {}, level {}", picture.profile, picture.level)
    );
    report.expect(
        !picture.is_interlaced, rule("interlaced"), place, "the pictures are said to be interlaced"
    );
}

}  // namespace

void check_coding(const Rendition& rendition, Report& report) {
    if (!rendition.picture || rendition.playlist == nullptr) return;
    constexpr auto kEntries =
        std::to_array<std::string_view>({"avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "av01"});
    const auto& track = *rendition.picture;
    const Place place{rendition.playlist->file, {}, {}};
    const bool is_known = std::ranges::find(kEntries, track.entry) != kEntries.end();
    const bool may_be_other = rendition.playlist->is_frames_only && track.entry == "mjpg";
    report.expect(
        is_known || may_be_other || track.entry.empty(), rule("video-codec"), place,
        fmt::format("pictures coded as {}", track.entry)
    );
    report.expect(
        track.entry != "avc3" && track.entry != "hev1" && track.entry != "dvhe", rule("hvc1"),
        place, fmt::format("sample entry {}", track.entry)
    );
    report.expect(
        !track.entry.starts_with("hvc") || rendition.is_fragmented, rule("video-codec"), place,
        "H.265 in a transport stream"
    );
    if (track.picture) check_profile(track, rendition.frame_rate, place, report);
}

}  // namespace ittybit::conformance
