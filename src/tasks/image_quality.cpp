#include "tasks/image_quality.h"

#include <array>

namespace ittybit::tasks {
namespace {

/// The qualities of very_low … very_high on each encoder's own scale.
struct Row {
    ImageFormat format;
    std::array<int, 5> qualities;
    int effort;
};
constexpr std::array kRows = {
    Row{ImageFormat::kJpeg, {45, 62, 77, 86, 93}, 0},
    Row{ImageFormat::kPng, {100, 100, 100, 100, 100}, 6},
    Row{ImageFormat::kWebp, {40, 58, 75, 85, 93}, 4},
    Row{ImageFormat::kAvif, {32, 44, 55, 66, 80}, 2},
};

}  // namespace

SaveSettings image_settings(ImageFormat format, Quality quality) {
    for (const Row& row : kRows) {
        if (row.format != format) continue;
        return {
            .format = format,
            .quality = row.qualities.at(static_cast<std::size_t>(quality)),
            .effort = row.effort,
            // Halved colour shows at the top level: thin red lines, text on colour.
            .full_chroma = quality == Quality::kVeryHigh,
        };
    }
    return {};
}

}  // namespace ittybit::tasks
