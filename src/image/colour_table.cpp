#include "image/colour_table.h"

#include <algorithm>
#include <limits>

namespace ittybit::image {
namespace {

/// How much the eye minds a difference of each channel.
constexpr std::array<int, 3> kWeights = {2, 4, 1};
constexpr int kRefinements = 2;

using Colour = ColourCounts::Mean;
using Colours = std::span<Colour>;

/// A set of colours, and along which channel it is widest.
struct Box {
    Colours colours;
    std::size_t channel = 0;
    double middle = 0;  // the mean of that channel
    double spread = 0;  // its weighted variance times the pixels
};

Box box_of(Colours colours) {
    Box box{.colours = colours};
    for (std::size_t channel = 0; channel < 3; ++channel) {
        double count = 0;
        double sum = 0;
        double squares = 0;
        for (const Colour& colour : colours) {
            const double value = colour.mean.at(channel);
            count += colour.count;
            sum += colour.count * value;
            squares += colour.count * value * value;
        }
        const double spread = (squares - sum * sum / count) * kWeights.at(channel);
        if (spread <= box.spread) continue;
        box.channel = channel;
        box.middle = sum / count;
        box.spread = spread;
    }
    return box;
}

Rgb mean_of(Colours colours) {
    std::array<double, 3> sums{};
    double count = 0;
    for (const Colour& colour : colours) {
        count += colour.count;
        for (std::size_t i = 0; i < 3; ++i) sums.at(i) += colour.mean.at(i) * colour.count;
    }
    Rgb mean{};
    for (std::size_t i = 0; i < 3; ++i)
        mean.at(i) = static_cast<std::uint8_t>(sums.at(i) / count + 0.5);
    return mean;
}

std::vector<Box> boxes_of(Colours colours, std::size_t most) {
    std::vector<Box> boxes = {box_of(colours)};
    while (boxes.size() < most) {
        const auto widest = std::ranges::max_element(boxes, {}, &Box::spread);
        const Box box = *widest;
        if (box.spread <= 0) break;
        const auto high =
            std::partition(box.colours.begin(), box.colours.end(), [&](const Colour& colour) {
                return colour.mean.at(box.channel) < box.middle;
            });
        widest->spread = 0;
        if (high == box.colours.begin() || high == box.colours.end()) continue;
        *widest = box_of({box.colours.begin(), high});
        boxes.push_back(box_of({high, box.colours.end()}));
    }
    return boxes;
}

Rgb rounded(const Colour& colour) {
    Rgb out{};
    for (std::size_t i = 0; i < 3; ++i)
        out.at(i) = static_cast<std::uint8_t>(colour.mean.at(i) + 0.5);
    return out;
}

std::size_t nearest_of(std::span<const Rgb> table, const Rgb& colour) {
    std::size_t best = 0;
    int least = std::numeric_limits<int>::max();
    for (std::size_t i = 0; i < table.size(); ++i) {
        const int off = distance(table[i], colour);
        if (off >= least) continue;
        least = off;
        best = i;
    }
    return best;
}

void refine(std::vector<Rgb>& table, Colours colours) {
    std::vector<Colour> sums(table.size());
    for (const Colour& colour : colours) {
        Colour& sum = sums[nearest_of(table, rounded(colour))];
        sum.count += colour.count;
        for (std::size_t i = 0; i < 3; ++i) sum.mean.at(i) += colour.mean.at(i) * colour.count;
    }
    for (std::size_t i = 0; i < table.size(); ++i) {
        Colour& sum = sums[i];
        if (sum.count == 0) continue;
        for (double& part : sum.mean) part /= sum.count;
        table[i] = rounded(sum);
    }
}

}  // namespace

int distance(const Rgb& a, const Rgb& b) {
    int sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        const int off = a[i] - b[i];
        sum += off * off * kWeights[i];
    }
    return sum / kWeights[1];
}

void ColourCounts::add(const Rgb& colour) {
    if (distinct_.size() <= kMostDistinct) distinct_.insert(colour);
    const auto bin =
        static_cast<std::size_t>((colour[0] >> 3) << 10 | (colour[1] >> 3) << 5 | colour[2] >> 3);
    ++bins_[bin].count;
    for (std::size_t i = 0; i < 3; ++i) bins_[bin].sums[i] += colour[i];
}

std::vector<ColourCounts::Mean> ColourCounts::means() const {
    std::vector<Mean> means;
    for (const Bin& bin : bins_) {
        if (bin.count == 0) continue;
        Mean& mean = means.emplace_back();
        mean.count = bin.count;
        for (std::size_t i = 0; i < 3; ++i)
            mean.mean.at(i) = static_cast<double>(bin.sums.at(i)) / bin.count;
    }
    return means;
}

double error_of(std::span<const Rgb> table, const ColourCounts& counts) {
    double error = 0;
    for (const Colour& colour : counts.means()) {
        const Rgb seen = rounded(colour);
        error += colour.count * distance(seen, table[nearest_of(table, seen)]);
    }
    return error;
}

std::vector<Rgb> choose_colours(const ColourCounts& counts, std::size_t most) {
    if (counts.distinct_.size() <= most) return {counts.distinct_.begin(), counts.distinct_.end()};
    std::vector<Colour> colours = counts.means();
    std::vector<Rgb> table;
    for (const Box& box : boxes_of(colours, most)) table.push_back(mean_of(box.colours));
    for (int i = 0; i < kRefinements; ++i) refine(table, colours);
    return table;
}

NearestColour::NearestColour(std::span<const Rgb> table)
    : table_(table.begin(), table.end()), known_(std::size_t{1} << 18, kUnknown) {
    for (std::size_t i = 0; i < table_.size(); ++i) {
        std::int16_t& known = known_[key_of(table_[i])];
        known = known == kUnknown ? static_cast<std::int16_t>(i) : kSeveral;
    }
}

std::size_t NearestColour::key_of(const Rgb& colour) {
    return static_cast<std::size_t>(
        (colour[0] >> 2) << 12 | (colour[1] >> 2) << 6 | colour[2] >> 2
    );
}

std::uint8_t NearestColour::find(const Rgb& colour) {
    std::int16_t& known = known_[key_of(colour)];
    if (known == kSeveral) return static_cast<std::uint8_t>(nearest_of(table_, colour));
    if (known == kUnknown) known = static_cast<std::int16_t>(nearest_of(table_, colour));
    return static_cast<std::uint8_t>(known);
}

}  // namespace ittybit::image
