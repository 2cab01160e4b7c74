#include "media/frames.h"

#include <utility>

#include <fmt/format.h>

#include "media/stream.h"

namespace ittybit::media {
namespace {

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
    const auto series = TRY(ShownSeries::open(input, stream_index, {.decoder = options}));
    return *TRY(series->at(seconds));
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
