#include "tasks/adaptive_ladder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace ittybit::tasks {
namespace {

/// A row of the ladder at medium quality, 16:9 and up to 30 frames a second, for H.264.
struct Step {
    int short_side;
    double max_bitrate;
    double crf;
};
constexpr std::array kSteps = {
    Step{2160, 16'000'000, 21}, Step{1440, 10'000'000, 21.5}, Step{1080, 6'000'000, 22},
    Step{720, 3'200'000, 23},   Step{480, 1'400'000, 24},     Step{360, 800'000, 25},
    Step{240, 300'000, 26},
};

/// How x264 looks for what pictures have in common, and by how much its factor is higher then.
/// Small pictures cost little time, and a longer search saves a fifth of their bits
/// (docs/performance.md).
struct Search {
    const char* preset;
    double crf;
};
Search search_for(int short_side) {
    if (short_side > 480) return {"veryfast", 0};
    if (short_side > 360) return {"fast", 1.5};
    return {"medium", 2};
}

/// How a codec differs from H.264.
struct Family {
    std::string_view suffix;
    int most_lines;
    double bits;   // for the same look
    double crf;    // that its factor is higher by
    double slope;  // steps of its factor for one of H.264's
};
Family family_of(VideoCodec codec) {
    switch (codec) {
        case VideoCodec::kH265: return {"-h265", 2160, 0.7, 3, 1};
        case VideoCodec::kAv1: return {"-av1", 2160, 0.55, 12, 1.7};
        default: return {"", 1080, 1, 0, 1};
    }
}

constexpr double kLeastStep = 1.15;  // a rung nearer to the one above is not worth its bytes
constexpr double kUsualAspect = 16.0 / 9;
constexpr double kUsualFps = 30.5;      // at most
constexpr int kSlowLines = 432;         // pictures up to here are never faster
constexpr double kFastBitrate = 1.5;    // for faster ones
constexpr double kBufferSeconds = 1.5;  // keeps the peak under twice the average

// ITU-T H.264, table A-1, level 4.2.
constexpr int kMaxMacroblocks = 8704;
constexpr int kMaxMacroblockRate = 522'240;
constexpr int kMaxSideMacroblocks = 263;  // sqrt(8 * 8704)
// ITU-T H.265, table A.8, level 5.1.
constexpr double kMaxLuma = 8'912'896;
constexpr double kMaxLumaRate = 534'773'760;
constexpr int kMaxSide = 8444;  // sqrt(8 * 8912896)

int short_side(Size size) {
    return std::min(size.width, size.height);
}

int even(double side) {
    return std::max(2, static_cast<int>(side / 2) * 2);
}

Size scaled(Size size, double factor) {
    constexpr double kRounding = 1e-6;
    return {
        even(std::round(size.width * factor) + kRounding),
        even(std::round(size.height * factor) + kRounding)
    };
}

/// `size` in its proportions with this short side; the long side goes to the nearest even number.
Size with_short_side(Size size, int side) {
    const double longer =
        static_cast<double>(std::max(size.width, size.height)) * side / short_side(size);
    const int rounded = std::max(2, static_cast<int>(std::lround(longer / 2)) * 2);
    const int shorter = even(side);
    return size.width >= size.height ? Size{rounded, shorter} : Size{shorter, rounded};
}

Size shrunk_to_level(Size size, double fps, VideoCodec codec) {
    double factor = 1;
    Size fitted = scaled(size, factor);
    while (!fits_level(fitted, fps, codec)) {
        factor *= 0.99;
        fitted = scaled(size, factor);
    }
    return fitted;
}

bool is_apart(Size upper, Size lower) {
    return short_side(upper) >= kLeastStep * short_side(lower);
}

std::vector<Size> sizes_from(Size top, double fps, VideoCodec codec) {
    const int most = family_of(codec).most_lines;
    const Size first = short_side(top) > most ? with_short_side(top, most) : scaled(top, 1);
    std::vector<Size> sizes = {shrunk_to_level(first, fps, codec)};
    for (const auto& step : kSteps) {
        const Size size = with_short_side(top, step.short_side);
        if (is_apart(sizes.back(), size)) sizes.push_back(size);
    }
    return sizes;
}

/// The step at a short side; between two of the table the bit rate follows the logarithm of the
/// size, and the factor the lower one's.
Step step_at(int side) {
    const auto lower = std::find_if(kSteps.begin(), kSteps.end(), [&](const Step& step) {
        return step.short_side <= side;
    });
    if (lower == kSteps.end()) {
        const auto& least = kSteps.back();
        const double ratio = static_cast<double>(side) / least.short_side;
        return {side, least.max_bitrate * ratio * ratio, least.crf};
    }
    if (lower == kSteps.begin()) return *lower;
    const auto upper = lower - 1;
    const double along = std::log(static_cast<double>(side) / lower->short_side) /
                         std::log(static_cast<double>(upper->short_side) / lower->short_side);
    return {
        side, lower->max_bitrate * std::pow(upper->max_bitrate / lower->max_bitrate, along),
        lower->crf
    };
}

/// How far a quality is from medium, in steps of CRF.
double crf_shift(Quality quality) {
    switch (quality) {
        case Quality::kVeryLow: return 9;
        case Quality::kLow: return 5;
        case Quality::kMedium: return 0;
        case Quality::kHigh: return -3;
        case Quality::kVeryHigh: return -6;
    }
    return 0;
}

Rung rung_of(Size size, double fps, Quality quality, VideoCodec codec) {
    const Family family = family_of(codec);
    const int every = fps > kUsualFps && short_side(size) <= kSlowLines ? 2 : 1;
    fps /= every;
    const Step step = step_at(short_side(size));
    const double shift = crf_shift(quality);
    const double aspect =
        static_cast<double>(std::max(size.width, size.height)) / short_side(size) / kUsualAspect;
    double bitrate = step.max_bitrate * family.bits * std::clamp(aspect, 0.5, 2.0);
    bitrate *= std::exp2(-shift / 6);  // six steps halve the bits
    if (fps > kUsualFps) bitrate *= kFastBitrate;
    constexpr int kLeastBitrate = 64'000;
    const int max_bitrate =
        std::max(kLeastBitrate, static_cast<int>(std::lround(bitrate / 1000)) * 1000);
    constexpr double kMedium = 23;
    const Search search = codec == VideoCodec::kH264 ? search_for(short_side(size)) : Search{"", 0};
    return {
        fmt::format("{}p{}", short_side(size), family.suffix),
        codec,
        size,
        every,
        search.preset,
        kMedium + family.crf + (step.crf + shift - kMedium) * family.slope + search.crf,
        max_bitrate,
        static_cast<int>(max_bitrate * kBufferSeconds)
    };
}

/// What plays on a bad mobile network, below `last`: its peak leaves room for sound of 64 kb/s and
/// for the container.
Rung low_rung(Size top, const Rung& last, double fps, Quality quality) {
    constexpr int kLowLines = 180;
    constexpr int kLowBitrate = 90'000;
    const Size smaller = with_short_side(top, kLowLines);
    const bool is_smaller = is_apart(last.size, smaller);
    Rung low = rung_of(is_smaller ? smaller : last.size, fps, quality, last.codec);
    if (!is_smaller) low.name += "-low";
    low.crf = std::max(low.crf, last.crf) + 2;
    low.max_bitrate = std::min(kLowBitrate, last.max_bitrate * 2 / 3);
    low.buffer_bits = low.max_bitrate;
    return low;
}

}  // namespace

bool fits_level(Size size, double fps, VideoCodec codec) {
    if (codec != VideoCodec::kH264) {
        const double luma = static_cast<double>(size.width) * size.height;
        return std::max(size.width, size.height) <= kMaxSide && luma <= kMaxLuma &&
               luma * fps <= kMaxLumaRate;
    }
    const int columns = (size.width + 15) / 16;
    const int rows = (size.height + 15) / 16;
    return columns <= kMaxSideMacroblocks && rows <= kMaxSideMacroblocks &&
           columns * rows <= kMaxMacroblocks && columns * rows * fps <= kMaxMacroblockRate;
}

Size without_enlarging(Size box, Size source, Fit fit) {
    const double across = static_cast<double>(box.width) / source.width;
    const double down = static_cast<double>(box.height) / source.height;
    const double enlarged = fit == Fit::kContain ? std::min(across, down) : std::max(across, down);
    return enlarged <= 1 ? box
                         : Size{
                               std::max(1, static_cast<int>(std::lround(box.width / enlarged))),
                               std::max(1, static_cast<int>(std::lround(box.height / enlarged)))
                           };
}

std::vector<Rung> plan_ladder(Size top, double fps, Quality quality, VideoCodec codec) {
    std::vector<Rung> rungs;
    for (const Size size : sizes_from(top, fps, codec))
        rungs.push_back(rung_of(size, fps, quality, codec));
    rungs.push_back(low_rung(top, rungs.back(), fps, quality));
    return rungs;
}

}  // namespace ittybit::tasks
