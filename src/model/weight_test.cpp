#include "model/weight.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace ittybit {
namespace {

/// Of an order whose outputs these are: a kind and its options each.
bool is_light(std::initializer_list<std::pair<const char*, const char*>> outputs) {
    Order order;
    for (const auto& [kind, options] : outputs) {
        std::vector<OptionProblem> problems;
        order.outputs.emplace_back().work = read_work(kind, *parse_json(options), problems);
        EXPECT_TRUE(problems.empty()) << options;
    }
    return ittybit::is_light(order);
}

TEST(Weight, OfOnePictureIsLittleAndOfManyIsNot) {
    EXPECT_TRUE(is_light({{"probe", "{}"}}));
    EXPECT_TRUE(is_light({{"image", "{}"}}));
    EXPECT_TRUE(is_light({{"image", R"({"start": "auto", "format": "avif"})"}}));
    EXPECT_FALSE(is_light({{"image", R"({"interval": 5})"}}));
}

TEST(Weight, OfSoundAndClipsFollowsFromTheirEnd) {
    EXPECT_FALSE(is_light({{"audio", "{}"}})) << "nobody knows how long it is";
    EXPECT_TRUE(is_light({{"audio", R"({"start": 3600, "end": 4200})"}}));
    EXPECT_FALSE(is_light({{"audio", R"({"start": 3600, "end": 4201})"}}));
    EXPECT_TRUE(is_light({{"animation", R"({"start": 50, "end": 60, "width": 480})"}}));
    EXPECT_FALSE(is_light({{"animation", R"({"start": 50, "end": 61, "width": 480})"}}));
    EXPECT_FALSE(is_light({{"animation", R"({"end": 5})"}})) << "it may be as large as its input";
    EXPECT_FALSE(is_light({{"animation", R"({"end": 5, "width": "50%"})"}}));
    EXPECT_TRUE(is_light({{"video", R"({"end": 10, "height": 720})"}}));
    EXPECT_FALSE(is_light({{"video", R"({"end": 10, "height": 1080})"}}));
    EXPECT_FALSE(is_light({{"video", R"({"end": 10, "height": 720, "codec": "av1"})"}}));
    EXPECT_FALSE(is_light({{"video", R"({"end": 10, "height": 720, "format": "webm"})"}}));
    EXPECT_FALSE(is_light({{"adaptive_video", R"({"end": 5, "height": 240})"}}));
}

TEST(Weight, OfACopyIsThatOfItsBytes) {
    EXPECT_FALSE(is_light({{"import", "{}"}}));
}

TEST(Weight, OfSeveralIsThatOfTheHeaviest) {
    EXPECT_TRUE(is_light({{"image", "{}"}, {"audio", R"({"end": 30})"}}));
    EXPECT_FALSE(is_light({{"image", "{}"}, {"video", "{}"}}));
}

}  // namespace
}  // namespace ittybit
