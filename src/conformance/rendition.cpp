#include "conformance/rendition.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "conformance/coded.h"
#include "conformance/fragment.h"
#include "conformance/fragment_times.h"
#include "conformance/transport_times.h"
#include "conformance/webvtt.h"

namespace ittybit::conformance {
namespace {

using manifest::Encryption;
using manifest::kLargestSegment;
using manifest::MediaPlaylist;
using manifest::Place;
using manifest::Report;
using manifest::rule;
using manifest::Segment;

constexpr std::size_t kMostCues = 1'000'000;  // that are compared with pictures
constexpr std::size_t kMostAtOnce = 100;      // that are looked for in the next segment

bool begins_with(Bytes bytes, std::string_view word) {
    return bytes.size() >= word.size() &&
           std::equal(word.begin(), word.end(), bytes.begin(), [](char letter, std::uint8_t byte) {
               return static_cast<std::uint8_t>(letter) == byte;
           });
}

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// MPEG audio, AAC in ADTS and AC-3 by their first bytes.
bool is_packed_audio(Bytes bytes) {
    return begins_with(bytes, "ID3") || begins_with(bytes, "\x0B\x77") ||
           (bytes.size() > 1 && bytes[0] == 0xFF && (bytes[1] & 0xE0U) == 0xE0);
}

/// Reads one playlist's segments in their order.
class RenditionReader {
public:
    RenditionReader(const MediaPlaylist& playlist, Files& files, Report& report)
        : playlist_(playlist),
          files_(files),
          report_(report),
          fragments_(rendition_, report),
          transport_(rendition_, report) {
        rendition_.playlist = &playlist;
    }

    Rendition read() {
        rendition_.is_read = !playlist_.segments.empty();
        for (const auto& segment : playlist_.segments) {
            rendition_.segments.push_back({});
            if (segment.is_discontinuity) {
                fragments_.start_anew();
                transport_.start_anew();
            }
            if (!read_segment(segment)) rendition_.is_read = false;
        }
        if (rendition_.is_encrypted)
            report_.add(rule("encrypted"), {playlist_.file, {}, {}}, "the segments are encrypted");
        measure(rendition_);
        return std::move(rendition_);
    }

private:
    /// Whether its times are known now.
    bool read_segment(const Segment& segment) {
        if (segment.is_gap) return false;
        const auto bytes =
            read_file(segment.uri, segment.range, playlist_.at(segment), files_, report_);
        if (!bytes) return false;
        const Place place{segment.uri, {}, {}};
        const bool is_whole = segment.encryption == Encryption::kAes128;
        const auto encrypted = is_whole ? files_.encrypted_size(segment.uri) : std::nullopt;
        const auto delivered = encrypted.value_or(std::ssize(*bytes));
        rendition_.segments.back().bytes = delivered;
        if (!report_.expect(!bytes->empty(), rule("segment-empty"), place, "the segment is empty"))
            return false;
        check_bitrate(segment, delivered);
        const bool is_encrypted = segment.encryption != Encryption::kNone && !encrypted;
        if (is_encrypted) rendition_.is_encrypted = true;
        if (is_whole)
            report_.expect(
                delivered % 16 == 0, rule("encrypted-size"), place,
                fmt::format("{} bytes of AES-128", delivered)
            );
        if (is_whole && is_encrypted) return false;
        return read_media(segment, *bytes, place, is_encrypted);
    }

    bool read_media(const Segment& segment, Bytes bytes, const Place& place, bool is_encrypted) {
        if (bytes[0] == 0x47)
            return !is_encrypted &&
                   transport_.take(bytes, tables_of(segment), segment, playlist_.at(segment));
        if (begins_with(bytes, "WEBVTT") || begins_with(bytes, "\xEF\xBB\xBFWEBVTT"))
            return take_text(segment, bytes);
        if (is_packed_audio(bytes)) {
            report_.expect(
                begins_with(bytes, "ID3") &&
                    text_of(bytes).find("com.apple.streaming.transportStreamTimestamp") !=
                        std::string_view::npos,
                rule("packed-audio-time"), place, "packed audio without its timestamp"
            );
            return false;
        }
        const auto boxes = read_boxes(bytes);
        if (!report_.expect(
                !boxes.all.empty(), rule("segment-format"), place,
                "no format that segments may have"
            ))
            return false;
        const Init* init = init_of(segment);
        if (init == nullptr) return false;
        rendition_.is_fragmented = true;
        const std::size_t base =
            segment.range ? static_cast<std::size_t>(segment.range->offset) : 0;
        const Piece piece{bytes, segment.uri, base, false};
        return fragments_.take(piece, *init, segment, playlist_.at(segment), is_encrypted);
    }

    /// PAT and PMT of a transport stream's initialization section (HLS 3.1.1).
    Bytes tables_of(const Segment& segment) {
        if (!segment.map) return {};
        if (tables_map_ != segment.map) {
            tables_map_ = segment.map;
            const auto& map = playlist_.maps[*segment.map];
            const Place place{playlist_.file, map.line, {}};
            tables_ = read_file(map.uri, map.range, place, files_, report_)
                          .value_or(std::vector<std::uint8_t>());
            constexpr std::size_t kLongest = 65'536;  // bytes; each segment goes through them
            tables_.resize(std::min(tables_.size(), kLongest));
        }
        return tables_;
    }

    /// The initialization section that a segment goes with.
    const Init* init_of(const Segment& segment) {
        if (!report_.expect(
                segment.map.has_value(), rule("map"), playlist_.at(segment),
                "fMP4 without EXT-X-MAP"
            ))
            return nullptr;
        const auto known = inits_.find(*segment.map);
        if (known != inits_.end()) return known->second ? &*known->second : nullptr;
        const auto& map = playlist_.maps[*segment.map];
        const Place place{playlist_.file, map.line, {}};
        auto& init = inits_[*segment.map];
        const auto bytes = read_file(map.uri, map.range, place, files_, report_);
        const bool is_clear =
            map.encryption != Encryption::kAes128 || files_.encrypted_size(map.uri).has_value();
        if (!bytes || !is_clear) return nullptr;
        init = read_init(*bytes, map.uri, report_);
        return &*init;
    }

    bool take_text(const Segment& segment, Bytes bytes) {
        const auto text = read_webvtt(text_of(bytes), segment.uri, report_);
        rendition_.has_text_map = text.has_map && (rendition_.has_text_map || !rendition_.is_text);
        rendition_.is_text = true;
        const double begin = text_end_;
        text_end_ += segment.duration;
        rendition_.segments.back().begin = begin;
        rendition_.segments.back().end = text_end_;
        report_.expect(
            text.has_map, rule("webvtt-map"), {segment.uri, 1, {}}, "no X-TIMESTAMP-MAP"
        );
        if (!text_shift_) text_shift_ = text.shift;
        std::vector<CueTimes> cues;
        for (const auto& cue : text.cues) {
            if (rendition_.cues.size() < kMostCues)
                rendition_.cues.push_back(
                    {rendition_.segments.size() - 1, cue.begin + text.shift, cue.end + text.shift}
                );
            const double moved = text.shift - *text_shift_;
            cues.push_back({cue.begin + moved, cue.end + moved});
        }
        if (playlist_.segments.size() > 1) check_cues(cues, segment, begin);
        std::erase_if(cues, [&](const CueTimes& cue) { return cue.end <= text_end_; });
        cues.resize(std::min(cues.size(), kMostAtOnce));
        cues_before_ = std::move(cues);
        return true;
    }

    /// Each cue is in every segment of the time it is shown in.
    void check_cues(const std::vector<CueTimes>& cues, const Segment& segment, double begin) {
        constexpr double kSlack = 0.5;  // seconds; some cut cues at segments and some do not
        for (const auto& cue : cues)
            report_.expect(
                cue.end > begin - kSlack && cue.begin < text_end_ + kSlack, rule("webvtt-cue-time"),
                {segment.uri, {}, {}},
                fmt::format(
                    "a cue from {:.3f} to {:.3f} s in the segment from {:.3f} to {:.3f} s",
                    cue.begin, cue.end, begin, text_end_
                )
            );
        if (segment.is_discontinuity) return;
        for (const auto& before : cues_before_) {
            const bool goes_on = before.end > begin + kSlack && before.begin < begin;
            const bool is_here = std::ranges::any_of(cues, [&](const CueTimes& cue) {
                return cue.begin < begin + kSlack && std::abs(cue.end - before.end) < kSlack;
            });
            report_.expect(
                !goes_on || is_here, rule("webvtt-cue-time"), {segment.uri, {}, {}},
                fmt::format(
                    "the cue from {:.3f} to {:.3f} s of the segment before is not in this one",
                    before.begin, before.end
                )
            );
        }
    }

    void check_bitrate(const Segment& segment, std::int64_t bytes) {
        if (!segment.bitrate || segment.duration <= 0) return;
        const double rate = static_cast<double>(bytes) * 8 / segment.duration / 1000;
        const auto told = static_cast<double>(*segment.bitrate);
        report_.expect(
            rate > 0.9 * told - 1 && rate < 1.1 * told + 1, rule("bitrate"), playlist_.at(segment),
            fmt::format("EXT-X-BITRATE {} for {:.0f} kb/s", *segment.bitrate, rate)
        );
    }

    const MediaPlaylist& playlist_;
    Files& files_;
    Report& report_;
    Rendition rendition_;
    FragmentTimes fragments_;
    TransportTimes transport_;
    std::map<std::size_t, std::optional<Init>> inits_;  // of each map
    std::optional<std::size_t> tables_map_;             // the map of these:
    std::vector<std::uint8_t> tables_;
    double text_end_ = 0;
    std::optional<double> text_shift_;   // of the first segment's map
    std::vector<CueTimes> cues_before_;  // of the segment before, as its playlist counts
};

}  // namespace

Content Rendition::content() const {
    if (picture) return Content::kPicture;
    if (sound) return Content::kSound;
    return is_text ? Content::kText : Content::kNothing;
}

std::optional<std::vector<std::uint8_t>> read_file(
    const std::string& uri,
    const std::optional<manifest::ByteRange>& range,
    const Place& place,
    Files& files,
    Report& report
) {
    const auto presence = files.presence(uri);
    if (presence == Files::Presence::kMissing)
        report.add(rule("missing"), place, fmt::format("{}: {}", uri, files.why_missing(uri)));
    if (presence != Files::Presence::kThere) return std::nullopt;
    const auto size = files.size(uri);
    const auto offset = range ? range->offset : 0;
    auto length = range ? range->length : size;
    if (offset > size || length > size - offset) {
        report.add(
            rule("segment-range"), place,
            fmt::format("bytes {} to {} of a file of {}", offset, offset + length, size)
        );
        if (offset >= size) return std::nullopt;
        length = size - offset;
    }
    if (length > kLargestSegment) {
        report.add(
            rule("segment-format"), place,
            fmt::format("a segment of {} bytes is more than is looked into", length)
        );
        return std::nullopt;
    }
    auto bytes = files.read(uri, offset, length);
    if (bytes) return *std::move(bytes);
    report.add(rule("missing"), place, fmt::format("{}: {}", uri, bytes.error().message));
    return std::nullopt;
}

void measure(Rendition& rendition) {
    constexpr std::size_t kMostInRun = 1000;  // segments; more than any true stream has
    const auto& segments = rendition.playlist->segments;
    const auto target = static_cast<double>(rendition.playlist->target_duration);
    double seconds = 0;
    for (std::size_t first = 0; first < segments.size(); ++first) {
        rendition.total_bytes += rendition.segments[first].bytes;
        seconds += segments[first].duration;
        double lasted = 0;
        std::int64_t bytes = 0;
        const auto last = std::min(segments.size(), first + kMostInRun);
        for (std::size_t i = first; i < last && lasted <= 1.5 * target; ++i) {
            lasted += segments[i].duration;
            bytes += rendition.segments[i].bytes;
            if (lasted >= 0.5 * target && lasted <= 1.5 * target)
                rendition.peak = std::max(rendition.peak, static_cast<double>(bytes) * 8 / lasted);
        }
    }
    if (seconds > 0) rendition.average = static_cast<double>(rendition.total_bytes) * 8 / seconds;
    if (rendition.peak == 0) rendition.peak = rendition.average;
}

Rendition read_rendition(const MediaPlaylist& playlist, Files& files, Report& report) {
    return RenditionReader(playlist, files, report).read();
}

}  // namespace ittybit::conformance
