#include "media/frames.h"

#include <utility>

#include <fmt/format.h>

#include "media/stream.h"

namespace ittybit::media {

Result<> check_start(const Input& input, double seconds) {
    const auto length = input.is_duration_sure() ? input.duration() : std::nullopt;
    if (!length || seconds <= 0 || seconds < *length) return {};
    return Error{
        ErrorKind::kStartOutOfRange,
        fmt::format(
            "start lies behind the end of the input, which is {:.3f} seconds long: choose an "
            "earlier one",
            *length
        ),
        "start"
    };
}

Result<Shown> shown_at(
    Input& input, int stream_index, double seconds, const DecoderOptions& options
) {
    TRY(check_start(input, seconds));
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
