#include "tasks/auto_start.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

namespace ittybit::tasks {
namespace {

/// A grey picture of these levels.
image::Pixels picture(const std::function<double(int x, int y)>& level) {
    image::Pixels pixels{
        .width = 320, .height = 180, .bands = 3, .bits = 8, .bytes = {}, .icc_profile = {}
    };
    for (int y = 0; y < pixels.height; ++y)
        for (int x = 0; x < pixels.width; ++x)
            pixels.bytes.insert(
                pixels.bytes.end(), 3,
                static_cast<std::byte>(std::clamp(std::lround(level(x, y)), 0L, 255L))
            );
    return pixels;
}

/// Bars with edges of a width.
double bars(int x, double edge, double dark, double bright) {
    const double wave = std::sin(x / 20.0) * 20 / edge;
    return dark + (bright - dark) * (std::clamp(wave, -0.5, 0.5) + 0.5);
}

TEST(AutoStart, APictureTellsSomethingByItsEdges) {
    EXPECT_TRUE(is_telling(picture([](int x, int) { return bars(x, 1, 20, 220); })));
    EXPECT_TRUE(is_telling(picture([](int x, int) { return bars(x, 1, 60, 110); })));
}

TEST(AutoStart, BlackFlatAndBlurredTellNothing) {
    const auto noise = [](int x, int y) { return (x * 7919 + y * 104729) % 9; };
    EXPECT_FALSE(is_telling(picture([](int, int) { return 0.0; })));
    EXPECT_FALSE(is_telling(picture([&](int x, int y) { return 16.0 + noise(x, y); })));
    EXPECT_FALSE(is_telling(picture([](int, int) { return 128.0; })));
    EXPECT_FALSE(is_telling(picture([&](int x, int y) { return 200.0 + noise(x, y); })));
    EXPECT_FALSE(is_telling(picture([](int x, int) { return bars(x, 40, 20, 220); })));
    EXPECT_FALSE(is_telling(picture([](int x, int y) { return x / 2.0 + y / 3.0; })));
}

}  // namespace
}  // namespace ittybit::tasks
