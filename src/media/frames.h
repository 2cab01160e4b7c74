#pragma once

#include "base/bytes.h"
#include "media/decoder.h"
#include "media/input.h"
#include "media/shown_series.h"

namespace ittybit::media {

/// Whether something is on screen `seconds` from the origin, as far as the input tells. Errors:
/// `start_out_of_range`.
Result<> check_start(const Input& input, double seconds);

/// The frame on screen `seconds` from the origin, as ShownSeries gives it. Errors:
/// `start_out_of_range`, `corrupt_media`, those of the source.
Result<Shown> shown_at(
    Input& input, int stream_index, double seconds, const DecoderOptions& options = {}
);
Result<Frame> frame_at(
    Input& input, int stream_index, double seconds, const DecoderOptions& options = {}
);

/// The picture of a still image that libav reads (bmp, qoi, psd, jp2, jxl, …), or the first frame
/// of any input with a video stream. Errors: as Input::open and Decoder, `no_video_stream`.
Result<Frame> first_picture(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, std::stop_token stop = {}
);

}  // namespace ittybit::media
