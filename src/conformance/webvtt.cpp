#include "conformance/webvtt.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "manifest/attributes.h"

namespace ittybit::conformance {
namespace {

using manifest::read_integer;
using manifest::Report;
using manifest::rule;

/// "00:00.567" or "100:00:00.000" (WebVTT, 4.2) as seconds.
std::optional<double> read_time(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || text.size() != dot + 4) return std::nullopt;
    const auto thousandths = read_integer(text.substr(dot + 1));
    const auto pieces = split(text.substr(0, dot), ':');
    if (pieces.size() < 2 || pieces.size() > 3 || !thousandths) return std::nullopt;
    double seconds = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const auto number = read_integer(pieces[i]);
        const bool is_first_of_three = i == 0 && pieces.size() == 3;
        if (!number || pieces[i].size() < 2 ||
            (!is_first_of_three && (*number > 59 || pieces[i].size() > 2)))
            return std::nullopt;
        seconds = seconds * 60 + static_cast<double>(*number);
    }
    return seconds + static_cast<double>(*thousandths) / 1000;
}

/// "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000"
bool read_map(std::string_view text, TextSegment& segment) {
    std::optional<double> local;
    std::optional<std::int64_t> ticks;
    for (const auto& piece : split(text.substr(text.find('=') + 1), ',')) {
        if (piece.starts_with("LOCAL:")) local = read_time(std::string_view(piece).substr(6));
        if (piece.starts_with("MPEGTS:")) ticks = read_integer(std::string_view(piece).substr(7));
    }
    if (!local || !ticks || *ticks >= std::int64_t{1} << 33) return false;
    segment.has_map = true;
    segment.shift = static_cast<double>(*ticks) / 90'000 - *local;
    return true;
}

constexpr std::size_t kMostCues = 10'000;  // of one segment

/// Reads the lines of one segment: a header, and blocks with empty lines between.
class TextReader {
public:
    TextReader(const std::string& file, Report& report) : file_(file), report_(report) {}

    TextSegment read(std::string_view text) {
        while (!text.empty()) {
            auto line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(line.size() + 1, text.size()));
            if (line.ends_with('\r')) line.remove_suffix(1);
            ++number_;
            if (line.empty()) {
                end_block();
            } else {
                take(line);
            }
        }
        end_block();
        return std::move(segment_);
    }

private:
    void add(std::string message) { report_.add(rule("webvtt"), {file_, number_, {}}, message); }

    void end_block() {
        if (!is_header_ && in_block_ > 0 && !has_times_ && !is_other_)
            add("the lines above are neither a cue nor a note, style or region");
        if (in_block_ > 0) is_header_ = false;
        in_block_ = 0;
        has_times_ = is_other_ = false;
    }

    void take(std::string_view line) {
        ++in_block_;
        if (line.starts_with("X-TIMESTAMP-MAP"))
            report_.expect(
                is_header_ && !segment_.has_map && read_map(line, segment_),
                rule("webvtt-map-form"), {file_, number_, {}}, fmt::format("\"{}\"", line)
            );
        if (in_block_ == 1)
            is_other_ = line.starts_with("NOTE") || line.starts_with("STYLE") ||
                        line.starts_with("REGION") || line.starts_with("X-TIMESTAMP-MAP");
        const auto arrow = line.find("-->");
        if (arrow == std::string_view::npos || is_other_) return;
        const bool is_apart = !is_header_ && !has_times_ && in_block_ <= 2;
        if (!is_apart) add("a cue begins without an empty line before it");
        has_times_ = true;
        take_times(line, arrow);
    }

    void take_times(std::string_view line, std::size_t arrow) {
        const auto behind = trimmed(line.substr(arrow + 3));
        const auto begin = read_time(trimmed(line.substr(0, arrow)));
        const auto end = read_time(behind.substr(0, behind.find_first_of(" \t")));
        if (!begin || !end || *begin >= *end)
            return add(fmt::format("\"{}\" is no time of a cue", line));
        if (*begin < begun_) add("a cue begins before the one above it");
        begun_ = *begin;
        if (segment_.cues.size() < kMostCues) segment_.cues.push_back({*begin, *end});
    }

    const std::string& file_;
    Report& report_;
    TextSegment segment_;
    std::int64_t number_ = 0;
    int in_block_ = 0;        // lines
    bool is_header_ = true;   // the first block
    bool has_times_ = false;  // of a cue, in this block
    bool is_other_ = false;   // this block is no cue
    double begun_ = 0;
};

}  // namespace

TextSegment read_webvtt(std::string_view text, const std::string& file, Report& report) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const bool is_headed =
        text.starts_with("WEBVTT") && (text.size() == 6 || text[6] == ' ' || text[6] == '\t' ||
                                       text[6] == '\n' || text[6] == '\r');
    report.expect(is_headed, rule("webvtt"), {file, 1, {}}, "it does not begin with WEBVTT");
    report.expect(valid_utf8(text) == text, rule("webvtt"), {file, {}, {}}, "it is not UTF-8");
    return TextReader(file, report).read(text);
}

}  // namespace ittybit::conformance
