#include "model/options.h"

namespace ittybit {
namespace {

using Problems = std::vector<OptionProblem>;

void check_span(const Span& span, Problems& problems) {
    if (span.end && *span.end <= span.start.value_or(0)) {
        problems.push_back({ErrorKind::kInvalidOptions, "end", "end must be greater than start"});
    }
}

void check_framing(const Framing& framing, Problems& problems) {
    const auto fit = framing.fit.value_or(Fit::kContain);
    if (framing.background && fit != Fit::kContain) {
        problems.push_back(
            {ErrorKind::kInvalidOptions, "background",
             "background goes with fit contain only: cover and fill leave no room to pad"}
        );
    }
}

}  // namespace

void check(const VideoOptions& options, Problems& problems) {
    const auto codec = options.chosen_codec();
    const bool is_webm_codec = codec == VideoCodec::kVp9 || codec == VideoCodec::kAv1;
    if (options.format == VideoFormat::kWebm && !is_webm_codec) {
        problems.push_back({ErrorKind::kInvalidCodec, "codec", "codec for webm must be vp9 or av1"}
        );
    } else if (options.format == VideoFormat::kMp4 && codec == VideoCodec::kVp9) {
        problems.push_back(
            {ErrorKind::kInvalidCodec, "codec", "codec for mp4 must be h264, h265 or av1"}
        );
    } else if (options.format == VideoFormat::kMov && is_webm_codec) {
        problems.push_back({ErrorKind::kInvalidCodec, "codec", "codec for mov must be h264 or h265"}
        );
    }
    check_framing(options, problems);
    check_span(options, problems);
}

void check(const AudioOptions& options, Problems& problems) {
    const bool is_lossless =
        options.format == AudioFormat::kWav || options.format == AudioFormat::kFlac;
    if (is_lossless && options.bitrate) {
        problems.push_back(
            {ErrorKind::kInvalidOptions, "bitrate",
             "bitrate does not go with wav and flac, which are lossless: leave it out or choose "
             "another format"}
        );
    }
    check_span(options, problems);
}

void check(const ImageOptions& options, Problems& problems) {
    check_framing(options, problems);
}

void check(const AnimationOptions& options, Problems& problems) {
    check_framing(options, problems);
    check_span(options, problems);
}

void check(const AdaptiveVideoOptions& options, Problems& problems) {
    check_framing(options, problems);
    check_span(options, problems);
}

}  // namespace ittybit
