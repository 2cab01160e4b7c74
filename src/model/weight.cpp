#include "model/weight.h"

#include <algorithm>
#include <variant>

namespace ittybit {
namespace {

constexpr double kLongestSound = 600;  // seconds
constexpr double kLongestClip = 10;
constexpr double kLargestSide = 720;  // pixels, of the shorter one mostly

bool is_short(const Span& span, double most) {
    return span.end && *span.end - span.start.value_or(0) <= most;
}

bool is_small(const std::optional<Length>& side) {
    return side && !side->is_percent && side->value <= kLargestSide;
}

bool is_small_clip(const Span& span, const Framing& framing) {
    return is_short(span, kLongestClip) && (is_small(framing.width) || is_small(framing.height));
}

bool is_light(const ProbeOptions&) {
    return true;
}
bool is_light(const ImageOptions& options) {
    return !options.interval;
}
bool is_light(const AudioOptions& options) {
    return is_short(options, kLongestSound);
}
bool is_light(const VideoOptions& options) {
    return options.chosen_codec() == VideoCodec::kH264 && is_small_clip(options, options);
}
bool is_light(const AnimationOptions& options) {
    return is_small_clip(options, options);
}
bool is_light(const AdaptiveVideoOptions&) {
    return false;
}

}  // namespace

bool is_light(const Order& order) {
    return std::ranges::all_of(order.outputs, [](const OrderedOutput& output) {
        const auto* operation = std::get_if<Operation>(&output.work);
        if (operation == nullptr) return false;  // copies take as long as there are bytes
        return std::visit([](const auto& options) { return is_light(options); }, *operation);
    });
}

}  // namespace ittybit
