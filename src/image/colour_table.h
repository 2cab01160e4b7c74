#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

namespace ittybit::image {

/// Red, green, blue: 0–255.
using Rgb = std::array<std::uint8_t, 3>;

/// How far apart two colours look, in squared levels of green.
int distance(const Rgb& a, const Rgb& b);

/// How often each colour occurs, to five bits a channel, with the mean of those that fall together.
class ColourCounts {
public:
    ColourCounts() : bins_(kBins) {}
    void add(const Rgb& colour);

    /// What fell together, and how often.
    struct Mean {
        std::array<double, 3> mean{};
        double count = 0;
    };
    std::vector<Mean> means() const;

private:
    friend std::vector<Rgb> choose_colours(const ColourCounts& counts, std::size_t most);
    static constexpr std::size_t kBins = 1 << 15;
    struct Bin {
        std::uint32_t count = 0;
        std::array<std::uint64_t, 3> sums{};
    };
    static constexpr std::size_t kMostDistinct = 256;
    std::vector<Bin> bins_;
    std::set<Rgb> distinct_;  // no more than one beyond kMostDistinct
};

/// At most `most` colours that stand for them all: all of them where that is enough. Else the sets
/// of colours that differ most are halved again and again, and each colour of the table is then
/// moved to the mean of those that are nearest to it.
std::vector<Rgb> choose_colours(const ColourCounts& counts, std::size_t most);

/// How far all these colours together are off those of a table, in squared levels.
double error_of(std::span<const Rgb> table, const ColourCounts& counts);

/// Finds the nearest colour of a table, and remembers what it found.
class NearestColour {
public:
    explicit NearestColour(std::span<const Rgb> table);
    std::uint8_t find(const Rgb& colour);

private:
    static constexpr std::int16_t kUnknown = -1;
    static constexpr std::int16_t kSeveral = -2;  // colours of the table have this key
    static std::size_t key_of(const Rgb& colour);
    std::vector<Rgb> table_;
    std::vector<std::int16_t> known_;  // by six bits a channel
};

}  // namespace ittybit::image
