#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "media/handles.h"
#include "media/sink.h"
#include "model/encoding.h"
#include "model/plan.h"

namespace ittybit::media {

/// What of a picture decides how it must be treated. Frames with equal shapes share a graph.
struct PictureShape {
    int width = 0;
    int height = 0;
    AVPixelFormat format = AV_PIX_FMT_NONE;
    AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
    AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
    AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
    AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
    bool is_interlaced = false;
    bool operator==(const PictureShape&) const = default;
};
PictureShape shape_of(const AVFrame& frame);

/// The chain of steps for pictures of a shape. Their result must have the same size and format
/// whatever the shape.
using PictureSteps = std::function<std::vector<FilterStep>(const PictureShape&)>;

/// Runs pictures through a chain of filters. The graph is built for the first frame and again
/// whenever a frame's shape differs (a resolution change mid-stream; the first interlaced frame);
/// what the old graph held back comes out first. Filters must give one frame for one, or for each
/// of its fields, in order: the rate is changed by Cadence. Timestamps and durations are kept, in
/// `time_base`.
class Filters : public Sink<Frame> {
public:
    Filters(AVRational time_base, PictureSteps steps, Sink<Frame>& next);

    /// Errors: `encode_failed` when the filters refuse the pictures.
    Result<> push(Frame frame) override;
    Result<> finish() override;

private:
    Result<> rebuild(const AVFrame& frame);
    Result<> drain();
    Result<> flush();
    Result<> pass_on(Frame frame);

    AVRational time_base_;
    PictureSteps steps_;
    Sink<Frame>& next_;
    PictureShape shape_;
    FilterGraph graph_;
    AVFilterContext* entrance_ = nullptr;
    AVFilterContext* exit_ = nullptr;
    std::deque<std::pair<std::int64_t, std::int64_t>>
        durations_;  // pts, duration of what is inside
};

/// Brings sound to one rate, layout and sample format. The input's may change between frames. Takes
/// continuous sound (see Soundtrack): timestamps come out as counted samples from 0. Several
/// channels are mixed by ITU-R BS.775 (centre and surround at −3 dB); of ambisonics W goes to both
/// ears, and channels without names in equal parts.
class Resample : public Sink<Frame> {
public:
    /// `is_limited`: a Limiter follows, and mixing need not be turned down to leave room. The
    /// format is then to be a floating one.
    Resample(SoundFormat format, Sink<Frame>& next, bool is_limited = false);

    /// Errors: `encode_failed`.
    Result<> push(Frame frame) override;
    Result<> finish() override;

private:
    Result<> rebuild(const AVFrame& frame);
    Result<> open(const AVChannelLayout& layout, AVSampleFormat format);
    Result<> convert(const AVFrame* frame);
    Result<> pass_on(Frame frame);
    Result<> push_silence();
    Result<Frame> new_frame(int samples) const;

    SoundFormat format_;
    Sink<Frame>& next_;
    bool is_limited_;
    bool is_in_equal_parts_ = false;
    Resampler resampler_;
    int rate_ = 0;
    int sample_format_ = -1;
    std::string layout_;
    std::int64_t samples_in_ = 0;
    std::int64_t samples_ = 0;
};

}  // namespace ittybit::media
