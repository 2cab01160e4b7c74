#include "manifest/read_media.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "manifest/media_rules.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

constexpr std::size_t kMostKeys = 1000;  // that are compared with those of the session

/// What EXT-X-DATERANGE says: each range alone, and beside others of its ID (4.4.5.1).
class DateRanges {
public:
    DateRanges(const Lines& lines, Report& report) : lines_(lines), report_(report) {}

    void check(const Line& line) {
        const auto& range = line.attributes;
        const auto place = lines_.at(line);
        const auto start = read_date(range.value("START-DATE"));
        const auto end = read_date(range.value("END-DATE"));
        const auto [known, is_first] = first_.try_emplace(range.value("ID"), &range);
        for (const auto& attribute : range.all()) {
            const auto* before = known->second->find(attribute.name);
            report_.expect(
                before == nullptr || before->value == attribute.value, rule("date-range"), place,
                fmt::format("another {} of the same ID", attribute.name)
            );
        }
        report_.expect(!is_first || start, rule("date-range"), place, "no START-DATE");
        report_.expect(
            !start || !end || *end >= *start, rule("date-range"), place,
            "END-DATE before START-DATE"
        );
        if (const auto duration = range.number("DURATION"); duration && start && end)
            report_.expect(
                std::abs(*end - *start - *duration) < 0.01, rule("date-range"), place,
                "DURATION is not from START-DATE to END-DATE"
            );
        if (range.has("END-ON-NEXT"))
            report_.expect(
                range.has("CLASS") && !range.has("DURATION") && !range.has("END-DATE"),
                rule("date-range"), place,
                "END-ON-NEXT wants CLASS, and neither DURATION nor END-DATE"
            );
        report_.expect(
            lines_.has("EXT-X-PROGRAM-DATE-TIME"), rule("date-range"), place,
            "no EXT-X-PROGRAM-DATE-TIME says when the playlist begins"
        );
    }

private:
    const Lines& lines_;
    Report& report_;
    std::map<std::string, const Attributes*> first_;  // by ID
};

/// Reads the lines of one media playlist in their order.
class MediaReader {
public:
    MediaReader(const Lines& lines, Report& report)
        : lines_(lines), report_(report), date_ranges_(lines, report) {}

    MediaPlaylist read() {
        playlist_.file = lines_.file;
        playlist_.is_frames_only = lines_.has("EXT-X-I-FRAMES-ONLY");
        for (const auto& line : lines_.all) {
            if (line.tag == nullptr) {
                take_segment(line);
            } else {
                take(line);
            }
        }
        report_.expect(
            !has_duration_, rule("extinf"), {lines_.file, {}, {}},
            "no segment follows the last EXTINF"
        );
        check_media(playlist_, lines_, report_);
        return std::move(playlist_);
    }

private:
    void take(const Line& line) {
        const auto& name = line.tag->name;
        if (name == "EXTINF") take_duration(line);
        if (name == "EXT-X-BYTERANGE") take_range(line);
        if (name == "EXT-X-MAP") take_map(line);
        if (name == "EXT-X-KEY") take_key(line);
        if (name == "EXT-X-PROGRAM-DATE-TIME") next_.date = read_date(line.value);
        if (name == "EXT-X-BITRATE") bitrate_ = read_integer(line.value);
        if (name == "EXT-X-DISCONTINUITY") next_.is_discontinuity = true;
        if (name == "EXT-X-GAP") take_gap(line);
        if (name == "EXT-X-TARGETDURATION")
            playlist_.target_duration = read_integer(line.value).value_or(0);
        if (name == "EXT-X-PLAYLIST-TYPE") playlist_.type = line.value;
        if (name == "EXT-X-ENDLIST") playlist_.is_ended = true;
        if (name == "EXT-X-INDEPENDENT-SEGMENTS") playlist_.is_independent = true;
        if (name == "EXT-X-DATERANGE") date_ranges_.check(line);
        if (name == "EXT-X-MEDIA-SEQUENCE")
            playlist_.media_sequence = read_integer(line.value).value_or(0);
        if (name == "EXT-X-DISCONTINUITY-SEQUENCE")
            playlist_.discontinuity_sequence = read_integer(line.value).value_or(0);
        if (name == "EXT-X-START") playlist_.start = line.attributes.number("TIME-OFFSET");
        const bool is_of_discontinuities = name == "EXT-X-DISCONTINUITY-SEQUENCE";
        if (name == "EXT-X-MEDIA-SEQUENCE" || is_of_discontinuities)
            report_.expect(
                playlist_.segments.empty() && !(is_of_discontinuities && next_.is_discontinuity),
                rule("sequence-order"), lines_.at(line),
                fmt::format("#{} behind a segment or discontinuity", name)
            );
    }

    void take_duration(const Line& line) {
        const auto comma = line.value.find(',');
        const auto word = std::string_view(line.value).substr(0, comma);
        const auto seconds = read_number(word);
        report_.expect(
            comma != std::string::npos, rule("extinf"), lines_.at(line),
            "no comma behind the duration"
        );
        report_.expect(
            seconds.has_value(), rule("extinf"), lines_.at(line),
            fmt::format("\"{}\" is no duration", word)
        );
        report_.expect(
            !has_duration_, rule("extinf"), lines_.at(line), "a second EXTINF for one segment"
        );
        if (lines_.version >= 3 && seconds && word.find('.') == std::string_view::npos)
            report_.add(
                rule("extinf-decimals"), lines_.at(line),
                fmt::format("EXTINF of {} whole seconds", word)
            );
        next_.duration = std::min(seconds.value_or(0), 1e9);
        has_duration_ = true;
    }

    std::string address(const Line& line, std::string_view reference) {
        return address_of(addresses_, lines_, line, reference, report_);
    }

    /// "length[@offset]"
    std::optional<ByteRange> read_range(
        std::string_view text, const std::string& uri, const Line& line
    ) {
        const auto at = text.find('@');
        const auto length = read_integer(text.substr(0, at)).value_or(0);
        std::int64_t offset = -1;
        if (at != std::string_view::npos) {
            offset = read_integer(text.substr(at + 1)).value_or(-1);
        } else if (!playlist_.segments.empty() && playlist_.segments.back().uri == uri) {
            const auto& before = playlist_.segments.back().range;
            if (before) offset = before->offset + before->length;
        }
        constexpr std::int64_t kMost = std::int64_t{1} << 62;
        const bool is_range = length > 0 && length < kMost && offset >= 0 && offset < kMost;
        if (!report_.expect(
                is_range, rule("byte-range"), lines_.at(line),
                fmt::format("\"{}\" is no range of bytes", text)
            ))
            return std::nullopt;
        return ByteRange{offset, length};
    }

    void take_range(const Line& line) {
        report_.expect(
            range_ == nullptr, rule("byte-range"), lines_.at(line),
            "a second EXT-X-BYTERANGE for one segment"
        );
        range_ = &line;
    }

    void take_map(const Line& line) {
        report_.expect(
            encryption_ != Encryption::kAes128 || !key_ || !playlist_.keys[*key_].iv.empty(),
            rule("map-iv"), lines_.at(line), "EXT-X-MAP behind EXT-X-KEY of AES-128 without an IV"
        );
        Map map{address(line, line.attributes.value("URI")), {}, encryption_, line.number, key_};
        if (line.attributes.has("BYTERANGE"))
            map.range = read_range(line.attributes.value("BYTERANGE"), "", line);
        const auto range = map.range.value_or(ByteRange());
        const auto [known, is_new] =
            maps_.try_emplace({map.uri, range.offset, range.length}, playlist_.maps.size());
        map_ = known->second;
        if (is_new) playlist_.maps.push_back(std::move(map));
    }

    void take_key(const Line& line) {
        const auto& attributes = line.attributes;
        const auto& method = attributes.value("METHOD");
        const bool is_none = method == "NONE";
        report_.expect(
            is_none ? attributes.all().size() == 1 : attributes.has("URI"), rule("key"),
            lines_.at(line), is_none ? "METHOD=NONE with other attributes" : "no URI of a key"
        );
        if (attributes.has("IV"))
            report_.expect(
                attributes.value("IV").size() == 34, rule("key-iv"), lines_.at(line),
                "the IV is not of 128 bits"
            );
        // Several keys of other formats may apply to the same segments; any one tells the method.
        encryption_ = is_none               ? Encryption::kNone
                      : method == "AES-128" ? Encryption::kAes128
                                            : Encryption::kOther;
        const bool is_plain =
            !attributes.has("KEYFORMAT") || attributes.value("KEYFORMAT") == "identity";
        key_.reset();
        if (is_none) return;
        auto key = read_key(attributes, address(line, attributes.value("URI")), line.number);
        if (encryption_ == Encryption::kAes128 && is_plain) {
            key_ = playlist_.keys.size();
            playlist_.keys.push_back(key);
        }
        if (playlist_.all_keys.size() < kMostKeys) playlist_.all_keys.push_back(std::move(key));
    }

    void take_gap(const Line& line) {
        next_.is_gap = true;
        report_.add(rule("gap"), lines_.at(line), "a segment is marked as absent");
    }

    void take_segment(const Line& line) {
        report_.expect(has_duration_, rule("extinf"), lines_.at(line), "a segment without EXTINF");
        next_.uri = address(line, line.value);
        next_.line = line.number;
        if (range_ != nullptr) next_.range = read_range(range_->value, next_.uri, *range_);
        if (next_.range && !next_.uri.empty()) check_overlap(line);
        next_.map = map_;
        next_.encryption = encryption_;
        next_.key = key_;
        if (!next_.range) next_.bitrate = bitrate_;
        check_repeated(line);
        check_date(line);
        elapsed_ += next_.duration;
        playlist_.segments.push_back(std::exchange(next_, Segment()));
        has_duration_ = false;
        range_ = nullptr;
    }

    void check_repeated(const Line& line) {
        if (next_.uri.empty()) return;
        const auto range = next_.range.value_or(ByteRange());
        const bool is_new = seen_.insert({next_.uri, range.offset, range.length}).second;
        report_.expect(
            is_new, rule("segment-repeated"), lines_.at(line),
            fmt::format("\"{}\" is listed again", line.value)
        );
    }

    void check_overlap(const Line& line) {
        const auto& range = *next_.range;
        const auto known = range_ends_.find(next_.uri);
        report_.expect(
            known == range_ends_.end() || range.offset >= known->second, rule("range-overlap"),
            lines_.at(line),
            fmt::format(
                "the range begins at {}, the one before ends at {}", range.offset,
                known == range_ends_.end() ? 0 : known->second
            )
        );
        range_ends_[next_.uri] = range.offset + range.length;
    }

    void check_date(const Line& line) {
        if (!next_.date) return;
        constexpr double kSlack = 1;  // seconds; clocks are written to the millisecond or second
        if (dated_ && !next_.is_discontinuity)
            report_.expect(
                std::abs(*next_.date - *dated_ - elapsed_) < kSlack, rule("date-order"),
                lines_.at(line),
                fmt::format(
                    "the date is {:.3f} s behind the one before, the segments last {:.3f} s",
                    *next_.date - *dated_, elapsed_
                )
            );
        dated_ = next_.date;
        elapsed_ = 0;
    }

    const Lines& lines_;
    Report& report_;
    MediaPlaylist playlist_;
    Segment next_;  // as far as its tags have come
    bool has_duration_ = false;
    const Line* range_ = nullptr;
    Encryption encryption_ = Encryption::kNone;
    std::optional<std::size_t> key_;
    std::optional<std::size_t> map_;
    std::optional<std::int64_t> bitrate_;
    std::optional<double> dated_;  // the last date, and what came since
    double elapsed_ = 0;
    Addresses addresses_;
    using Extent = std::tuple<std::string, std::int64_t, std::int64_t>;  // file, offset, length
    std::map<Extent, std::size_t> maps_;
    std::set<Extent> seen_;
    std::map<std::string, std::int64_t> range_ends_;  // of each file
    DateRanges date_ranges_;
};

}  // namespace

MediaPlaylist read_media(const Lines& lines, Report& report) {
    return MediaReader(lines, report).read();
}

}  // namespace ittybit::manifest
