#include <algorithm>
#include <ctime>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "manifest/mpd.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

using testing::Contains;
using testing::SizeIs;

/// Manifests of a few megabytes that were made to cost much more. Each is read within seconds, and
/// the program never holds more than hundreds of megabytes.
class Hostile : public testing::Test {
protected:
    void TearDown() override {
        constexpr double kSeconds = 30;  // of this thread; a sanitizer slows it down by much
        constexpr std::int64_t kKilobytes = 1'500'000;
        EXPECT_LT(static_cast<double>(std::clock() - begun_) / CLOCKS_PER_SEC, kSeconds);
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        EXPECT_LT(used.ru_maxrss, kKilobytes);
    }

    std::vector<std::string> broken() const {
        std::vector<std::string> rules;
        for (const auto& finding : report_.findings()) rules.push_back(finding.rule);
        return rules;
    }

    MediaPlaylist media(const std::string& text) {
        return std::get<MediaPlaylist>(read_playlist("http://host/v.m3u8", text, report_));
    }

    Report report_;

private:
    const std::clock_t begun_ = std::clock();
};

std::string repeated(std::string_view text, int times) {
    std::string all;
    all.reserve(text.size() * static_cast<std::size_t>(times));
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

/// A line for each number.
std::string numbered(fmt::format_string<int&> line, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += fmt::format(line, i);
    return all;
}

TEST_F(Hostile, AKeyIsNotKeptForEachSegment) {
    const auto playlist = media(
        "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"" + std::string(60'000, 'k') + "\"\n" +
        repeated("a\n", 60'000)
    );
    EXPECT_THAT(playlist.segments, SizeIs(60'000));
    EXPECT_EQ(playlist.segments.back().encryption, Encryption::kAes128);
}

TEST_F(Hostile, LinesThatAreTooLongAreLeftOutAndTold) {
    const auto playlist = media("#EXTM3U\n#EXTINF:1.0,\n" + std::string(70'000, 'a') + "\nb\n");
    ASSERT_THAT(playlist.segments, SizeIs(1));
    EXPECT_EQ(playlist.segments[0].uri, "http://host/b");
    EXPECT_THAT(broken(), Contains("line"));
}

TEST_F(Hostile, LinesBehindTheMostAreLeftOutAndTold) {
    EXPECT_THAT(media("#EXTM3U\n" + repeated("a\n", 400'000)).segments, SizeIs(299'999));
    EXPECT_EQ(std::ranges::count(broken(), "line"), 1);
}

TEST_F(Hostile, ValuesOfVariablesDoNotMultiply) {
    const auto playlist = media(
        "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + std::string(60'000, 'v') +
        "\"\n#EXT-X-DEFINE:NAME=\"b\",VALUE=\"" + std::string(8'000, 'v') + "\"\n" +
        repeated("{$a}\n{$b}\n", 60'000)
    );
    EXPECT_THAT(broken(), Contains("variable"));
    std::size_t kept = 0;
    for (const auto& segment : playlist.segments) kept += segment.uri.size();
    EXPECT_LT(kept, 20'000'000U);
}

TEST_F(Hostile, ManyVariablesAreDefinedInLittleTime) {
    media("#EXTM3U\n" + numbered("#EXT-X-DEFINE:NAME=\"{}\",VALUE=\"\"\n", 200'000));
}

TEST_F(Hostile, ALongBaseIsKeptForSomeSegmentsOnly) {
    const auto file = "http://host/" + std::string(8'000, 'p') + "/v.m3u8";
    const auto playlist =
        std::get<MediaPlaylist>(read_playlist(file, "#EXTM3U\n" + repeated("a\n", 250'000), report_)
        );
    EXPECT_THAT(playlist.segments.front().uri, SizeIs(8'014));
    EXPECT_EQ(playlist.segments.back().uri, "");
    EXPECT_THAT(broken(), Contains("uri"));
}

TEST_F(Hostile, ManyInitializationSectionsAreToldApartInLittleTime) {
    EXPECT_THAT(
        media("#EXTM3U\n" + numbered("#EXT-X-MAP:URI=\"{}\"\n", 250'000)).maps, SizeIs(250'000)
    );
}

TEST_F(Hostile, ALineOfManyAttributesIsReadInLittleTime) {
    const auto line = "#EXT-X-DATERANGE:" + numbered("A{},", 10'000) + "\n";
    media("#EXTM3U\n" + repeated(line, 100));
}

TEST_F(Hostile, AThousandVariantsAndRenditionsAreKept) {
    const auto playlist = std::get<MultivariantPlaylist>(read_playlist(
        "http://host/m.m3u8",
        "#EXTM3U\n" + numbered("#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"{}\"\nv\n", 50'000) +
            numbered("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"{}\"\n", 50'000),
        report_
    ));
    EXPECT_THAT(playlist.variants, SizeIs(1000));
    EXPECT_THAT(playlist.renditions, SizeIs(1000));
    EXPECT_THAT(broken(), Contains("line"));
}

TEST_F(Hostile, AddressesHaveALength) {
    EXPECT_THAT(resolve("http://host/", std::string(kLongestUrl - 12, 'a')), SizeIs(kLongestUrl));
    EXPECT_EQ(resolve("http://host/", std::string(kLongestUrl - 11, 'a')), "");
    EXPECT_EQ(resolve("http://host/" + std::string(kLongestUrl, 'a'), "b"), "");
}

/// An MPD with this in its period.
std::string mpd(const std::string& inside) {
    return "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" mediaPresentationDuration=\"PT100H\">\n"
           "<Period>" +
           inside + "</Period></MPD>";
}

class HostileMpd : public Hostile {
protected:
    Presentation read(const std::string& inside) {
        return read_mpd("http://host/a.mpd", mpd(inside), report_);
    }
};

TEST_F(HostileMpd, ALongTemplateIsFilledInForSomeSegmentsOnly) {
    const auto presentation = read(
        "<AdaptationSet><SegmentTemplate duration=\"1\" media=\"$RepresentationID$$Number$\"/>"
        "<Representation id=\"" +
        std::string(8'000, 'i') + "\"/></AdaptationSet>"
    );
    std::size_t kept = 0;
    for (const auto& uri : files_of(presentation)) kept += uri.size();
    EXPECT_GT(kept, 1'000'000U);
    EXPECT_LT(kept, 70'000'000U);
    EXPECT_THAT(broken(), Contains("mpd-segments"));
}

TEST_F(HostileMpd, ATemplateLongerThanAnyAddressIsNone) {
    read(
        "<AdaptationSet><SegmentTemplate duration=\"1\" media=\"" + std::string(100'000, 'm') +
        "$Number$\"/><Representation id=\"i\"/></AdaptationSet>"
    );
    EXPECT_THAT(broken(), Contains("mpd-template"));
}

TEST_F(HostileMpd, ElementsInsideElementsAreNotFollowedForLong) {
    const auto deep = [](std::string_view name) {
        return repeated(fmt::format("<{}>", name), 200'000) +
               repeated(fmt::format("</{}>", name), 200'000);
    };
    for (const char* name : {"Period", "S"}) read(deep(name));
    EXPECT_THAT(broken(), Contains("mpd-attribute"));
}

TEST_F(HostileMpd, ManyElementsAreReadInLittleTime) {
    read(repeated("<AdaptationSet/>\n", 400'000));
    read(
        "<AdaptationSet><SegmentTemplate media=\"$Time$\"><SegmentTimeline>" +
        repeated("<S/>\n", 200'000) + "</SegmentTimeline></SegmentTemplate>" +
        repeated("<Representation/>\n", 50'000) + "</AdaptationSet>"
    );
}

TEST_F(HostileMpd, WhatEachRepresentationLooksThroughIsBounded) {
    const auto elements = repeated("<p/>", 450'000);
    const auto presentation = read(
        elements + "<AdaptationSet " + repeated("a='' ", 450'000) + ">" + elements +
        repeated("<Representation/>", 1000) + "</AdaptationSet>"
    );
    EXPECT_THAT(broken(), Contains("mpd"));
    EXPECT_THAT(presentation.representations, SizeIs(0));
}

}  // namespace
}  // namespace ittybit::manifest
