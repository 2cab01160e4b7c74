#include "conformance/stream.h"

#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/codec_names.h"
#include "conformance/dash.h"
#include "conformance/variants.h"

namespace ittybit::conformance {
namespace {

using testing::IsEmpty;

TEST(Codecs, OfWhatIsKnownByNameTheNameIsCompared) {
    EXPECT_TRUE(is_codec("vp09.00.10.08", "vp09"));
    EXPECT_TRUE(is_codec("vp09.00.10.08", "vp09.00.10.08"));
    EXPECT_TRUE(is_codec(" opus", "Opus"));
    EXPECT_TRUE(is_codec("ac-4.02.01.03", "ac-4"));
    EXPECT_TRUE(is_codec("avc1.64001F", "avc1.64001f"));
    EXPECT_FALSE(is_codec("vp08.00.10.08", "vp09"));
    EXPECT_FALSE(is_codec("avc1.64001f", "avc1.64001e"));
    EXPECT_FALSE(is_codec("mp4a.40.2", "mp4a.40.5"));
}

/// What is told of a variant with these CODECS whose pictures have that codec.
std::vector<manifest::Finding> told_of(const std::string& codecs, const std::string& found) {
    Stream stream;
    manifest::Report unheard;
    manifest::Report report;
    stream.master = std::get<manifest::MultivariantPlaylist>(manifest::read_playlist(
        "m.m3u8",
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"" + codecs +
            "\"\nv.m3u8\n",
        unheard
    ));
    const auto& uri = stream.master.variants.at(0).uri;
    auto& rendition = stream.renditions[uri];
    rendition.playlist = &stream.playlists[uri];
    rendition.is_read = true;
    rendition.picture.emplace().codec = found;
    check_variants(stream, report);
    return report.findings();
}

TEST(Variants, NoCodecIsDeniedThatIsNotKnown) {
    EXPECT_THAT(told_of("hvc1.2.4.L93.B0", ""), IsEmpty());
    EXPECT_THAT(told_of("vp09.00.10.08", "vp09"), IsEmpty());
    ASSERT_EQ(told_of("av01.0.00M.08", "vp09").size(), 2U);
    EXPECT_EQ(told_of("av01.0.00M.08", "vp09")[0].rule, "codecs");
}

TEST(Rendition, RatesOfEndlessRunsAreMeasuredInLittleTime) {
    manifest::MediaPlaylist playlist;
    playlist.target_duration = 1'000'000'000;
    playlist.segments.resize(100'000);
    Rendition rendition;
    rendition.playlist = &playlist;
    rendition.segments.resize(playlist.segments.size());
    const auto begun = std::clock();
    measure(rendition);
    EXPECT_LT(std::clock() - begun, 15 * CLOCKS_PER_SEC);
}

/// Files of which none is there.
class NoFiles : public Files {
public:
    Presence presence(const std::string&) override { return Presence::kMissing; }
    std::string why_missing(const std::string&) override { return ""; }
    std::int64_t size(const std::string&) override { return 0; }
    Result<std::vector<std::uint8_t>> read(const std::string&, std::int64_t, std::int64_t)
        override {
        return std::vector<std::uint8_t>();
    }
};

TEST(Dash, RepresentationsOfTwoPeriodsMayHaveTheSameId) {
    manifest::Presentation presentation;
    presentation.representations.resize(2);
    for (auto& each : presentation.representations) {
        each.id = "v";
        each.segments.segments.resize(1);
    }
    NoFiles files;
    manifest::Report report;
    EXPECT_EQ(check_presentation(presentation, files, report).playlists.size(), 2U);
}

}  // namespace
}  // namespace ittybit::conformance
