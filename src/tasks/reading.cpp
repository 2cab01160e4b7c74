#include "tasks/reading.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace ittybit::tasks {
namespace {

using media::Input;
using media::Packet;
using media::Sink;

/// Decoders of sound need some packets before the first one that is right.
constexpr double kPreroll = 0.3;

/// When reading goes on this far behind the end, the rest is badly interleaved or absent. A picture
/// that begins later is waited for all the same: the first one stands in for what is not there yet.
constexpr double kPatience = 10;

/// Decides when reading can end: once every stream that is read has passed the window's end.
class ReadingEnd {
public:
    ReadingEnd(const Input& input, const Window& window, int first, std::vector<int> streams)
        : input_(input),
          end_(window.end),
          first_(first),
          unfinished_(std::move(streams)),
          has_first_(std::ranges::find(unfinished_, first) == unfinished_.end()) {}

    bool operator()(const AVPacket& packet) {
        has_first_ |= packet.stream_index == first_;
        const auto at = packet.dts != media::kNoTime ? packet.dts : packet.pts;
        if (!end_ || at == media::kNoTime) return false;
        const double seconds = input_.seconds(at, input_.stream(packet.stream_index).time_base);
        if (seconds < *end_) return false;
        std::erase(unfinished_, packet.stream_index);
        return unfinished_.empty() || (has_first_ && seconds > *end_ + kPatience);
    }

private:
    const Input& input_;
    std::optional<double> end_;
    int first_;
    std::vector<int> unfinished_;
    bool has_first_;
};

}  // namespace

Result<> seek_to_start(Input& input, double start, int stream) {
    if (start <= kPreroll) return input.rewind();
    const double target = start - kPreroll;
    TRY(input.seek(stream, target));
    // Some containers have no index, and guess: what comes must lie before the start.
    while (const Packet packet = TRY(input.read())) {
        if (packet->stream_index != stream || packet->pts == media::kNoTime) continue;
        const double at = input.seconds(packet->pts, input.stream(stream).time_base);
        if (at > start) return input.rewind();
        return input.seek(stream, target);
    }
    return input.rewind();
}

Result<> read_window(
    Input& input,
    const Window& window,
    int first_stream,
    const PacketSinks& sinks,
    const std::function<bool(const AVPacket&)>& see
) {
    std::vector<int> streams;
    std::vector<Sink<Packet>*> by_stream;
    for (const auto& [stream, sink] : sinks) {
        streams.push_back(stream);
        by_stream.resize(static_cast<std::size_t>(stream) + 1);
        by_stream.back() = sink;
    }
    input.read_only(streams);
    TRY(seek_to_start(input, window.start, first_stream));
    ReadingEnd end(input, window, first_stream, streams);
    return media::pump(
        input, std::span<Sink<Packet>* const>(by_stream),
        [&](const AVPacket& packet) {
            const bool is_stopped = see(packet);
            return end(packet) || is_stopped;
        }
    );
}

}  // namespace ittybit::tasks
