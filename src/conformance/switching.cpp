#include "conformance/switching.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

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
        check_same_sound();
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
        check_dates(rendition);
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
        const bool may_differ = !mine.is_ended || !theirs.is_ended;  // read at different moments
        report_.expect(
            may_differ || mine.discontinuity_sequence == theirs.discontinuity_sequence,
            rule("same-discontinuities"), place,
            fmt::format(
                "EXT-X-DISCONTINUITY-SEQUENCE {}, in {} {}", mine.discontinuity_sequence,
                theirs.file, theirs.discontinuity_sequence
            )
        );
    }

    /// The date at which a playlist begins, by its first one; on the clock of the media where that
    /// is known, since live playlists begin at any time.
    static std::optional<double> date_of(const Rendition& rendition, bool is_by_media) {
        double time = is_by_media ? rendition.begin() : 0;
        for (const auto& segment : rendition.playlist->segments) {
            if (segment.is_discontinuity && time > 0) return std::nullopt;
            if (segment.date) return *segment.date - time;
            time += segment.duration;
        }
        return std::nullopt;
    }

    void check_dates(const Rendition& rendition) {
        const bool is_by_media = rendition.is_read && first_->is_read && !rendition.is_text;
        if (!is_by_media && !rendition.playlist->is_ended) return;
        const auto mine = date_of(rendition, is_by_media), theirs = date_of(*first_, is_by_media);
        constexpr double kSlack = 1;  // seconds
        report_.expect(
            mine.has_value() == theirs.has_value() && (!mine || std::abs(*mine - *theirs) < kSlack),
            rule("same-dates"), whole(rendition),
            mine && theirs ? fmt::format(
                                 "the dates are {:.3f} s off those in {}", *mine - *theirs,
                                 first_->playlist->file
                             )
                           : fmt::format("dates here or in {} only", first_->playlist->file)
        );
    }

    /// Of one sound in two groups, each in its own coding, the same is heard at the same time.
    void check_same_sound() {
        std::map<std::array<std::string, 3>, const Rendition*> known;
        for (const auto& told : stream_.master.renditions) {
            const auto* found = stream_.rendition(told.uri);
            const auto& attributes = told.attributes;
            if (told.type() != "AUDIO" || found == nullptr || !found->is_read) continue;
            const auto [first, is_new] = known.try_emplace(
                {attributes.value("NAME"), attributes.value("LANGUAGE"),
                 attributes.value("CHARACTERISTICS")},
                found
            );
            if (!is_new && found != first->second) check_sounds(*found, *first->second);
        }
    }

    void check_sounds(const Rendition& one, const Rendition& other) {
        const double frame = std::min(one.frame, other.frame);
        const bool is_alike = std::abs(one.frame - other.frame) < 1e-4 &&
                              one.segments.size() == other.segments.size();
        if (!is_alike || frame <= 0) return;
        constexpr double kNear = 0.75;  // of a packet
        const bool is_same = std::ranges::equal(
            one.segments, other.segments,
            [&](const MediaTimes& mine, const MediaTimes& theirs) {
                return std::abs(mine.begin - theirs.begin) < kNear * frame;
            }
        );
        report_.expect(
            is_same, rule("matching-timestamps"), whole(one),
            fmt::format("the sound is at other times than in {}", other.playlist->file)
        );
    }

    /// Cues are shown with what is in the same segment's time of the pictures.
    void check_text(const Rendition& rendition) {
        if (!rendition.has_text_map) return;
        constexpr double kSlack = 0.5;  // seconds
        for (const auto& cue : rendition.cues) {
            const auto& times = rendition.segments[cue.segment];
            const double begin = first_->begin() + times.begin, end = first_->begin() + times.end;
            report_.expect(
                cue.end > begin - kSlack && cue.begin < end + kSlack, rule("webvtt-map-time"),
                {rendition.playlist->segments[cue.segment].uri, {}, {}},
                fmt::format(
                    "by X-TIMESTAMP-MAP a cue is shown from {:.3f} to {:.3f} s, the pictures of "
                    "its segment from {:.3f} to {:.3f} s",
                    cue.begin, cue.end, begin, end
                )
            );
        }
    }

    void check_times(const Rendition& rendition) {
        const auto content = rendition.content();
        if (content == Content::kPicture && first_->content() == Content::kPicture)
            check_pictures(rendition);
        if (content == Content::kSound && first_->content() == Content::kPicture)
            check_sound(rendition);
        if (content != Content::kText) check_boundaries(rendition);
        if (content == Content::kText && first_->content() == Content::kPicture)
            check_text(rendition);
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
