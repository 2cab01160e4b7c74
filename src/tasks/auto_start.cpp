#include "tasks/auto_start.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "media/shown_series.h"
#include "media/stream.h"
#include "tasks/rgb_frames.h"

namespace ittybit::tasks {
namespace {

constexpr int kLookedAtWidth = 320;           // of a picture that is judged
constexpr double kPixelsDecoded = 2e9;        // at most: some seconds of work
constexpr std::int64_t kMostRead = 64 << 20;  // bytes

// Levels of 0–255, and shares of the pixels of a picture.
constexpr int kDark = 40;  // where nearly nothing is brighter, it is black
constexpr int kLeastContrast = 40;
constexpr double kLeastEdge =
    0.12;  // of the contrast, from one pixel to the next, where it is sharp
constexpr double kFewPixels = 0.02;
constexpr double kFewEdges = 0.005;

/// How often each level comes.
class Histogram {
public:
    void add(int level) {
        ++counts_.at(static_cast<std::size_t>(level));
        ++total_;
    }
    /// The level that a share of all does not reach.
    int below(double share) const {
        auto left = static_cast<std::int64_t>(share * static_cast<double>(total_));
        int level = 0;
        while (level < 255 && left >= counts_.at(static_cast<std::size_t>(level)))
            left -= counts_.at(static_cast<std::size_t>(level++));
        return level;
    }

private:
    std::array<std::int64_t, 256> counts_{};
    std::int64_t total_ = 0;
};

std::vector<int> luma_of(const image::Pixels& pixels) {
    const auto bands = static_cast<std::size_t>(pixels.bands);
    const auto count =
        static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height);
    std::vector<int> luma(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto part = [&](std::size_t band) {
            return std::to_integer<int>(pixels.bytes[i * bands + band]);
        };
        luma[i] = (54 * part(0) + 183 * part(1) + 19 * part(2)) / 256;  // BT.709
    }
    return luma;
}

/// Seconds at which the film is looked at: close to each other first, then ever farther apart.
double moment_behind(double seconds) {
    return seconds + std::max(0.5, seconds / 4);
}

}  // namespace

bool is_telling(const image::Pixels& pixels) {
    const auto luma = luma_of(pixels);
    const auto width = static_cast<std::size_t>(pixels.width);
    Histogram levels;
    Histogram edges;
    for (std::size_t i = 0; i < luma.size(); ++i) {
        levels.add(luma[i]);
        if (i % width + 1 < width) edges.add(std::abs(luma[i + 1] - luma[i]));
        if (i + width < luma.size()) edges.add(std::abs(luma[i + width] - luma[i]));
    }
    const int contrast = levels.below(1 - kFewPixels) - levels.below(kFewPixels);
    const bool is_black = levels.below(0.95) < kDark;
    return !is_black && contrast >= kLeastContrast &&
           edges.below(1 - kFewEdges) >= kLeastEdge * contrast;
}

Result<double> telling_moment(Job& job, int stream) {
    auto& input = *TRY(open_media(job));
    const AVStream& video = input.stream(stream);
    const Size display = media::display_size_of(input, video);
    const double area = std::max(1.0, 1.0 * display.width * display.height);
    const int width = std::min(kLookedAtWidth, display.width);
    const Size small{width, std::max(1, display.height * width / display.width)};
    const Treatment treatment = rgb_treatment(video, small, false);
    const auto film = TRY(media::ShownSeries::open(
        input, stream,
        {.packets = static_cast<std::int64_t>(std::clamp(kPixelsDecoded / area, 60.0, 3000.0)),
         .bytes = kMostRead}
    ));
    const double end = input.duration().value_or(0) / 3;
    for (double at = 0; at == 0 || at <= end; at = moment_behind(at)) {
        auto shown = TRY(film->at(at));
        if (!shown) break;
        const auto pixels = TRY(to_pixels(*std::move(shown), treatment));
        if (is_telling(pixels)) return at;
    }
    return 0;
}

}  // namespace ittybit::tasks
