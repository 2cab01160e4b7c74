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

std::string_view trimmed(std::string_view text) {
    const auto begin = std::min(text.find_first_not_of(" \t"), text.size());
    return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
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

}  // namespace

TextSegment read_webvtt(std::string_view text, const std::string& file, Report& report) {
    TextSegment segment;
    segment.first = 1e18;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const bool is_headed =
        text.starts_with("WEBVTT") && (text.size() == 6 || text[6] == ' ' || text[6] == '\t' ||
                                       text[6] == '\n' || text[6] == '\r');
    report.expect(is_headed, rule("webvtt"), {file, 1, {}}, "it does not begin with WEBVTT");
    report.expect(valid_utf8(text) == text, rule("webvtt"), {file, {}, {}}, "it is not UTF-8");
    bool is_header = true;
    double begun = 0;
    std::int64_t number = 0;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const manifest::Place here{file, ++number, {}};
        if (line.empty()) is_header = false;
        if (line.starts_with("X-TIMESTAMP-MAP"))
            report.expect(
                is_header && read_map(line, segment), rule("webvtt-map-form"), here,
                fmt::format("\"{}\"", line)
            );
        const auto arrow = line.find("-->");
        if (arrow == std::string_view::npos) continue;
        const auto behind = trimmed(line.substr(arrow + 3));
        const auto begin = read_time(trimmed(line.substr(0, arrow)));
        const auto end = read_time(behind.substr(0, behind.find_first_of(" \t")));
        if (!report.expect(
                begin && end && *begin < *end, rule("webvtt"), here,
                fmt::format("\"{}\" is no time of a cue", line)
            ))
            continue;
        report.expect(
            *begin >= begun, rule("webvtt"), here, "a cue begins before the one above it"
        );
        begun = *begin;
        ++segment.cues;
        segment.first = std::min(segment.first, *begin);
        segment.last = std::max(segment.last, *end);
    }
    return segment;
}

}  // namespace ittybit::conformance
