#include "media/webvtt_blocks.h"

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/text.h"

namespace ittybit::media {
namespace {

constexpr std::string_view kArrow = "-->";
constexpr std::string_view kBlanks = " \t";

/// Lines end in LF, CR, or both.
std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of("\r\n"), text.size());
        lines.push_back(text.substr(0, end));
        const bool is_pair = text.substr(end).starts_with("\r\n");
        text.remove_prefix(std::min(text.size(), end + (is_pair ? 2 : 1)));
    }
    return lines;
}

/// "01:02:03.004" or "02:03.004"; "" for what is no time, at which libav's reader would stop.
std::string time_of(std::string_view word) {
    std::string time(word);
    std::ranges::replace(time, ',', '.');
    const auto stop = time.find('.');
    const auto colons = std::ranges::count(time, ':');
    const bool has_shape =
        (colons == 1 || colons == 2) && stop != std::string::npos && time.rfind(':') < stop;
    if (!has_shape) return "";
    std::string numbers = time;
    numbers[stop] = ':';
    const bool is_time = std::ranges::all_of(split(numbers, ':'), [](const std::string& number) {
        constexpr std::size_t kMostDigits = 6;
        return !number.empty() && number.size() <= kMostDigits &&
               std::ranges::all_of(number, [](unsigned char letter) {
                   return std::isdigit(letter) != 0;
               });
    });
    return is_time ? time : "";
}

/// The line with both times; "" where they are none.
std::string timing_of(std::string_view line) {
    const auto arrow = line.find(kArrow);
    const auto from = time_of(trimmed(line.substr(0, arrow)));
    const auto rest = trimmed(line.substr(arrow + kArrow.size()));
    const auto end = std::min(rest.find_first_of(kBlanks), rest.size());
    const auto to = time_of(rest.substr(0, end));
    if (from.empty() || to.empty()) return "";
    return from + " --> " + to + std::string(rest.substr(end));
}

}  // namespace

WebvttCues webvtt_cues(std::string_view file) {
    WebvttCues cues{.text = "WEBVTT\n"};
    const auto lines = lines_of(file);
    for (auto line = lines.begin(); line != lines.end(); ++line) {
        if (line->find(kArrow) == std::string_view::npos) continue;
        const auto timing = timing_of(*line);
        if (timing.empty()) {
            ++cues.left_out;
            continue;
        }
        std::string shown;
        for (++line; line != lines.end() && !line->empty(); ++line) {
            if (line->find(kArrow) != std::string_view::npos) break;  // a blank line is missing
            shown.append(*line).append("\n");
        }
        --line;
        if (!shown.empty()) cues.text += "\n" + timing + "\n" + shown;
    }
    return cues;
}

}  // namespace ittybit::media
