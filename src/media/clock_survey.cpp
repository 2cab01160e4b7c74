#include "media/clock_survey.h"

#include <optional>
#include <vector>

namespace ittybit::media {
namespace {

constexpr int kPlaces = 32;
constexpr int kPacketsLooked = 3000;         // for one of the stream
constexpr std::int64_t kShortest = 300'000;  // bytes that are not parted any more
constexpr double kBack = 0.1;                // seconds, as JoinedClock
constexpr double kForth = 10;

/// What the clock shows at a byte of the file.
struct Tick {
    std::int64_t position = 0;
    double seconds = 0;
};

Result<std::optional<Tick>> tick_at(Input& reader, int stream_index, std::int64_t position) {
    TRY(reader.seek_byte(position));
    for (int i = 0; i < kPacketsLooked; ++i) {
        const Packet packet = TRY(reader.read());
        if (packet == nullptr) break;
        if (packet->stream_index != stream_index || packet->dts == kNoTime) continue;
        const AVRational time_base = reader.stream(stream_index).time_base;
        return std::optional(Tick{position, reader.seconds(packet->dts, time_base)});
    }
    return std::optional<Tick>();
}

/// `pace`: seconds a byte, on average.
Result<bool> has_step_between(
    Input& reader, int stream_index, const Tick& from, const Tick& to, double pace
) {
    const double passed = to.seconds - from.seconds;
    const std::int64_t bytes = to.position - from.position;
    if (passed < -kBack) return true;
    if (passed < kForth + 3 * pace * static_cast<double>(bytes)) return false;
    if (bytes < kShortest) return true;
    const auto middle = TRY(tick_at(reader, stream_index, from.position + bytes / 2));
    if (!middle) return false;
    return TRY(has_step_between(reader, stream_index, from, *middle, pace)) ||
           TRY(has_step_between(reader, stream_index, *middle, to, pace));
}

}  // namespace

Result<bool> has_steps(Input& reader, int stream_index) {
    if (!reader.size()) return false;
    const auto size = static_cast<std::int64_t>(*reader.size());
    std::vector<Tick> ticks;
    for (int i = 0; i < kPlaces; ++i) {
        const auto tick = TRY(tick_at(reader, stream_index, size / kPlaces * i));
        if (tick) ticks.push_back(*tick);
    }
    if (ticks.size() < 2) return false;
    const double pace = (ticks.back().seconds - ticks.front().seconds) /
                        static_cast<double>(ticks.back().position - ticks.front().position);
    for (std::size_t i = 1; i < ticks.size(); ++i)
        if (TRY(has_step_between(reader, stream_index, ticks[i - 1], ticks[i], pace))) return true;
    return false;
}

}  // namespace ittybit::media
