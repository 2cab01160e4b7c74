#include "media/channels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

namespace ittybit::media {
namespace {

constexpr double kMinus3Db = std::numbers::sqrt2 / 2;

/// Factors of each of `in` for each of `out`.
class Matrix {
public:
    Matrix(int rows, int columns)
        : columns_(static_cast<std::size_t>(columns)),
          factors_(static_cast<std::size_t>(rows) * columns_) {}

    double& at(int row, int column) {
        return factors_.at(
            static_cast<std::size_t>(row) * columns_ + static_cast<std::size_t>(column)
        );
    }
    std::vector<double>& factors() { return factors_; }

    bool is_heard(int column) const {
        for (auto at = static_cast<std::size_t>(column); at < factors_.size(); at += columns_)
            if (factors_[at] != 0) return true;
        return false;
    }

    /// No row's sum is beyond `most` then.
    void limit(double most) {
        double greatest = 0;
        for (std::size_t row = 0; row < factors_.size(); row += columns_) {
            double sum = 0;
            for (std::size_t i = 0; i < columns_; ++i) sum += std::abs(factors_[row + i]);
            greatest = std::max(greatest, sum);
        }
        if (greatest <= most) return;
        for (double& factor : factors_) factor *= most / greatest;
    }

private:
    std::size_t columns_;
    std::vector<double> factors_;
};

/// As libswresample mixes unasked, not turned down. It goes through all the factors that it might
/// ever have, whatever the layouts are.
std::optional<Matrix> usual_mix(const AVChannelLayout& in, const AVChannelLayout& out) {
    constexpr double kNoLowFrequencies = 0;
    constexpr double kAnything = 1000;
    constexpr int kMostChannels = 64;  // SWR_CH_MAX
    if (std::max(in.nb_channels, out.nb_channels) > kMostChannels) return std::nullopt;
    Matrix all(kMostChannels, kMostChannels);
    const int code = swr_build_matrix2(
        &in, &out, kMinus3Db, kMinus3Db, kNoLowFrequencies, kAnything, 1, all.factors().data(),
        kMostChannels, AV_MATRIX_ENCODING_NONE, nullptr
    );
    if (code < 0) return std::nullopt;
    Matrix matrix(out.nb_channels, in.nb_channels);
    for (int row = 0; row < out.nb_channels; ++row)
        for (int column = 0; column < in.nb_channels; ++column)
            matrix.at(row, column) = all.at(row, column);
    return matrix;
}

/// The channel of eight around the listener that is nearest to one that is not among them, which is
/// its own nearest.
AVChannel nearest(AVChannel channel) {
    constexpr std::array kNearest = {
        std::pair(AV_CHAN_TOP_FRONT_LEFT, AV_CHAN_FRONT_LEFT),
        std::pair(AV_CHAN_TOP_FRONT_RIGHT, AV_CHAN_FRONT_RIGHT),
        std::pair(AV_CHAN_TOP_FRONT_CENTER, AV_CHAN_FRONT_CENTER),
        std::pair(AV_CHAN_TOP_CENTER, AV_CHAN_FRONT_CENTER),
        std::pair(AV_CHAN_TOP_BACK_LEFT, AV_CHAN_BACK_LEFT),
        std::pair(AV_CHAN_TOP_BACK_RIGHT, AV_CHAN_BACK_RIGHT),
        std::pair(AV_CHAN_TOP_BACK_CENTER, AV_CHAN_BACK_CENTER),
        std::pair(AV_CHAN_TOP_SIDE_LEFT, AV_CHAN_SIDE_LEFT),
        std::pair(AV_CHAN_TOP_SIDE_RIGHT, AV_CHAN_SIDE_RIGHT),
        std::pair(AV_CHAN_BOTTOM_FRONT_LEFT, AV_CHAN_FRONT_LEFT),
        std::pair(AV_CHAN_BOTTOM_FRONT_RIGHT, AV_CHAN_FRONT_RIGHT),
        std::pair(AV_CHAN_BOTTOM_FRONT_CENTER, AV_CHAN_FRONT_CENTER),
        std::pair(AV_CHAN_WIDE_LEFT, AV_CHAN_FRONT_LEFT),
        std::pair(AV_CHAN_WIDE_RIGHT, AV_CHAN_FRONT_RIGHT),
        std::pair(AV_CHAN_SURROUND_DIRECT_LEFT, AV_CHAN_SIDE_LEFT),
        std::pair(AV_CHAN_SURROUND_DIRECT_RIGHT, AV_CHAN_SIDE_RIGHT),
    };
    const auto* found =
        std::ranges::find(kNearest, channel, [](const auto& row) { return row.first; });
    return found == kNearest.end() ? channel : found->second;
}

}  // namespace

void name_channels(AVChannelLayout& layout) {
    constexpr int kMostNamed = 8;
    constexpr std::array<std::uint64_t, 3> kPairs = {
        AV_CH_SIDE_LEFT | AV_CH_SIDE_RIGHT, AV_CH_BACK_LEFT | AV_CH_BACK_RIGHT,
        AV_CH_FRONT_LEFT_OF_CENTER | AV_CH_FRONT_RIGHT_OF_CENTER
    };
    const int channels = layout.nb_channels;
    const bool is_named = layout.order == AV_CHANNEL_ORDER_NATIVE;
    if (is_named && std::ranges::find(kPairs, layout.u.mask) != kPairs.end())
        layout = AV_CHANNEL_LAYOUT_STEREO;
    if (layout.order != AV_CHANNEL_ORDER_UNSPEC || channels > kMostNamed) return;
    av_channel_layout_uninit(&layout);
    if (channels == 3) {
        layout = AV_CHANNEL_LAYOUT_SURROUND;
    } else {
        av_channel_layout_default(&layout, channels);
    }
}

std::vector<double> mix_of_all(const AVChannelLayout& in, const AVChannelLayout& out, double most) {
    const AVChannelLayout around = AV_CHANNEL_LAYOUT_OCTAGONAL;
    auto matrix = usual_mix(in, out);
    auto reference = usual_mix(around, out);
    if (!matrix || !reference) return {};
    bool is_any_added = false;
    for (int column = 0; column < in.nb_channels; ++column) {
        const auto channel =
            av_channel_layout_channel_from_index(&in, static_cast<unsigned>(column));
        const int place = av_channel_layout_index_from_channel(&around, nearest(channel));
        if (place < 0 || matrix->is_heard(column)) continue;
        is_any_added = true;
        for (int row = 0; row < out.nb_channels; ++row)
            matrix->at(row, column) = kMinus3Db * reference->at(row, place);
    }
    if (!is_any_added) return {};
    matrix->limit(most);
    return std::move(matrix->factors());
}

}  // namespace ittybit::media
