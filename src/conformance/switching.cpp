#include "conformance/switching.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::Report;
using manifest::rule;

class SwitchingCheck {
public:
    SwitchingCheck(const Stream& stream, Report& report) : stream_(stream), report_(report) {}

    void check() {
        for (const auto& [uri, playlist] : stream_.playlists) {
            const auto* rendition = stream_.rendition(uri);
            if (playlist.is_frames_only || rendition == nullptr) continue;
            if (first_ == nullptr || (rendition->content() == Content::kPicture &&
                                      first_->content() != Content::kPicture))
                first_ = rendition;
        }
        if (first_ == nullptr) return;
        for (const auto& [uri, rendition] : stream_.renditions) {
            if (&rendition == first_ || rendition.playlist == nullptr) continue;
            check_playlists(rendition);
            if (rendition.playlist->is_frames_only || !rendition.is_read || !first_->is_read)
                continue;
            check_times(rendition);
        }
    }

private:
    static Place whole(const Rendition& rendition) { return {rendition.playlist->file, {}, {}}; }

    void check_playlists(const Rendition& rendition) {
        const auto& mine = *rendition.playlist;
        const auto& theirs = *first_->playlist;
        report_.expect(
            mine.type == theirs.type && mine.is_ended == theirs.is_ended, rule("same-type"),
            whole(rendition), fmt::format("other than {}", theirs.file)
        );
        if (mine.is_frames_only) return;
        const bool is_text = rendition.content() == Content::kText;
        report_.expect(
            is_text || mine.target_duration == theirs.target_duration, rule("same-target"),
            whole(rendition),
            fmt::format(
                "EXT-X-TARGETDURATION {}, in {} {}", mine.target_duration, theirs.file,
                theirs.target_duration
            )
        );
        check_discontinuities(mine, theirs, whole(rendition));
        if (!mine.is_ended || !theirs.is_ended) return;
        const double seconds = mine.duration(), wanted = theirs.duration();
        const double slack = is_text ? 1.0 : rendition.content() == first_->content() ? 0.06 : 0.1;
        report_.expect(
            std::abs(seconds - wanted) <= slack, rule("same-duration"), whole(rendition),
            fmt::format("{:.3f} s of segments, in {} {:.3f} s", seconds, theirs.file, wanted)
        );
    }

    void check_discontinuities(
        const manifest::MediaPlaylist& mine,
        const manifest::MediaPlaylist& theirs,
        const Place& place
    ) {
        const auto times_of = [](const manifest::MediaPlaylist& playlist) {
            std::vector<double> times;
            double time = 0;
            for (const auto& segment : playlist.segments) {
                if (segment.is_discontinuity) times.push_back(time);
                time += segment.duration;
            }
            return times;
        };
        constexpr double kSlack = 0.2;  // seconds: sound ends a packet later
        const bool is_same =
            std::ranges::equal(times_of(mine), times_of(theirs), [](double one, double other) {
                return std::abs(one - other) < kSlack;
            });
        report_.expect(
            is_same, rule("same-discontinuities"), place,
            fmt::format("discontinuities elsewhere than in {}", theirs.file)
        );
    }

    void check_times(const Rendition& rendition) {
        const auto content = rendition.content();
        if (content == Content::kPicture && first_->content() == Content::kPicture)
            check_pictures(rendition);
        if (content == Content::kSound && first_->content() == Content::kPicture)
            check_sound(rendition);
        if (content != Content::kText) check_boundaries(rendition);
    }

    void check_pictures(const Rendition& rendition) {
        const double frame = std::max(rendition.frame, first_->frame);
        const double least = std::min(rendition.frame, first_->frame);
        report_.expect(
            std::abs(rendition.begin() - first_->begin()) < least / 2 + 1e-4,
            rule("matching-timestamps"), whole(rendition),
            fmt::format(
                "the first picture is shown at {:.6f} s, in {} at {:.6f} s", rendition.begin(),
                first_->playlist->file, first_->begin()
            )
        );
        report_.expect(
            std::abs(rendition.end() - first_->end()) < frame + 1e-3, rule("same-duration"),
            whole(rendition),
            fmt::format(
                "it ends at {:.3f} s, {} at {:.3f} s", rendition.end(), first_->playlist->file,
                first_->end()
            )
        );
        const bool is_same = std::ranges::equal(
            rendition.keys, first_->keys,
            [&](const KeyFrame& one, const KeyFrame& other) {
                return std::abs(one.time - other.time) < frame;
            }
        );
        report_.expect(
            is_same || rendition.keys.empty() || first_->keys.empty(), rule("same-key-frames"),
            whole(rendition), fmt::format("key frames elsewhere than in {}", first_->playlist->file)
        );
    }

    void check_sound(const Rendition& rendition) {
        constexpr double kInSync = 0.06;  // seconds; three packets of sound
        report_.expect(
            std::abs(rendition.begin() - first_->begin()) <= kInSync, rule("same-start"),
            whole(rendition),
            fmt::format(
                "the sound begins at {:.3f} s, the picture at {:.3f} s", rendition.begin(),
                first_->begin()
            )
        );
        report_.expect(
            std::abs(rendition.end() - first_->end()) <= 0.1, rule("same-duration"),
            whole(rendition),
            fmt::format(
                "the sound ends at {:.3f} s, the picture at {:.3f} s", rendition.end(),
                first_->end()
            )
        );
    }

    void check_boundaries(const Rendition& rendition) {
        const bool is_alike = rendition.content() == first_->content();
        const double slack = is_alike ? std::max(rendition.frame, first_->frame) * 0.75 : 0.08;
        const bool is_same = std::ranges::equal(
            rendition.segments, first_->segments,
            [&](const MediaTimes& one, const MediaTimes& other) {
                return std::abs(one.begin - other.begin) <= slack;
            }
        );
        report_.expect(
            is_same, is_alike ? rule("switch-points") : rule("same-boundaries"), whole(rendition),
            fmt::format("segments begin elsewhere than in {}", first_->playlist->file)
        );
    }

    const Stream& stream_;
    Report& report_;
    const Rendition* first_ = nullptr;  // what all others are compared with
};

}  // namespace

void check_switching(const Stream& stream, Report& report) {
    SwitchingCheck(stream, report).check();
}

}  // namespace ittybit::conformance
