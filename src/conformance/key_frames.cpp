#include "conformance/key_frames.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "conformance/coded.h"
#include "conformance/fragment.h"
#include "conformance/transport_stream.h"

namespace ittybit::conformance {
namespace {

using manifest::Encryption;
using manifest::MediaPlaylist;
using manifest::Place;
using manifest::Report;
using manifest::rule;
using manifest::Segment;

/// Reads the entries of one playlist of I-frames.
class KeyFrameReader {
public:
    KeyFrameReader(
        const MediaPlaylist& playlist, const Stream& stream, Files& files, Report& report
    )
        : playlist_(playlist), stream_(stream), files_(files), report_(report) {
        rendition_.playlist = &playlist;
        for (const auto& [uri, other] : stream.playlists)
            if (&other != &playlist)
                for (const auto& map : other.maps) shared_.insert(map.uri);
    }

    Rendition read() {
        rendition_.is_read = !playlist_.segments.empty();
        for (const auto& segment : playlist_.segments) {
            rendition_.segments.push_back({});
            times_.emplace_back();
            if (!segment.is_gap) read_entry(segment);
            if (!times_.back()) rendition_.is_read = false;
        }
        check_times();
        check_complete();
        measure(rendition_);
        return std::move(rendition_);
    }

private:
    void read_entry(const Segment& segment) {
        const auto place = playlist_.at(segment);
        report_.expect(
            segment.encryption != Encryption::kAes128 || !segment.range, rule("encrypted-iframes"),
            place, "a range of a segment that is encrypted as a whole"
        );
        const auto bytes = read_file(segment.uri, segment.range, place, files_, report_);
        if (!bytes) return;
        rendition_.segments.back().bytes = std::ssize(*bytes);
        if (segment.encryption != Encryption::kNone) {
            rendition_.is_encrypted = true;
            return;
        }
        if (!bytes->empty() && bytes->front() == 0x47) return read_transport(*bytes, segment);
        if (!report_.expect(segment.map.has_value(), rule("map"), place, "fMP4 without EXT-X-MAP"))
            return;
        read_fragment(*bytes, segment, place);
    }

    void read_transport(Bytes bytes, const Segment& segment) {
        Report own;  // the segments' own playlist says what is wrong with their packets
        const auto read = read_transport_segment(bytes, segment.uri, own);
        for (const auto& [pid, stream] : read.streams)
            if (stream.type == 0x1B)
                report_.expect(
                    !stream.keys.empty(), rule("i-frame-key"), playlist_.at(segment),
                    "no IDR picture in the range"
                );
    }

    const Init* init_of(const Segment& segment) {
        const auto [known, is_new] = inits_.try_emplace(*segment.map);
        auto& init = known->second;
        if (!is_new) return init ? &*init : nullptr;
        const auto& map = playlist_.maps[*segment.map];
        const auto bytes =
            read_file(map.uri, map.range, {playlist_.file, map.line, {}}, files_, report_);
        if (!bytes) return nullptr;
        Report own;  // the same section's faults are known from the rendition, where it is shared
        init = read_init(*bytes, map.uri, shared_.contains(map.uri) ? own : report_);
        return &*init;
    }

    void read_fragment(Bytes bytes, const Segment& segment, const Place& place) {
        const Init* init = init_of(segment);
        const auto boxes = read_boxes(bytes);
        const bool has_moof = boxes.find("moof") != nullptr && boxes.all.front().type != "mdat";
        if (init == nullptr || !report_.expect(
                                   has_moof, rule("i-frame-moof"), place,
                                   "the range does not begin with the moof of its I-frame"
                               ))
            return;
        Report own;
        const std::size_t base =
            segment.range ? static_cast<std::size_t>(segment.range->offset) : 0;
        const auto read = read_fragments({bytes, segment.uri, base, true}, *init, own);
        const Run* run = read.runs.empty() ? nullptr : &read.runs.front();
        const Track* track = run != nullptr ? init->track(run->track) : nullptr;
        if (!report_.expect(
                track != nullptr && !run->samples.empty(), rule("i-frame-moof"), place,
                "no sample in the range"
            ))
            return;
        if (!rendition_.picture) rendition_.picture = *track;
        rendition_.is_fragmented = true;
        const auto& sample = run->samples.front();
        const std::size_t end = base + bytes.size(), picture_end = sample.at + sample.size;
        report_.expect(
            sample.bytes.size() == sample.size, rule("i-frame-moof"), place,
            fmt::format("the range ends at {}, its picture at {}", end, picture_end)
        );
        report_.expect(
            end <= picture_end && read.runs.size() == 1, rule("i-frame-one"), place,
            fmt::format("the range ends at {}, its picture at {}", end, picture_end)
        );
        auto kind = sample.is_sync ? PictureKind::kKey : PictureKind::kOther;
        if (can_look_into(*track) && sample.bytes.size() == sample.size)
            kind = look_into_picture(sample, *track, place, own);
        report_.expect(
            kind == PictureKind::kKey && sample.is_sync, rule("i-frame-key"), place,
            "the picture is no key frame"
        );
        times_.back() = track->seconds(sample.presented - track->skipped) + track->delay;
        listed_.insert({segment.uri, run->moof});
    }

    /// The rendition whose segments these are parts of.
    const Rendition* source() const {
        for (const auto& [uri, rendition] : stream_.renditions) {
            if (rendition.playlist == nullptr || rendition.playlist == &playlist_ ||
                rendition.keys.empty())
                continue;
            for (const auto& segment : rendition.playlist->segments)
                if (segment.uri == playlist_.segments.front().uri) return &rendition;
        }
        return nullptr;
    }

    void check_times() {
        const auto* from = playlist_.segments.empty() ? nullptr : source();
        for (std::size_t i = 0; i < times_.size(); ++i) {
            const auto& segment = playlist_.segments[i];
            const auto begin = times_[i];
            const bool is_last = i + 1 == times_.size();
            const bool is_end_known =
                is_last ? from != nullptr && from->is_read : times_[i + 1].has_value();
            const bool goes_on = is_last || !playlist_.segments[i + 1].is_discontinuity;
            if (!begin || !is_end_known || !goes_on) continue;
            const double end = is_last ? from->end() : *times_[i + 1];
            rendition_.segments[i].begin = *begin;
            rendition_.segments[i].end = end;
            const double slack = from != nullptr && from->frame > 0 ? from->frame / 2 : 0.02;
            report_.expect(
                std::abs(end - *begin - segment.duration) <= slack + 0.001, rule("i-frame-time"),
                playlist_.at(segment),
                fmt::format(
                    "EXTINF {:.6f}, the next I-frame comes after {:.6f} s", segment.duration,
                    end - *begin
                )
            );
        }
    }

    void check_complete() {
        const auto* from = playlist_.segments.empty() ? nullptr : source();
        if (from == nullptr || listed_.empty()) return;
        for (const auto& key : from->keys)
            if (!key.file.empty())
                report_.expect(
                    listed_.contains({key.file, key.moof}), rule("i-frame-complete"),
                    {playlist_.file, {}, {}},
                    fmt::format("the key frame at {:.3f} s is not listed", key.time)
                );
    }

    const MediaPlaylist& playlist_;
    const Stream& stream_;
    Files& files_;
    Report& report_;
    Rendition rendition_;
    std::vector<std::optional<double>> times_;  // of each entry, where it is known
    std::set<std::string> shared_;              // initialization sections of other playlists
    std::map<std::size_t, std::optional<Init>> inits_;      // of each map
    std::set<std::pair<std::string, std::size_t>> listed_;  // files and where their moof begin
};

}  // namespace

Rendition read_key_frames(
    const MediaPlaylist& playlist, const Stream& stream, Files& files, Report& report
) {
    return KeyFrameReader(playlist, stream, files, report).read();
}

}  // namespace ittybit::conformance
