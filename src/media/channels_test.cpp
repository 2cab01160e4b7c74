#include "media/channels.h"

#include <string>

#include <gmock/gmock.h>

namespace ittybit::media {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::Le;

/// Freed at the end.
struct Layout {
    explicit Layout(const char* name) { av_channel_layout_from_string(&value, name); }
    explicit Layout(int unnamed) {
        value.order = AV_CHANNEL_ORDER_UNSPEC;
        value.nb_channels = unnamed;
    }
    Layout(const Layout&) = delete;
    Layout& operator=(const Layout&) = delete;
    ~Layout() { av_channel_layout_uninit(&value); }
    AVChannelLayout value = {};
};

/// How loud each ear hears a channel.
std::pair<double, double> heard(const std::vector<double>& matrix, const Layout& in, AVChannel of) {
    const auto all = static_cast<std::size_t>(in.value.nb_channels);
    const auto place =
        static_cast<std::size_t>(av_channel_layout_index_from_channel(&in.value, of));
    return {matrix.at(place), matrix.at(all + place)};
}

TEST(Channels, WithoutNamesAreThoseOfTheUsualSet) {
    const std::vector<std::pair<int, std::string>> sets = {
        {1, "mono"}, {2, "stereo"}, {3, "3.0"}, {6, "5.1"}, {8, "7.1"}
    };
    for (const auto& [channels, name] : sets) {
        Layout unnamed(channels);
        const Layout wanted(name.c_str());
        name_channels(unnamed.value);
        EXPECT_EQ(av_channel_layout_compare(&unnamed.value, &wanted.value), 0) << name;
    }
}

TEST(Channels, BesideNoOthersAreLeftAndRight) {
    const Layout stereo("stereo");
    for (const char* name : {"SL+SR", "BL+BR"}) {
        Layout pair(name);
        name_channels(pair.value);
        EXPECT_EQ(av_channel_layout_compare(&pair.value, &stereo.value), 0) << name;
    }
}

TEST(Channels, OfManyNobodyKnowsWhichIsWhich) {
    for (const int channels : {9, 16, 24, 255}) {
        Layout unnamed(channels);
        name_channels(unnamed.value);
        EXPECT_EQ(unnamed.value.order, AV_CHANNEL_ORDER_UNSPEC);
    }
}

TEST(Mix, IsLibswresamplesWhereItLeavesNothingOut) {
    const Layout stereo("stereo");
    for (const char* name : {"mono", "5.1", "7.1", "octagonal"}) {
        const Layout in(name);
        EXPECT_THAT(mix_of_all(in.value, stereo.value, 1), IsEmpty()) << name;
    }
}

TEST(Mix, HearsWhatIsOverhead) {
    const Layout in("FL+FR+FC+LFE+BL+BR+SL+SR+TFL+TFR+TBL+TBR");
    const Layout stereo("stereo");
    const auto matrix = mix_of_all(in.value, stereo.value, 1000);
    ASSERT_EQ(matrix.size(), 24U);
    const auto [left, right] = heard(matrix, in, AV_CHAN_TOP_FRONT_LEFT);
    EXPECT_NEAR(left, 0.7071, 1e-3);
    EXPECT_EQ(right, 0);
    const auto [back_left, back_right] = heard(matrix, in, AV_CHAN_TOP_BACK_RIGHT);
    EXPECT_EQ(back_left, 0);
    EXPECT_NEAR(back_right, 0.5, 1e-3);
    EXPECT_EQ(heard(matrix, in, AV_CHAN_LOW_FREQUENCY), std::pair(0.0, 0.0));
}

TEST(Mix, HasRoomForAllAtOnce) {
    const Layout in("22.2");
    const Layout stereo("stereo");
    const auto matrix = mix_of_all(in.value, stereo.value, 1);
    ASSERT_EQ(matrix.size(), 48U);
    double sum = 0;
    for (std::size_t i = 0; i < 24; ++i) sum += matrix[i];
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_THAT(matrix, Each(Le(1.0)));
    EXPECT_GT(heard(matrix, in, AV_CHAN_SIDE_LEFT).first, 0);
}

TEST(Mix, KeepsWhatTheOutputHas) {
    const Layout in("5.1+TFL+TFR");
    EXPECT_THAT(mix_of_all(in.value, in.value, 1), IsEmpty());
}

}  // namespace
}  // namespace ittybit::media
