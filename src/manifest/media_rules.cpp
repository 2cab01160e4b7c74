#include "manifest/media_rules.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace ittybit::manifest {
namespace {

class MediaRules {
public:
    MediaRules(const MediaPlaylist& playlist, const Lines& lines, Report& report)
        : playlist_(playlist), lines_(lines), report_(report) {}

    void check() {
        const Place whole{lines_.file, {}, {}};
        report_.expect(
            !playlist_.segments.empty(), rule("empty-playlist"), whole, "no segment is listed"
        );
        check_target(whole);
        check_end(whole);
        check_low_latency(whole);
        const auto* start = lines_.find("EXT-X-START");
        const auto offset =
            start != nullptr ? start->attributes.number("TIME-OFFSET") : std::nullopt;
        if (offset)
            report_.expect(
                std::abs(*offset) <= playlist_.duration(), rule("start"), lines_.at(*start),
                fmt::format("TIME-OFFSET {} in {:.3f} seconds", *offset, playlist_.duration())
            );
    }

private:
    void check_target(const Place& whole) {
        const auto* target = lines_.find("EXT-X-TARGETDURATION");
        if (!report_.expect(
                target != nullptr, rule("target-duration"), whole, "no EXT-X-TARGETDURATION"
            ))
            return;
        double longest = 0;
        for (const auto& segment : playlist_.segments) {
            longest = std::max(longest, segment.duration);
            report_.expect(
                std::lround(segment.duration) <= playlist_.target_duration, rule("target-duration"),
                playlist_.at(segment),
                fmt::format(
                    "EXTINF {:.6g} over EXT-X-TARGETDURATION {}", segment.duration,
                    playlist_.target_duration
                )
            );
        }
        const bool is_loose =
            playlist_.is_ended && playlist_.segments.size() > 1 && !playlist_.is_frames_only &&
            static_cast<double>(playlist_.target_duration) > std::ceil(longest) + 1;
        report_.expect(
            !is_loose, rule("target-duration-loose"), lines_.at(*target),
            fmt::format(
                "EXT-X-TARGETDURATION {}, the longest segment lasts {:.3f} s",
                playlist_.target_duration, longest
            )
        );
    }

    /// Nothing tells a live playlist that just began from one whose end was forgotten.
    void check_end(const Place& whole) {
        report_.expect(
            playlist_.is_ended || playlist_.type != "VOD", rule("endlist"), whole,
            "no EXT-X-ENDLIST"
        );
        if (!playlist_.type.empty() || playlist_.media_sequence > 0) return;
        report_.expect(!playlist_.is_ended, rule("playlist-type"), whole, "no EXT-X-PLAYLIST-TYPE");
        const bool is_live = has_parts() || lines_.has("EXT-X-SERVER-CONTROL");
        report_.expect(
            playlist_.is_ended || is_live, rule("unfinished"), whole,
            "neither EXT-X-ENDLIST nor a sign that the playlist is live"
        );
    }

    void check_low_latency(const Place& whole) {
        const auto* control = lines_.find("EXT-X-SERVER-CONTROL");
        const auto* info = lines_.find("EXT-X-PART-INF");
        report_.expect(
            !has_parts() || info != nullptr, rule("part"), whole, "parts without EXT-X-PART-INF"
        );
        const double part =
            info != nullptr ? info->attributes.number("PART-TARGET").value_or(0) : 0;
        const auto target = static_cast<double>(playlist_.target_duration);
        for (const auto& line : lines_.all) {
            if (line.tag == nullptr || line.tag->name != "EXT-X-PART" || part <= 0) continue;
            report_.expect(
                line.attributes.number("DURATION").value_or(0) <= part, rule("part"),
                lines_.at(line), "a part is longer than PART-TARGET"
            );
        }
        if (const auto* skip = lines_.find("EXT-X-SKIP"))
            report_.expect(
                control != nullptr && control->attributes.has("CAN-SKIP-UNTIL") &&
                    !playlist_.is_ended,
                rule("server-control"), lines_.at(*skip),
                "EXT-X-SKIP in a playlist that is no update"
            );
        if (control == nullptr) return;
        const auto at_least = [&](std::string_view name, double least) {
            const auto value = control->attributes.number(name);
            report_.expect(
                !value || *value >= least, rule("server-control"), lines_.at(*control),
                fmt::format("{} is under {}", name, least)
            );
        };
        at_least("HOLD-BACK", 3 * target);
        at_least("CAN-SKIP-UNTIL", 6 * target);
        at_least("PART-HOLD-BACK", 2 * part);
        report_.expect(
            part <= 0 || control->attributes.has("PART-HOLD-BACK"), rule("server-control"),
            lines_.at(*control), "no PART-HOLD-BACK"
        );
    }

    bool has_parts() const { return lines_.has("EXT-X-PART"); }

    const MediaPlaylist& playlist_;
    const Lines& lines_;
    Report& report_;
};

}  // namespace

void check_media(const MediaPlaylist& playlist, const Lines& lines, Report& report) {
    MediaRules(playlist, lines, report).check();
}

}  // namespace ittybit::manifest
