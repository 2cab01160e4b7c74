#include "tasks/adaptive_text.h"

#include <limits>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "media/compat.h"

namespace ittybit::tasks {
namespace {

/// The clock of cues is that of our fragments, whose presentation begins at 0 (RFC 8216, 3.5).
constexpr std::string_view kHead = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n";

/// Where the cue is shown, if it says so: " line:0".
std::string settings_of(const AVPacket& packet) {
    std::size_t size = 0;
    const auto* settings = av_packet_get_side_data(&packet, AV_PKT_DATA_WEBVTT_SETTINGS, &size);
    if (settings == nullptr) return "";
    return " " + std::string(reinterpret_cast<const char*>(settings), size);
}

}  // namespace

std::string webvtt_time(std::int64_t ms) {
    return fmt::format(
        "{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000
    );
}

Result<> TextRendition::push(media::Packet packet) {
    const auto start = packet->pts, end = packet->pts + packet->duration;
    if (end <= start) return {};
    const std::string_view lines(
        reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)
    );
    auto text = fmt::format(
        "\n{} --> {}{}\n{}\n", webvtt_time(start), webvtt_time(end), settings_of(*packet), lines
    );
    cues_.push_back({start, end, std::move(text)});
    return {};
}

std::string TextRendition::shown_within(double begin, double end) const {
    std::string text;
    for (const Cue& cue : cues_) {
        if (static_cast<double>(cue.start) >= end * 1000) break;
        if (static_cast<double>(cue.end) > begin * 1000) text += cue.text;
    }
    return text;
}

Result<> TextRendition::write(const std::vector<Segment>& like, PartWriter& parts) {
    double begin = 0;
    for (const Segment& segment : like) {
        const double end = begin + segment.duration;
        const auto text = std::string(kHead) + shown_within(begin, end);
        Segment made{
            .name = fmt::format("{}-{:05}.vtt", name(), segments_.size() + 1),
            .duration = segment.duration,
        };
        made.bytes = parts.size_outside(made.name, std::ssize(text));
        TRY(parts.write(made.name, text));
        segments_.push_back(std::move(made));
        begin = end;
    }
    return {};
}

}  // namespace ittybit::tasks
