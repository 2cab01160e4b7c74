#include "manifest/playlist.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manifest/mpd.h"
#include "manifest/reference.h"

namespace ittybit::manifest {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kGood =
    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    "#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:6.006,\na%20b.m4s\n#EXTINF:2.5,\nc.m4s\n"
    "#EXT-X-ENDLIST\n";

Playlist read(std::string_view text, std::vector<Finding>* findings = nullptr) {
    Report report;
    auto playlist = read_playlist("http://host/show/v.m3u8", text, report);
    if (findings != nullptr) *findings = report.findings();
    return playlist;
}

std::vector<std::string> broken(std::string_view text) {
    std::vector<Finding> findings;
    read(text, &findings);
    std::vector<std::string> rules;
    for (const auto& finding : findings) rules.push_back(finding.rule);
    return rules;
}

/// A text with one part of it replaced.
std::string with(std::string_view text, std::string_view part, std::string_view other) {
    return std::string(text).replace(text.find(part), part.size(), other);
}

/// What is told of the good playlist with one part of it replaced.
std::vector<std::string> broken_by(std::string_view part, std::string_view other) {
    return broken(with(kGood, part, other));
}

TEST(Playlist, SegmentsKnowTheirKeysAndVectors) {
    const auto playlist = std::get<MediaPlaylist>(
        read("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI=\"init.mp4\"\n"
             "#EXT-X-KEY:METHOD=AES-128,URI=\"../key\"\n#EXTINF:6.0,\na.m4s\n"
             "#EXT-X-KEY:METHOD=AES-128,URI=\"k2\",IV=0x000102030405060708090a0b0c0d0e0f\n"
             "#EXTINF:6.0,\nb.m4s\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:6.0,\nc.m4s\n"
             "#EXT-X-KEY:METHOD=AES-128,URI=\"skd://x\",KEYFORMAT=\"com.apple\"\n"
             "#EXTINF:6.0,\nd.m4s\n")
    );
    ASSERT_EQ(playlist.keys.size(), 2U);
    EXPECT_EQ(playlist.keys[0].uri, "http://host/key");
    EXPECT_EQ(playlist.keys[0].iv, "");
    EXPECT_EQ(playlist.keys[1].iv, "000102030405060708090a0b0c0d0e0f");
    EXPECT_EQ(playlist.segments[0].key, 0U);
    EXPECT_EQ(playlist.segments[1].key, 1U);
    EXPECT_FALSE(playlist.segments[2].key || playlist.segments[3].key || playlist.maps[0].key);
}

TEST(Playlist, AMediaPlaylistBecomesValuesWithResolvedAddresses) {
    std::vector<Finding> findings;
    const auto playlist = std::get<MediaPlaylist>(read(kGood, &findings));
    EXPECT_THAT(findings, IsEmpty());
    EXPECT_EQ(playlist.target_duration, 6);
    EXPECT_TRUE(playlist.is_ended);
    ASSERT_EQ(playlist.segments.size(), 2U);
    EXPECT_EQ(playlist.segments[0].uri, "http://host/show/a%20b.m4s");
    EXPECT_EQ(playlist.segments[0].line, 7);
    EXPECT_NEAR(playlist.duration(), 8.506, 1e-9);
    EXPECT_EQ(playlist.maps.at(playlist.segments[1].map.value()).uri, "http://host/show/init.mp4");
    EXPECT_THAT(
        files_of(playlist),
        ElementsAre(
            "http://host/show/init.mp4", "http://host/show/a%20b.m4s", "http://host/show/c.m4s"
        )
    );
}

TEST(Playlist, ARangeWithoutOffsetFollowsTheOneBefore) {
    const auto playlist =
        std::get<MediaPlaylist>(read("#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:6\n"
                                     "#EXTINF:6.0,\n#EXT-X-BYTERANGE:100@20\na.ts\n"
                                     "#EXTINF:6.0,\n#EXT-X-BYTERANGE:50\na.ts\n"));
    ASSERT_EQ(playlist.segments.size(), 2U);
    EXPECT_EQ(playlist.segments[1].range, (ByteRange{120, 50}));
}

TEST(Playlist, ARangeWithoutOffsetFollowsNoOtherFile) {
    const std::string text =
        "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:EVENT\n"
        "#EXTINF:6.0,\n#EXT-X-BYTERANGE:100@20\na.ts\n"
        "#EXTINF:6.0,\nb.ts\n#EXTINF:6.0,\n#EXT-X-BYTERANGE:50\na.ts\n";
    EXPECT_THAT(broken(text), ElementsAre("byte-range"));
}

/// What is told of the good playlist without its end, and with these tags in place of its type.
std::vector<std::string> broken_running(std::string_view tags) {
    return broken(with(with(kGood, "#EXT-X-ENDLIST\n", ""), "#EXT-X-PLAYLIST-TYPE:VOD\n", tags));
}

TEST(Playlist, WhatIsLiveOrAnEventIsAllowed) {
    EXPECT_THAT(broken_running("#EXT-X-PLAYLIST-TYPE:EVENT\n"), IsEmpty());
    EXPECT_THAT(broken_running("#EXT-X-MEDIA-SEQUENCE:7\n"), IsEmpty());
    EXPECT_THAT(broken_running("#EXT-X-SERVER-CONTROL:HOLD-BACK=18.0\n"), IsEmpty());
    EXPECT_THAT(broken_by("VOD", "EVENT"), IsEmpty());
    EXPECT_THAT(broken_by("#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:7"), IsEmpty());
    EXPECT_THAT(broken_running("#EXT-X-PLAYLIST-TYPE:VOD\n"), ElementsAre("endlist"));
    EXPECT_THAT(broken_running(""), ElementsAre("unfinished"));
}

TEST(Playlist, SequencesStandBeforeWhatTheyCount) {
    EXPECT_THAT(
        broken_by(
            "#EXT-X-MAP", "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP"
        ),
        IsEmpty()
    );
    EXPECT_THAT(
        broken_by(
            "#EXT-X-MAP", "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MAP"
        ),
        ElementsAre("sequence-order")
    );
}

TEST(Playlist, TitlesAndCommentsMayEndInBlanks) {
    EXPECT_THAT(broken_by("6.006,", "6.006, "), IsEmpty());
    EXPECT_THAT(broken_by("6.006,", "6.006,A title "), IsEmpty());
    EXPECT_THAT(broken_by("#EXTINF", "# a comment \n#EXTINF"), IsEmpty());
    EXPECT_THAT(broken_by("a%20b.m4s", "a%20b.m4s "), ElementsAre("line"));
    EXPECT_THAT(broken_by("#EXTINF", " #EXTINF"), ElementsAre("line"));
    EXPECT_THAT(broken_by("#EXTINF", " \t\n#EXTINF"), ElementsAre("utf8", "line"));
}

TEST(Playlist, DatesWithoutAZoneAndStartsBehindTheEndAreAdvisedAgainst) {
    std::vector<Finding> findings;
    std::string text(kGood);
    read(
        text.insert(
            text.find("#EXTINF"),
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-28T12:00:00\n"
            "#EXT-X-START:TIME-OFFSET=60\n"
        ),
        &findings
    );
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].rule, "date-zone");
    EXPECT_EQ(findings[1].rule, "start");
    EXPECT_EQ(count(findings, Severity::kShould), 2);
}

/// Where a segment leads whose address has a variable that is defined so.
std::string led_by(const std::string& definition, const Variables& imported) {
    Report report;
    const auto playlist = read_playlist(
        "http://host/v.m3u8?t=a%2Fb&u",
        "#EXTM3U\n#EXT-X-VERSION:11\n#EXT-X-DEFINE:" + definition + "\n#EXTINF:6.0,\n{$x}.ts\n",
        report, &imported
    );
    return std::get<MediaPlaylist>(playlist).segments.at(0).uri;
}

TEST(Playlist, VariablesHaveTheirValuesFromWhereTheyAreDefined) {
    const Variables imported = {{"x", "/up"}, {"y", std::nullopt}};
    EXPECT_EQ(led_by("NAME=\"x\",VALUE=\"here\"", imported), "http://host/here.ts");
    EXPECT_EQ(led_by("IMPORT=\"x\"", imported), "http://host/up.ts");
    EXPECT_EQ(led_by("QUERYPARAM=\"x\"", imported), "");
    EXPECT_EQ(led_by("IMPORT=\"x\"", {}), "");
    EXPECT_EQ(led_by("IMPORT=\"x\"", {{"x", std::nullopt}}), "");
    Report report;
    const auto playlist = read_playlist(
        "http://host/v.m3u8?t=a%2Fb&u",
        "#EXTM3U\n#EXT-X-VERSION:11\n#EXT-X-DEFINE:QUERYPARAM=\"t\"\n#EXTINF:6.0,\n{$t}/{$t}.ts\n",
        report
    );
    EXPECT_THAT(files_of(playlist), ElementsAre("http://host/a/b/a/b.ts"));
}

TEST(Playlist, AMultivariantPlaylistTellsItsVariables) {
    const auto playlist = std::get<MultivariantPlaylist>(
        read("#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n#EXT-X-DEFINE:QUERYPARAM=\"q\"\n"
             "#EXT-X-STREAM-INF:BANDWIDTH=1\n{$a}/{$q}.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{$a}\n")
    );
    EXPECT_THAT(
        playlist.variables,
        ElementsAre(std::pair("a", std::optional("b")), std::pair("q", std::nullopt))
    );
    EXPECT_THAT(files_of(playlist), ElementsAre("http://host/show/b"));
}

TEST(Playlist, EachMistakeIsToldByTheRuleItBreaks) {
    EXPECT_THAT(broken_by("#EXTM3U\n", ""), Contains("extm3u"));
    EXPECT_THAT(broken_by("VERSION:7", "VERSION:3"), ElementsAre("version"));
    EXPECT_THAT(broken_by("6.006,", "6.006"), ElementsAre("extinf"));
    EXPECT_THAT(broken_by("6.006,", "7.006,"), ElementsAre("target-duration"));
    EXPECT_THAT(broken_by("a%20b", "a b"), ElementsAre("uri"));
    EXPECT_THAT(broken_by("a%20b.m4s", "c.m4s"), ElementsAre("segment-repeated"));
    EXPECT_THAT(broken_by("#EXT-X-ENDLIST\n", ""), ElementsAre("endlist"));
    EXPECT_THAT(broken_by("#EXT-X-PLAYLIST-TYPE:VOD\n", ""), ElementsAre("playlist-type"));
    EXPECT_THAT(broken_by("#EXTINF:2.5,\n", ""), ElementsAre("extinf"));
    EXPECT_THAT(broken_by("URI=\"init.mp4\"", "URI=init.mp4"), ElementsAre("attribute-value"));
    EXPECT_THAT(broken_by("#EXT-X-MAP", "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MAP"), IsEmpty());
    EXPECT_THAT(broken_by("#EXT-X-MAP", "#EXT-X-MPA"), Contains("unknown-tag"));
}

constexpr std::string_view kMaster =
    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
    "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"A, b\",LANGUAGE=\"en\",CHANNELS=\"2\","
    "DEFAULT=YES,AUTOSELECT=YES,URI=\"a.m3u8\"\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=180000,AVERAGE-BANDWIDTH=150000,CODECS=\"avc1.64001e,mp4a.40.2\","
    "RESOLUTION=640x360,FRAME-RATE=25.000,AUDIO=\"a\",CLOSED-CAPTIONS=NONE\nv.m3u8\n"
    "#EXT-X-STREAM-INF:BANDWIDTH=900000,AVERAGE-BANDWIDTH=750000,CODECS=\"avc1.64001f,mp4a.40.2\","
    "RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO=\"a\",CLOSED-CAPTIONS=NONE\nw.m3u8\n"
    "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=18000,AVERAGE-BANDWIDTH=15000,CODECS=\"avc1.64001e\","
    "RESOLUTION=640x360,URI=\"i.m3u8\"\n";

std::vector<std::string> broken_master(std::string_view part, std::string_view other) {
    return broken(with(kMaster, part, other));
}

TEST(Playlist, AMultivariantPlaylistBecomesValues) {
    std::vector<Finding> findings;
    const auto playlist = std::get<MultivariantPlaylist>(read(kMaster, &findings));
    EXPECT_THAT(findings, IsEmpty());
    ASSERT_EQ(playlist.variants.size(), 2U);
    EXPECT_EQ(playlist.variants[0].uri, "http://host/show/v.m3u8");
    EXPECT_EQ(playlist.renditions.at(0).attributes.value("NAME"), "A, b");
    EXPECT_EQ(playlist.key_frames.at(0).attributes.integer("BANDWIDTH"), 18000);
}

TEST(Playlist, RatesBeyondAnyBoundAreCompared) {
    EXPECT_THAT(
        broken_master("AVERAGE-BANDWIDTH=150000", "AVERAGE-BANDWIDTH=9223372036854775807"),
        ElementsAre("bandwidth-order")
    );
}

TEST(Playlist, WhatVariantsAndGroupsLackIsTold) {
    EXPECT_THAT(broken_master("AUDIO=\"a\"", "AUDIO=\"b\""), ElementsAre("group-missing"));
    EXPECT_THAT(broken_master("LANGUAGE=\"en\",", ""), ElementsAre("language-missing"));
    EXPECT_THAT(broken_master("\"en\"", "\"english\""), ElementsAre("language"));
    EXPECT_THAT(broken_master("FRAME-RATE=25.000,", ""), ElementsAre("frame-rate-missing"));
    EXPECT_THAT(broken_master(",AVERAGE", ", AVERAGE"), Contains("attribute-list"));
    EXPECT_THAT(broken_master(",CLOSED-CAPTIONS=NONE", ""), ElementsAre("closed-captions"));
    EXPECT_THAT(broken_master("AUTOSELECT=YES", "AUTOSELECT=NO"), ElementsAre("autoselect"));
    EXPECT_THAT(
        broken_master("BANDWIDTH=180000,", "BANDWIDTH=180000,BANDWIDTH=180000,"),
        ElementsAre("attribute-once")
    );
}

TEST(Playlist, OneMistakeMadeOftenIsCountedAndNotRepeated) {
    std::string text(kGood.substr(0, kGood.find("#EXTINF")));
    for (int i = 0; i < 1000; ++i) text += "#EXTINF:6,\n" + std::to_string(i) + ".m4s\n";
    std::vector<Finding> findings;
    read(text + "#EXT-X-ENDLIST\n", &findings);
    ASSERT_EQ(findings.size(), 3U);
    EXPECT_EQ(findings.back().rule, "extinf-decimals");
    EXPECT_EQ(count(findings, Severity::kShould), 1000);
}

TEST(Playlist, NumbersBeyondAnyBoundAreNoNumbers) {
    const auto playlist = std::get<MediaPlaylist>(
        read("#EXTM3U\n#EXT-X-TARGETDURATION:99999999999999999999\n#EXT-X-VERSION:-3\n"
             "#EXTINF:1e400,\n#EXT-X-BYTERANGE:9223372036854775807@9223372036854775807\na.ts\n"
             "#EXTINF:NaN,\n#EXT-X-BYTERANGE:-1@0\nb.ts\n")
    );
    for (const auto& segment : playlist.segments) {
        EXPECT_EQ(segment.duration, 0);
        EXPECT_FALSE(segment.range);
    }
}

TEST(Reference, ResolvesAsRfc3986Does) {
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", "g"), "http://a/b/c/g");
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", "../g?y"), "http://a/b/g?y");
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", "../../../g"), "http://a/g");
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", "/g"), "http://a/g");
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", "//g/x"), "http://g/x");
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", "?y"), "http://a/b/c/d;p?y");
    EXPECT_EQ(resolve("http://a/b/c/d;p?q", "./"), "http://a/b/c/");
    EXPECT_EQ(resolve("http://a/b", "https://x/y#z"), "https://x/y");
    EXPECT_EQ(resolve("file:///a/b%20c/m.m3u8", "s/1.ts"), "file:///a/b%20c/s/1.ts");
}

TEST(Reference, LanguagesAreThoseOfBcp47) {
    for (const auto* tag :
         {"en", "de-CH", "zh-Hant-TW", "und", "es-419", "sl-rozaj", "x-klingon", "yue", "cmn",
          "arb", "tl", "bh", "tw", "iw", "in", "ji", "mo", "sh"})
        EXPECT_TRUE(is_language_tag(tag)) << tag;
    for (const auto* tag :
         {"", "english", "en_US", "e", "eng", "xx", "en-", "de-CH-CH", "12", "nm", "tlh-"})
        EXPECT_FALSE(is_language_tag(tag)) << tag;
}

constexpr std::string_view kMpd = R"(<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011"
     minBufferTime="PT2S" type="static" mediaPresentationDuration="PT0H0M5S">
 <Period><AdaptationSet mimeType="video/mp4" codecs="avc1.64001e">
  <SegmentTemplate timescale="10" initialization="$RepresentationID$/init.mp4"
                   media="$RepresentationID$/$Number%03d$-$Time$.m4s" startNumber="7">
   <SegmentTimeline><S t="0" d="20" r="1"/><S d="10"/></SegmentTimeline>
  </SegmentTemplate>
  <Representation id="v1" bandwidth="100000" width="640" height="360" frameRate="30000/1001"/>
 </AdaptationSet></Period>
</MPD>)";

std::vector<std::string> broken_mpd(std::string_view part, std::string_view other) {
    Report report;
    read_mpd("http://host/a.mpd", with(kMpd, part, other), report);
    std::vector<std::string> rules;
    for (const auto& finding : report.findings()) rules.push_back(finding.rule);
    return rules;
}

TEST(Mpd, TemplatesBecomeSegments) {
    Report report;
    const auto presentation = read_mpd("http://host/show/a.mpd", kMpd, report);
    EXPECT_THAT(report.findings(), IsEmpty());
    EXPECT_EQ(presentation.duration, 5);
    ASSERT_EQ(presentation.representations.size(), 1U);
    EXPECT_THAT(
        files_of(presentation),
        ElementsAre(
            "http://host/show/v1/init.mp4", "http://host/show/v1/007-0.m4s",
            "http://host/show/v1/008-20.m4s", "http://host/show/v1/009-40.m4s"
        )
    );
    EXPECT_NEAR(presentation.representations[0].frame_rate.value(), 29.97, 0.001);
}

TEST(Mpd, WhatIsMissingIsTold) {
    EXPECT_THAT(broken_mpd("<MPD", "<MDP"), ElementsAre("mpd"));
    EXPECT_THAT(broken_mpd("minBufferTime", "maxBufferTime"), Contains("mpd"));
    EXPECT_THAT(broken_mpd("id=\"v1\"", "id=\"\""), Contains("mpd-representation"));
    EXPECT_THAT(broken_mpd("codecs=\"avc1.64001e\"", ""), ElementsAre("mpd-type"));
    EXPECT_THAT(broken_mpd("$Number%03d$", "$Nummer$"), Contains("mpd-template"));
    EXPECT_THAT(broken_mpd("<S d=\"10\"/>", "<S t=\"39\" d=\"9\"/>"), Contains("mpd-timeline"));
    EXPECT_THAT(broken_mpd("r=\"1\"", "r=\"9\""), Contains("mpd-timeline"));
}

constexpr std::string_view kTimes = "<S t=\"0\" d=\"20\" r=\"1\"/><S d=\"10\"/>";

/// The segments of each representation, in a presentation that breaks no rule.
std::vector<std::size_t> segments_of(const std::string& text) {
    Report report;
    const auto presentation = read_mpd("http://host/a.mpd", text, report);
    EXPECT_THAT(report.findings(), IsEmpty()) << text;
    std::vector<std::size_t> counts;
    for (const auto& each : presentation.representations)
        counts.push_back(each.segments.segments.size());
    return counts;
}

TEST(Mpd, ARepetitionWithoutCountGoesOnToWhatIsNext) {
    const auto segments_with = [](std::string_view times) {
        return segments_of(with(kMpd, kTimes, times));
    };
    EXPECT_THAT(segments_with("<S t=\"0\" d=\"10\" r=\"-1\"/>"), ElementsAre(5));
    EXPECT_THAT(
        segments_with("<S t=\"0\" d=\"10\" r=\"-1\"/><S t=\"30\" d=\"20\"/>"), ElementsAre(4)
    );
    EXPECT_THAT(segments_with("<S t=\"0\" d=\"10\"/><S t=\"30\" d=\"20\"/>"), ElementsAre(2));
}

/// The presentation with segments of a second that only their number tells apart.
std::string numbered_mpd() {
    const auto timeline = "<SegmentTimeline>" + std::string(kTimes) + "</SegmentTimeline>";
    return with(with(kMpd, timeline, ""), "timescale=", "duration=\"10\" timescale=");
}

TEST(Mpd, APeriodLastsToTheNextOnesStart) {
    const auto text = numbered_mpd();
    const auto begin = text.find("<Period>"), end = text.find("</MPD>");
    const auto second =
        with(text.substr(begin, end - begin), "<Period>", "<Period start=\"PT2S\">");
    EXPECT_THAT(segments_of(with(text, "</MPD>", second + "</MPD>")), ElementsAre(2, 3));
}

TEST(Mpd, OfALivePresentationWithoutEndNoSegmentsAreCounted) {
    const auto text = with(
        numbered_mpd(), "type=\"static\" mediaPresentationDuration=\"PT0H0M5S\"",
        "type=\"dynamic\" availabilityStartTime=\"2026-11-28T12:00:00Z\""
    );
    EXPECT_THAT(segments_of(text), ElementsAre(0));
}

TEST(Mpd, RepetitionsWithoutEndAreBounded) {
    EXPECT_THAT(broken_mpd("r=\"1\"", "r=\"9223372036854775806\""), Contains("mpd-segments"));
}

TEST(Attributes, DatesAreReadWithAndWithoutAZone) {
    EXPECT_EQ(read_date("1970-01-01T00:00:01Z"), 1);
    EXPECT_EQ(read_date("1970-01-01T01:00:01.5+01:00"), 1.5);
    EXPECT_EQ(read_date("1970-01-01T00:00:00-0030"), 1800);
    EXPECT_EQ(read_date("1970-01-01T01:00:01+01"), 1);
    EXPECT_EQ(read_date("1970-01-01T00:00:01"), 1);
    EXPECT_FALSE(read_date("1970-01-01T00:00:01+1"));
    EXPECT_FALSE(read_date("1970-01-01T00:00:01+01:"));
    EXPECT_FALSE(read_date("1970-01-01T00:00:01+01000"));
    EXPECT_TRUE(has_zone("1970-01-01T00:00:01-01"));
    EXPECT_FALSE(has_zone("1970-01-01T00:00:01"));
    EXPECT_FALSE(read_date("1970-02-30T00:00:01Z"));
    EXPECT_FALSE(read_date("1970"));
}

}  // namespace
}  // namespace ittybit::manifest
