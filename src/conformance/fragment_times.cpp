#include "conformance/fragment_times.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <span>

#include <fmt/format.h>

#include "conformance/coded.h"

namespace ittybit::conformance {
namespace {

using manifest::Place;
using manifest::rule;

/// Seconds of all samples of a track.
double length_of(const FragmentedSegment& read, const Track& track) {
    std::int64_t ticks = 0;
    for (const auto& run : read.runs)
        for (const auto& sample : run.samples)
            if (run.track == track.id) ticks += sample.duration;
    return track.seconds(ticks);
}

/// Whether a message of ATSC A/53 with closed captions stands before the picture (part 4, 6.2).
bool has_captions(const Sample& sample) {
    constexpr auto kMark =
        std::to_array<std::uint8_t>({0xB5, 0x00, 0x31, 'G', 'A', '9', '4', 0x03});
    constexpr std::size_t kFar = 1024;
    const auto head = sample.bytes.first(std::min(kFar, sample.bytes.size()));
    return !std::ranges::search(head, kMark).empty();
}

Place at(const Piece& piece, std::size_t byte) {
    return {piece.file, {}, static_cast<std::int64_t>(byte)};
}

}  // namespace

void FragmentTimes::start_anew() {
    next_.clear();
    media_.clear();
    sequence_.reset();
    sequence_restarts_ = sequence_goes_on_ = false;
    last_key_.reset();
    is_first_ = true;
    durations_.start_anew();
}

bool FragmentTimes::take(
    const Piece& piece,
    const Init& init,
    const manifest::Segment& segment,
    const Place& place,
    bool is_encrypted
) {
    const auto read = read_fragments(piece, init, report_);
    check_sequence(read, piece);
    check_type(piece, segment.range.has_value());
    check_same(init, place);
    const Track* main = nullptr;
    for (const auto& track : init.tracks) {
        auto& kept = track.is_picture() ? rendition_.picture : rendition_.sound;
        if ((track.is_picture() || track.is_sound()) && !kept) kept = track;
        if (main == nullptr || (track.is_picture() && !main->is_picture())) main = &track;
    }
    if (main != nullptr && !main->is_picture() && !main->is_sound()) rendition_.is_text = true;
    bool is_known = false;
    std::vector<double> lengths;
    for (const auto& track : init.tracks) lengths.push_back(length_of(read, track));
    for (const auto& track : init.tracks) {
        std::vector<const Run*> runs;
        for (const auto& run : read.runs)
            if (run.track == track.id && !run.samples.empty()) runs.push_back(&run);
        for (const auto* run : runs) check_continuity(*run, track, piece);
        if (!report_.expect(
                !runs.empty(), rule("segment-empty"), {piece.file, {}, {}},
                fmt::format("no sample of track {}", track.id)
            ))
            continue;
        const bool is_clear = !is_encrypted && !track.is_encrypted;
        rendition_.is_encrypted = rendition_.is_encrypted || !is_clear;
        if (track.is_picture() && is_clear) look_into_pictures(runs, track, piece);
        if (track.is_picture()) check_rate(runs, track, {piece.file, {}, {}});
        if (track.is_sound()) check_sound(runs, track, {piece.file, {}, {}});
        if (&track != main || track.timescale == 0) continue;
        keep_times(runs, track, lengths, segment, place);
        is_known = true;
    }
    is_first_ = is_early_ = false;
    return is_known;
}

/// Where the first segment has none, no other needs to.
void FragmentTimes::check_type(const Piece& piece, bool is_in_range) {
    if (is_in_range) return;
    const bool has_type = find_box(read_boxes(piece.bytes), "styp").has_value();
    if (is_early_) has_type_ = has_type;
    report_.expect(
        has_type || (!is_early_ && !has_type_), rule("styp"), {piece.file, {}, 0},
        "it does not begin with styp"
    );
}

void FragmentTimes::check_same(const Init& init, const Place& place) {
    std::vector<std::string> media;
    for (const auto& track : init.tracks) media.push_back(track.handler + " " + track.entry);
    report_.expect(
        media_.empty() || media == media_, rule("same-media"), place,
        fmt::format("{} behind {}", fmt::join(media, ", "), fmt::join(media_, ", "))
    );
    media_ = std::move(media);
}

void FragmentTimes::check_sequence(const FragmentedSegment& read, const Piece& piece) {
    if (read.runs.empty()) return;
    const bool restarts = sequence_ && read.first_sequence <= std::min(*sequence_, 1U);
    sequence_restarts_ = sequence_restarts_ || restarts;
    sequence_goes_on_ = sequence_goes_on_ || (sequence_ && !restarts);
    const bool is_mixed = sequence_restarts_ && sequence_goes_on_;
    report_.expect(
        !sequence_ || (!is_mixed && (restarts || read.first_sequence > *sequence_)),
        rule("moof-sequence"), at(piece, read.runs.front().moof),
        fmt::format("mfhd sequence number {} after {}", read.first_sequence, sequence_.value_or(0))
    );
    sequence_ = read.last_sequence;
}

void FragmentTimes::check_continuity(const Run& run, const Track& track, const Piece& piece) {
    const auto begin = run.samples.front().decoded;
    const auto known = next_.find(run.track);
    if (known != next_.end())
        report_.expect(
            std::abs(begin - known->second) <= 1, rule("continuity"), at(piece, run.moof),
            fmt::format(
                "tfdt {} where the fragment before ended at {}: {:.6f} s of gap", begin,
                known->second, track.seconds(begin - known->second)
            )
        );
    next_[run.track] = run.samples.back().decoded + run.samples.back().duration;
}

void FragmentTimes::look_into_pictures(
    const std::vector<const Run*>& runs, const Track& track, const Piece& piece
) {
    bool is_first = true;
    for (const auto* run : runs) {
        bool is_run_first = true;
        for (const auto& sample : run->samples) {
            const auto place = at(piece, sample.at);
            auto kind = sample.is_sync ? PictureKind::kKey : PictureKind::kOther;
            if (can_look_into(track)) {
                kind = look_into_picture(sample, track, place, report_);
                const bool is_open =
                    kind == PictureKind::kOpenKey || kind == PictureKind::kUnreadable;
                report_.expect(
                    is_open || sample.is_sync == (kind == PictureKind::kKey), rule("sync-flag"),
                    place,
                    sample.is_sync ? "a picture that is no key frame is marked as a sync sample"
                                   : "a key frame is not marked as a sync sample"
                );
                report_.expect(
                    kind != PictureKind::kLeading, rule("leading-pictures"), place,
                    "a picture that refers to what is before the key frame"
                );
            }
            if (is_early_ && has_captions(sample)) rendition_.has_captions = true;
            if (is_first)
                report_.expect(
                    kind == PictureKind::kKey || kind == PictureKind::kUnreadable,
                    rule("idr-first"), place, "the segment does not begin with an IDR picture"
                );
            if (kind == PictureKind::kKey) {
                const double time = track.seconds(sample.presented - track.skipped) + track.delay;
                constexpr double kFarthest =
                    2.6;  // seconds; where the rate does not divide two seconds
                report_.expect(
                    !last_key_ || time - *last_key_ < kFarthest, rule("key-frame-distance"), place,
                    fmt::format("{:.3f} s between key frames", time - last_key_.value_or(0))
                );
                last_key_ = time;
                rendition_.keys.push_back({time, is_run_first ? piece.file : "", run->moof});
            }
            is_first = is_run_first = false;
        }
    }
    check_first(runs, piece);
}

void FragmentTimes::check_first(const std::vector<const Run*>& runs, const Piece& piece) {
    std::vector<std::int64_t> times;
    for (const auto* run : runs)
        for (const auto& sample : run->samples) times.push_back(sample.presented);
    const auto first = times.front();
    std::ranges::sort(times);
    report_.expect(
        std::ranges::adjacent_find(times) == times.end(), rule("order-of-times"),
        at(piece, runs.front()->moof), "two pictures are shown at the same time"
    );
    report_.expect(
        times.front() == first, rule("leading-pictures"), at(piece, runs.front()->moof),
        "a picture is shown before the segment's first one"
    );
}

void FragmentTimes::check_rate(
    const std::vector<const Run*>& runs, const Track& track, const Place& place
) {
    std::vector<std::int64_t> times;
    for (const auto* run : runs)
        for (const auto& sample : run->samples) times.push_back(sample.presented);
    std::ranges::sort(times);
    if (track.timescale == 0) return;
    const auto span = static_cast<double>(
        times.size() > 1 ? times.back() - times.front() : runs.front()->samples.front().duration
    );
    const double usual = span / std::max(1.0, static_cast<double>(times.size()) - 1);  // ticks
    if (usual <= 0) return;
    const double frame = usual / track.timescale;
    if (rendition_.frame_rate == 0) {
        rendition_.frame = frame;
        rendition_.frame_rate = 1 / frame;
    }
    // A tick of rounding at each end, where the timescale does not divide by the rate.
    const double slack = std::max(2.0, 0.02 * usual);
    const auto varies = [&](std::string message) {
        rendition_.has_varying_rate = true;
        report_.add(rule("frame-rate-varies"), place, std::move(message));
    };
    for (std::size_t i = 1; i < times.size(); ++i) {
        const auto step = static_cast<double>(times[i] - times[i - 1]);
        if (std::abs(step - usual) <= slack) continue;
        varies(fmt::format(
            "{:.6f} s between pictures that last {:.6f} s on average", step / track.timescale, frame
        ));
        break;
    }
    if (std::abs(frame - rendition_.frame) > 0.02 * rendition_.frame && times.size() > 2)
        varies(
            fmt::format("{:.3f} pictures a second, {:.3f} before", 1 / frame, rendition_.frame_rate)
        );
    report_.expect(
        1 / frame < 60.5, rule("frame-rate-high"), place,
        fmt::format("{:.3f} pictures a second", 1 / frame)
    );
}

void FragmentTimes::check_sound(
    const std::vector<const Run*>& runs, const Track& track, const Place& place
) {
    if (!track.audio || track.timescale == 0) return;
    const double second = static_cast<double>(track.audio->rate) / track.timescale;
    const auto type = track.audio->object_type;
    const bool is_independent = type == 2 || type == 5 || type == 29;  // AAC-LC, HE-AAC
    for (const auto* run : runs)
        for (const auto& sample : run->samples) {
            if (!report_.expect(
                    sample.is_sync || !is_independent, rule("sync-flag"), place,
                    "a packet of sound is not marked as a sync sample"
                ))
                return;
            const double samples = static_cast<double>(sample.duration) * second;
            if (rendition_.frame == 0) rendition_.frame = track.seconds(sample.duration);
            const bool is_last = run == runs.back() && &sample == &run->samples.back();
            const bool is_usual = std::abs(samples - 1024) <= 2 || std::abs(samples - 960) <= 2 ||
                                  std::abs(samples - 2048) <= 2;
            if (report_.expect(
                    is_usual || (is_last && samples < 2048), rule("audio-frame"), place,
                    fmt::format("a packet of sound lasts {:.1f} samples", samples)
                ))
                continue;
            return;
        }
}

void FragmentTimes::keep_times(
    const std::vector<const Run*>& runs,
    const Track& track,
    std::span<const double> lengths,
    const manifest::Segment& segment,
    const Place& place
) {
    std::int64_t begin = INT64_MAX, lasted = 0;
    for (const auto* run : runs)
        for (const auto& sample : run->samples) {
            begin = std::min(begin, sample.presented);
            lasted += sample.duration;
        }
    auto& times = rendition_.segments.back();
    const double skipped = track.seconds(track.skipped);
    times.begin = track.seconds(begin) - skipped + track.delay;
    times.end = times.begin + track.seconds(lasted);
    double seconds = track.seconds(lasted);
    // What the edit list cuts away belongs to the first segment; some packagers count it.
    const bool cuts = is_first_ && track.is_sound() && begin < track.skipped;
    if (cuts) times.begin = std::max(times.begin, track.delay);
    const bool is_counted = std::abs(segment.duration - seconds) < 0.0015;
    if (cuts && !is_counted) seconds -= std::min(seconds, skipped);
    // Of picture and sound in one segment either may be the longer one.
    for (const double other : lengths)
        if (std::abs(segment.duration - other) < std::abs(segment.duration - seconds) &&
            lengths.size() > 1)
            seconds = other;
    durations_.take(segment, place, seconds, rendition_.frame > 0 ? rendition_.frame : 0.05);
    constexpr double kOver = 0.5;  // Apple 7.7
    report_.expect(
        seconds <= static_cast<double>(rendition_.playlist->target_duration) + kOver,
        rule("segment-long"), place,
        fmt::format(
            "{:.3f} s with a target duration of {}", seconds, rendition_.playlist->target_duration
        )
    );
}

}  // namespace ittybit::conformance
