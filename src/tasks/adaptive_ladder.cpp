#include "tasks/adaptive_ladder.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace ittybit::tasks {
namespace {

/// A row of the ladder at medium quality, 16:9 and up to 30 frames a second, for H.264. Below the
/// top a factor is higher the smaller the pictures are: enlarged, what they lack in size shows more
/// than what they lack in bits (docs/performance.md).
struct Step {
    int short_side;
    double max_bitrate;
    double crf;
};
constexpr std::array kSteps = {
    Step{2160, 16'000'000, 24}, Step{1440, 10'000'000, 24.5}, Step{1080, 6'000'000, 25},
    Step{720, 3'200'000, 26},   Step{480, 1'400'000, 28},     Step{360, 800'000, 30},
    Step{240, 300'000, 31},
};

/// The factor of the top, and what a film's demand makes of it: lower by so many steps for each
/// doubling of what it needs, compared with the rates of the table.
constexpr double kTopCrf = 23;
constexpr double kTopCrfAtTable = 24.1;
constexpr double kTopCrfSlope = 1;
constexpr double kLeastTopCrf = 21.5;
constexpr double kMostTopCrf = 25;

/// Of soft pictures small ones lack little, and so have the more bits: the factor changes by so
/// many steps with the power of their area that rates grow with.
constexpr double kUsualGrowth = 0.75;
constexpr double kCrfByGrowth = 25;
constexpr double kMostSharpened = 3;
constexpr double kMostSoftened = 0.5;

/// What our encodes take of the rate that was measured, at the same factor.
constexpr double kShareOfMeasured = 0.4;
constexpr double kHeadroom = 1.3;     // of a cap, over the rate that is awaited
constexpr double kMostRaised = 2.25;  // times, a cap by a film's demand
constexpr double kFarthest = 2.5;     // times, a rate from the one below, as far as it is awaited
constexpr double kApart = 1.3;        // rates of neighbours

/// How an encoder looks for what pictures have in common. Small pictures cost little time, and a
/// longer search saves a fifth of their bits; of large ones x264's trellis saves a sixth at hardly
/// any cost. x265's `superfast` needs an eighth more than `veryfast`, of a shaking camera 70 %
/// more.
struct Search {
    const char* preset;
    const char* tuning;
};
Search search_for(VideoCodec codec, int short_side) {
    if (codec == VideoCodec::kH265) return {"veryfast", ""};
    if (codec == VideoCodec::kAv1) return {"10", ""};  // SVT-AV1 1.4 crashes at some of the slower
    if (short_side > 480) return {"veryfast", "trellis=1"};
    if (short_side > 360) return {"fast", ""};
    return {"medium", ""};
}

/// How a codec differs from H.264, as measured (docs/performance.md).
struct Family {
    std::string_view suffix;
    int most_lines;
    double bits;   // for the same look
    double crf;    // that its factor is higher by
    double slope;  // steps of its factor for one of H.264's
    double most_crf;
};
Family family_of(VideoCodec codec) {
    switch (codec) {
        case VideoCodec::kH265: return {"-h265", 2160, 0.85, 1.5, 1, 51};
        case VideoCodec::kAv1: return {"-av1", 2160, 0.8, 11, 1.7, 63};
        default: return {"", 1080, 1, 0, 1, 51};
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

double area_of(Size size) {
    return static_cast<double>(size.pixels());
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

/// What all rungs of a ladder are decided from.
struct Ladder {
    Size top;
    double fps = 0;
    Quality quality = Quality::kMedium;
    VideoCodec codec = VideoCodec::kH264;
    const std::optional<Demand>& demand;
};

/// The rate that may be had at a size, as the table has it.
double usual_bitrate(Size size, double fps) {
    const double aspect =
        static_cast<double>(std::max(size.width, size.height)) / short_side(size) / kUsualAspect;
    const double bitrate = step_at(short_side(size)).max_bitrate * std::clamp(aspect, 0.5, 2.0);
    return fps > kUsualFps ? bitrate * kFastBitrate : bitrate;
}

/// Of H.264 at medium quality.
double crf_of(Size size, const Ladder& ladder) {
    const bool is_top = size == ladder.top;
    if (!ladder.demand) return is_top ? kTopCrf : step_at(short_side(size)).crf;
    if (!is_top) {
        const double softer = (ladder.demand->growth() - kUsualGrowth) * kCrfByGrowth;
        return step_at(short_side(size)).crf + std::clamp(softer, -kMostSharpened, kMostSoftened);
    }
    const auto& measured = ladder.demand->large;
    const double needed = measured.bitrate / usual_bitrate(measured.size, ladder.fps);
    return std::clamp(
        kTopCrfAtTable - kTopCrfSlope * std::log2(std::max(needed, 0.01)), kLeastTopCrf, kMostTopCrf
    );
}

int whole_kilobits(double bitrate) {
    return static_cast<int>(std::lround(bitrate / 1000)) * 1000;
}

/// Of how many pictures a rendition has one.
int every_at(Size size, const Ladder& ladder) {
    return ladder.fps > kUsualFps && short_side(size) <= kSlowLines ? 2 : 1;
}

/// The rate that such pictures of H.264 will take, uncapped, as far as the film was measured.
double awaited_bitrate(const Rung& rung, double crf, const Ladder& ladder) {
    const double same = ladder.demand->bitrate_at(rung.size) * kShareOfMeasured *
                        std::exp2((Demand::kCrf - crf) / 6);  // six steps halve the bits
    return rung.every > every_at(ladder.top, ladder) ? same / kFastBitrate : same;
}

Rung rung_of(Size size, const Ladder& ladder) {
    const Family family = family_of(ladder.codec);
    Rung rung;
    rung.name = fmt::format("{}p{}", short_side(size), family.suffix);
    rung.codec = ladder.codec;
    rung.size = size;
    rung.every = every_at(size, ladder);
    const Search search = search_for(ladder.codec, short_side(size));
    rung.preset = search.preset;
    rung.tuning = search.tuning;
    const double shift = crf_shift(ladder.quality);
    const double crf = crf_of(size, ladder) + shift;
    const double factor = Demand::kCrf + family.crf + (crf - Demand::kCrf) * family.slope;
    rung.crf = std::min(family.most_crf, std::round(factor * 10) / 10);
    double bitrate = usual_bitrate(size, ladder.fps / rung.every) * std::exp2(-shift / 6);
    if (ladder.demand) {
        rung.awaited = awaited_bitrate(rung, crf, ladder) * family.bits;
        const double most = bitrate * kMostRaised;
        bitrate = std::clamp(rung.awaited / family.bits * kHeadroom, bitrate, most);
    }
    constexpr int kLeastBitrate = 64'000;
    rung.max_bitrate = std::max(kLeastBitrate, whole_kilobits(bitrate * family.bits));
    rung.buffer_bits = static_cast<int>(rung.max_bitrate * kBufferSeconds);
    return rung;
}

/// Gives a rung below another its place: not so far below that players that cannot have the one
/// must do with much less, and neither better nor nearer than the other allows.
void fit_below(const Rung& above, Rung& rung) {
    const double least = std::min(above.awaited, 1.0 * above.max_bitrate) / kFarthest;
    if (rung.awaited > 0 && rung.awaited < least) {
        rung.crf -=
            std::round(60 * std::log2(least / rung.awaited)) / 10 * family_of(rung.codec).slope;
        rung.awaited = least;
        rung.max_bitrate = std::max(rung.max_bitrate, whole_kilobits(least * kHeadroom));
    }
    rung.crf = std::max(rung.crf, above.crf);
    rung.max_bitrate = std::min(rung.max_bitrate, static_cast<int>(above.max_bitrate / kApart));
    rung.buffer_bits = static_cast<int>(rung.max_bitrate * kBufferSeconds);
}

/// What plays on a bad mobile network, below `last`: its peak leaves room for sound of 64 kb/s and
/// for the container.
Rung low_rung(Size top, const Rung& last, const Ladder& ladder) {
    constexpr int kLowLines = 180;
    constexpr int kLowBitrate = 90'000;
    const Size smaller = with_short_side(top, kLowLines);
    const bool is_smaller = is_apart(last.size, smaller);
    Rung low = rung_of(is_smaller ? smaller : last.size, ladder);
    if (!is_smaller) low.name += "-low";
    low.crf = std::max(low.crf, is_smaller ? last.crf : last.crf + 2);
    low.crf = std::min(family_of(ladder.codec).most_crf, low.crf);
    low.max_bitrate = std::min(kLowBitrate, last.max_bitrate * 2 / 3);
    low.buffer_bits = low.max_bitrate;
    return low;
}

/// What a rung is awaited to have on a disk, bits per second.
double told_bitrate(const Rung& rung) {
    constexpr double kContainer = 7'000;
    return kContainer + std::min(rung.awaited, static_cast<double>(rung.max_bitrate));
}

/// Rungs between the first and the last whose rates differ too little from a neighbour's give way.
void leave_out_alike(std::vector<Rung>& rungs) {
    const auto are_apart = [](const Rung& upper, const Rung& lower) {
        return told_bitrate(upper) >= kApart * told_bitrate(lower);
    };
    for (std::size_t i = 1; i + 1 < rungs.size();) {
        const bool is_kept = are_apart(rungs[i - 1], rungs[i]) && are_apart(rungs[i], rungs.back());
        if (is_kept) {
            ++i;
        } else {
            rungs.erase(rungs.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
}

}  // namespace

bool fits_level(Size size, double fps, VideoCodec codec) {
    if (codec != VideoCodec::kH264) {
        const double luma = area_of(size);
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

double Demand::growth() const {
    const double sizes = area_of(large.size) / area_of(small.size);
    const bool is_told = sizes > 1 && small.bitrate > 0 && large.bitrate > 0;
    return is_told ? std::log2(large.bitrate / small.bitrate) / std::log2(sizes) : kUsualGrowth;
}

double Demand::bitrate_at(Size size) const {
    return large.bitrate * std::pow(area_of(size) / area_of(large.size), growth());
}

std::vector<Rung> plan_ladder(
    Size top, double fps, Quality quality, VideoCodec codec, const std::optional<Demand>& demand
) {
    const auto sizes = sizes_from(top, fps, codec);
    const Ladder ladder{sizes.front(), fps, quality, codec, demand};
    std::vector<Rung> rungs;
    for (const Size size : sizes) {
        Rung rung = rung_of(size, ladder);
        if (!rungs.empty()) fit_below(rungs.back(), rung);
        rungs.push_back(std::move(rung));
    }
    rungs.push_back(low_rung(top, rungs.back(), ladder));
    if (demand) leave_out_alike(rungs);
    return rungs;
}

}  // namespace ittybit::tasks
