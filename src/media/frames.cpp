#include "media/frames.h"

#include <memory>
#include <optional>
#include <utility>

#include "media/error.h"
#include "media/stream.h"

namespace ittybit::media {
namespace {

constexpr double kTolerance = 1e-6;  // seconds, for times that came through JSON

/// Keeps the last frame at or before a time, and the first one after it if there is no such.
class LastBefore : public Sink<Frame> {
public:
    LastBefore(const Input& input, AVRational time_base, double seconds)
        : input_(input), time_base_(time_base), seconds_(seconds) {}

    Result<> push(Frame frame) override {
        if (is_passed_) return {};
        is_passed_ = input_.seconds(frame->pts, time_base_) > seconds_ + kTolerance;
        if (!is_passed_) {
            found_ = std::move(frame);
        } else if (found_ == nullptr) {
            first_after_ = std::move(frame);
        }
        return {};
    }
    Result<> finish() override { return {}; }

    bool is_passed() const { return is_passed_; }
    Frame take() { return std::move(found_); }
    Frame take_first_after() { return std::move(first_after_); }

private:
    const Input& input_;
    AVRational time_base_;
    double seconds_;
    bool is_passed_ = false;
    Frame found_;
    Frame first_after_;
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
    const std::string length = input.duration() ? std::to_string(*input.duration()) : "unknown";
    return Error{
        ErrorKind::kStartOutOfRange,
        "start lies behind the end of the input, which is " + length + " seconds long", "start"
    };
}

}  // namespace

Result<Frame> frame_at(
    Input& input, int stream_index, double seconds, const DecoderOptions& options
) {
    if (input.duration() && seconds > 0 && seconds >= *input.duration())
        return start_out_of_range(input);
    const AVRational time_base = input.stream(stream_index).time_base;
    input.read_only({&stream_index, 1});
    if (seconds > 0) {
        TRY(input.seek(stream_index, seconds));
        LastBefore frames(input, time_base, seconds);
        const auto result = decode_until_passed(input, stream_index, options, frames);
        if (Frame found = frames.take()) return found;
        const bool is_final = !result && result.error().kind != ErrorKind::kCorruptMedia;
        if (is_final) return result.error();
    }
    // Some containers (APNG) cannot even go back to their start: they are opened again.
    std::unique_ptr<Input> again;
    if (!input.rewind()) {
        again = TRY(input.reopen());
        again->read_only({&stream_index, 1});
    }
    Input& reader = again == nullptr ? input : *again;
    LastBefore frames(reader, time_base, seconds);
    TRY(decode_until_passed(reader, stream_index, options, frames));
    if (Frame found = frames.take()) return found;
    if (Frame first = frames.take_first_after()) return first;
    return input_error(AVERROR_INVALIDDATA, "find a picture");
}

Result<Frame> first_picture(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop
) {
    const auto input = TRY(Input::open(source, sniffed, limits, std::move(stop)));
    const int stream = TRY(require_video(*input));
    return frame_at(*input, stream, 0);
}

}  // namespace ittybit::media
