#include "media/clock_survey.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace ittybit::media {
namespace {

constexpr int kParts = 16;
constexpr std::int64_t kBytesLooked = 4'000'000;  // for a packet of the stream
constexpr std::int64_t kShortest = 100'000;       // bytes that are not parted any more
constexpr double kBack = 0.1;                     // seconds, as JoinedClock
constexpr double kForth = 10;

/// What the clock shows at a byte of the file.
struct Tick {
    std::int64_t position = 0;
    double seconds = 0;
};

Result<std::optional<Tick>> tick_at(Input& reader, int stream_index, std::int64_t position) {
    TRY(reader.seek_byte(position));
    while (avio_tell(reader.format().pb) < position + kBytesLooked) {
        const Packet packet = TRY(reader.read());
        if (packet == nullptr) break;
        if (packet->stream_index != stream_index || packet->dts == kNoTime) continue;
        const AVRational time_base = reader.stream(stream_index).time_base;
        return std::optional(Tick{position, reader.seconds(packet->dts, time_base)});
    }
    return std::optional<Tick>();
}

/// Looks closer where the halves last unequally long. `pace`: seconds a byte, on average.
Result<bool> has_step_between(
    Input& reader, int stream_index, const Tick& from, const Tick& to, double pace
) {
    const double passed = to.seconds - from.seconds;
    const std::int64_t bytes = to.position - from.position;
    if (passed < -kBack) return true;
    if (bytes < kShortest) return passed >= kForth + 3 * pace * static_cast<double>(bytes);
    const auto middle = TRY(tick_at(reader, stream_index, from.position + bytes / 2));
    if (!middle) return false;
    const double first = middle->seconds - from.seconds;
    const double second = to.seconds - middle->seconds;
    if (std::min(first, second) >= -kBack && std::abs(first - second) < kForth) return false;
    return TRY(has_step_between(reader, stream_index, from, *middle, pace)) ||
           TRY(has_step_between(reader, stream_index, *middle, to, pace));
}

/// Where to look first. At the front it is in steps that double: of a first recording, however
/// short, one tick shows more than the one behind its end.
std::vector<std::int64_t> first_places(std::int64_t size) {
    std::vector<std::int64_t> places = {0};
    for (std::int64_t at = kShortest; at < size / kParts; at *= 2) places.push_back(at);
    for (int i = 1; i < kParts; ++i) places.push_back(size / kParts * i);
    places.push_back(size - size / kParts / kParts);
    return places;
}

}  // namespace

Result<bool> has_steps(Input& reader, int stream_index) {
    if (!reader.size()) return false;
    std::vector<Tick> ticks;
    for (const auto place : first_places(static_cast<std::int64_t>(*reader.size()))) {
        const auto tick = TRY(tick_at(reader, stream_index, place));
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
