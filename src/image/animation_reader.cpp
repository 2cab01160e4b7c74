#include "image/animation_reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <webp/demux.h>

#include "model/limits.h"

namespace ittybit::image {
namespace {

/// The library wants the whole file in memory; an animation on the web is far smaller.
constexpr std::size_t kMostBytes = 1'000'000'000;
constexpr std::size_t kChunk = 1 << 20;

struct DeleteDecoder {
    void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};
using Decoder = std::unique_ptr<WebPAnimDecoder, DeleteDecoder>;

Error damaged() {
    return {ErrorKind::kCorruptMedia, "the webp animation is damaged or cut short", ""};
}

Error too_large(std::string message, std::string name, double value) {
    return {
        ErrorKind::kLimitExceeded, std::move(message), "", LimitReached{std::move(name), value}
    };
}

Result<std::vector<std::uint8_t>> read_all(ByteSource& source) {
    std::vector<std::uint8_t> bytes;
    for (;;) {
        const std::size_t before = bytes.size();
        bytes.resize(before + kChunk);
        const std::span room(bytes.data() + before, kChunk);
        const std::size_t count = TRY(source.read_at(before, std::as_writable_bytes(room)));
        bytes.resize(before + count);
        if (count == 0) return bytes;
        if (bytes.size() > kMostBytes)
            return too_large("the webp animation is too large", "input_bytes", kMostBytes);
    }
}

Result<> check(const WebPAnimInfo& info, const Limits& limits) {
    const std::int64_t pixels = std::int64_t{info.canvas_width} * info.canvas_height;
    if (pixels > limits.pixels) {
        return too_large(
            fmt::format(
                "the picture is {}×{}, more than the {} pixels allowed: make it smaller",
                info.canvas_width, info.canvas_height, limits.pixels
            ),
            "pixels", static_cast<double>(limits.pixels)
        );
    }
    if (info.frame_count > limits.frames) {
        return too_large(
            fmt::format(
                "the animation has {} frames, more than the {} allowed", info.frame_count,
                limits.frames
            ),
            "frames", static_cast<double>(limits.frames)
        );
    }
    return {};
}

}  // namespace

struct AnimationReader::State {
    std::vector<std::uint8_t> bytes;
    Decoder decoder;
    WebPAnimInfo info = {};
    bool has_alpha = false;
    int start_ms = 0;  // of the next frame, as shown
    int clock_ms = 0;  // of the next frame, as the file says
};

AnimationReader::AnimationReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
AnimationReader::~AnimationReader() = default;

Result<std::unique_ptr<AnimationReader>> AnimationReader::open(
    ByteSource& source, const Limits& limits
) {
    auto state = std::make_unique<State>();
    state->bytes = TRY(read_all(source));
    const WebPData data{state->bytes.data(), state->bytes.size()};
    // The header is judged before the decoder reserves the canvas.
    WebPBitstreamFeatures features = {};
    if (WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK) return damaged();
    WebPAnimInfo canvas = {};
    canvas.canvas_width = static_cast<std::uint32_t>(features.width);
    canvas.canvas_height = static_cast<std::uint32_t>(features.height);
    TRY(check(canvas, limits));
    state->has_alpha = features.has_alpha != 0;

    WebPAnimDecoderOptions options;
    if (WebPAnimDecoderOptionsInit(&options) == 0) return damaged();
    options.color_mode = MODE_RGBA;
    state->decoder.reset(WebPAnimDecoderNew(&data, &options));
    if (state->decoder == nullptr) return damaged();
    if (WebPAnimDecoderGetInfo(state->decoder.get(), &state->info) == 0) return damaged();
    TRY(check(state->info, limits));
    return std::unique_ptr<AnimationReader>(new AnimationReader(std::move(state)));
}

Size AnimationReader::size() const {
    return {
        static_cast<int>(state_->info.canvas_width), static_cast<int>(state_->info.canvas_height)
    };
}

int AnimationReader::frames() const {
    return static_cast<int>(state_->info.frame_count);
}

int AnimationReader::loop() const {
    return static_cast<int>(state_->info.loop_count);
}

bool AnimationReader::has_alpha() const {
    return state_->has_alpha;
}

Result<std::optional<AnimationFrame>> AnimationReader::next() {
    WebPAnimDecoder* decoder = state_->decoder.get();
    if (WebPAnimDecoderHasMoreFrames(decoder) == 0) return std::optional<AnimationFrame>();
    std::uint8_t* pixels = nullptr;
    int end_ms = 0;
    if (WebPAnimDecoderGetNext(decoder, &pixels, &end_ms) == 0) return damaged();
    const auto [width, height] = size();
    const auto length = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4;
    // Browsers show a frame without a delay for a tenth of a second; so does everyone else here.
    int duration_ms = end_ms - state_->clock_ms;
    state_->clock_ms = end_ms;
    if (duration_ms <= 10) duration_ms = 100;
    const AnimationFrame frame{
        std::as_bytes(std::span(pixels, length)), state_->start_ms, duration_ms
    };
    state_->start_ms += duration_ms;
    return std::optional(frame);
}

void AnimationReader::rewind() {
    WebPAnimDecoderReset(state_->decoder.get());
    state_->start_ms = 0;
    state_->clock_ms = 0;
}

}  // namespace ittybit::image
