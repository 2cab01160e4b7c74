#include "media/frames.h"

#include <utility>

#include <fmt/format.h>

#include "media/compat.h"
#include "media/error.h"
#include "media/stream.h"

namespace ittybit::media {
namespace {

constexpr double kTolerance = 1e-6;  // seconds, for times that came through JSON

/// Keeps the last frame at or before a time, or the very first if none is that early.
class LastBefore : public Sink<Frame> {
public:
    LastBefore(const Input& input, AVRational time_base, double seconds)
        : input_(input), time_base_(time_base), seconds_(seconds) {}

    Result<> push(Frame frame) override {
        if (is_passed()) return {};
        const bool is_later = input_.seconds(frame->pts, time_base_) > seconds_ + kTolerance;
        if (!is_later) {
            shown_.before = std::exchange(shown_.frame, std::move(frame));
        } else if (shown_.frame == nullptr) {
            shown_.frame = std::move(frame);
            is_late_ = true;
        } else {
            shown_.after = std::move(frame);
        }
        return {};
    }
    Result<> finish() override { return {}; }

    /// Whether nothing more is wanted.
    bool is_passed() const {
        return shown_.after != nullptr || (is_late_ && !is_interlaced(*shown_.frame));
    }
    bool is_late() const { return is_late_; }
    bool has_any() const { return shown_.frame != nullptr; }
    Shown take() { return std::move(shown_); }

private:
    const Input& input_;
    AVRational time_base_;
    double seconds_;
    bool is_late_ = false;
    Shown shown_;
};

/// Decodes from where the reader stands until the frame is sure.
Result<> decode_until_passed(
    Input& reader, int stream_index, const DecoderOptions& options, LastBefore& frames
) {
    const auto decoder = TRY(Decoder::open(reader, stream_index, options, frames));
    while (!frames.is_passed()) {
        Packet packet = TRY(reader.read());
        if (packet == nullptr) return decoder->finish();
        TRY(decoder->push(std::move(packet)));
    }
    return {};
}

Error start_out_of_range(const Input& input) {
    const std::string length =
        input.duration() ? fmt::format("{:.3f}", *input.duration()) : "unknown";
    return Error{
        ErrorKind::kStartOutOfRange,
        "start lies behind the end of the input, which is " + length + " seconds long", "start"
    };
}

}  // namespace

Result<Shown> shown_at(
    Input& input, int stream_index, double seconds, const DecoderOptions& options
) {
    if (input.is_duration_sure() && input.duration() && seconds > 0 && seconds >= *input.duration())
        return start_out_of_range(input);
    const AVRational time_base = input.stream(stream_index).time_base;
    input.read_only({&stream_index, 1});
    if (seconds > 0) {
        TRY(input.seek(stream_index, seconds));
        LastBefore frames(input, time_base, seconds);
        const auto result = decode_until_passed(input, stream_index, options, frames);
        if (frames.has_any() && !frames.is_late()) return frames.take();
        const bool is_final = !result && result.error().kind != ErrorKind::kCorruptMedia;
        if (is_final) return result.error();
    }
    TRY(input.rewind());
    LastBefore frames(input, time_base, seconds);
    TRY(decode_until_passed(input, stream_index, options, frames));
    if (frames.has_any()) return frames.take();
    return input_error(AVERROR_INVALIDDATA, "find a picture");
}

Result<Frame> frame_at(
    Input& input, int stream_index, double seconds, const DecoderOptions& options
) {
    return std::move(TRY(shown_at(input, stream_index, seconds, options)).frame);
}

Result<Frame> first_picture(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop
) {
    const auto input = TRY(Input::open(source, sniffed, limits, std::move(stop)));
    const int stream = TRY(require_video(*input));
    return frame_at(*input, stream, 0);
}

}  // namespace ittybit::media
