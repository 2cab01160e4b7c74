#include "tasks/adaptive_mpd.h"

#include <gtest/gtest.h>

#include "manifest/mpd.h"

namespace ittybit::tasks {
namespace {

Presentation film() {
    return {
        .duration = 13.347,
        .least_buffer = 6,
        .pictures =
            {{.name = "720p",
              .bandwidth = 3'500'000,
              .codecs = "avc1.64001f",
              .timescale = 90'000,
              .segments = {{"1", 6.006}, {"2", 6.006}, {"3", 1.334667}},
              .resolution = Size{1280, 720},
              .frame_rate = {60000, 2002}}},
        .sounds =
            {{{"audio", "English", Purpose::kMain, true, true, false},
              "en",
              {{.name = "audio",
                .bandwidth = 130'000,
                .codecs = "mp4a.40.2",
                .timescale = 48'000,
                .segments = {{"1", 5.994667}, {"2", 7.352}},
                .resolution = {},
                .sample_rate = 48'000,
                .channels = 2}}}},
    };
}

TEST(Mpd, IsWrittenToTheLetter) {
    EXPECT_EQ(
        mpd_text(film()),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
        "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"static\" "
        "mediaPresentationDuration=\"PT13.347S\" minBufferTime=\"PT6S\">\n"
        " <Period id=\"0\" start=\"PT0S\">\n"
        "  <AdaptationSet contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" "
        "startWithSAP=\"1\">\n"
        "   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>\n"
        "   <Representation id=\"720p\" bandwidth=\"3500000\" codecs=\"avc1.64001f\" "
        "width=\"1280\" height=\"720\" sar=\"1:1\" frameRate=\"30000/1001\">\n"
        "    <SegmentTemplate timescale=\"90000\" startNumber=\"1\" "
        "initialization=\"$RepresentationID$-init.mp4\" "
        "media=\"$RepresentationID$-$Number%05d$.m4s\">\n"
        "     <SegmentTimeline>\n"
        "      <S t=\"0\" d=\"540540\" r=\"1\"/>\n"
        "      <S d=\"120120\"/>\n"
        "     </SegmentTimeline>\n"
        "    </SegmentTemplate>\n"
        "   </Representation>\n"
        "  </AdaptationSet>\n"
        "  <AdaptationSet contentType=\"audio\" mimeType=\"audio/mp4\" segmentAlignment=\"true\" "
        "startWithSAP=\"1\" lang=\"en\">\n"
        "   <Label>English</Label>\n"
        "   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>\n"
        "   <Representation id=\"audio\" bandwidth=\"130000\" codecs=\"mp4a.40.2\" "
        "audioSamplingRate=\"48000\">\n"
        "    <AudioChannelConfiguration "
        "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"2\"/>\n"
        "    <SegmentTemplate timescale=\"48000\" startNumber=\"1\" "
        "initialization=\"$RepresentationID$-init.mp4\" "
        "media=\"$RepresentationID$-$Number%05d$.m4s\">\n"
        "     <SegmentTimeline>\n"
        "      <S t=\"0\" d=\"287744\"/>\n"
        "      <S d=\"352896\"/>\n"
        "     </SegmentTimeline>\n"
        "    </SegmentTemplate>\n"
        "   </Representation>\n"
        "  </AdaptationSet>\n"
        " </Period>\n"
        "</MPD>\n"
    );
}

TEST(Mpd, IsReadAsItWasMeant) {
    manifest::Report report;
    const auto read = manifest::read_mpd("https://host/a/manifest.mpd", mpd_text(film()), report);
    EXPECT_TRUE(report.findings().empty());
    EXPECT_EQ(read.duration, 13.347);
    ASSERT_EQ(read.representations.size(), 2U);
    const auto& picture = read.representations[0];
    EXPECT_DOUBLE_EQ(picture.frame_rate.value_or(0), 30000.0 / 1001);
    EXPECT_EQ(picture.segments.maps.front().uri, "https://host/a/720p-init.mp4");
    ASSERT_EQ(picture.segments.segments.size(), 3U);
    EXPECT_EQ(picture.segments.segments[2].uri, "https://host/a/720p-00003.m4s");
    EXPECT_DOUBLE_EQ(picture.begins[2], 12.012);
    EXPECT_EQ(read.representations[1].sampling_rate, 48'000);
}

TEST(Mpd, TellsSoundsAndTextsApart) {
    Presentation several = film();
    auto& sounds = several.sounds;
    sounds.push_back(sounds[0]);
    sounds.back().language = "de";
    sounds.back().planned = {"audio", "Hörfassung <1>", Purpose::kDescription, false, true, false};
    sounds.back().representations[0].name = "audio-2";
    several.texts.push_back({
        {"text", "Français & more", Purpose::kMain, true, true, true},
        "fr",
        {.name = "text",
         .bandwidth = 90,
         .codecs = {},
         .timescale = 1000,
         .segments = {{"1", 6}, {"2", 7.347}},
         .resolution = {}},
    });
    const auto text = mpd_text(several);
    EXPECT_NE(text.find("startWithSAP=\"1\" selectionPriority=\"2\" lang=\"en\""), text.npos);
    EXPECT_NE(
        text.find("startWithSAP=\"1\" lang=\"de\">\n"
                  "   <Label>Hörfassung &lt;1&gt;</Label>\n"
                  "   <Accessibility schemeIdUri=\"urn:tva:metadata:cs:AudioPurposeCS:2007\" "
                  "value=\"1\"/>\n"
                  "   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"alternate\"/>\n"),
        text.npos
    );
    EXPECT_NE(
        text.find("  <AdaptationSet contentType=\"text\" mimeType=\"text/vtt\" lang=\"fr\">\n"
                  "   <Label>Français &amp; more</Label>\n"
                  "   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>\n"
                  "   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"forced-subtitle\"/>\n"
                  "   <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"main\"/>\n"
                  "   <Representation id=\"text\" bandwidth=\"90\">\n"
                  "    <SegmentTemplate timescale=\"1000\" startNumber=\"1\" "
                  "media=\"$RepresentationID$-$Number%05d$.vtt\">\n"),
        text.npos
    );
    manifest::Report report;
    const auto read = manifest::read_mpd("https://host/a/manifest.mpd", text, report);
    EXPECT_TRUE(report.findings().empty());
    EXPECT_EQ(read.representations.size(), 4U);
}

TEST(Mpd, OfSoundAloneHasOneSet) {
    Presentation sound = film();
    sound.pictures.clear();
    const auto text = mpd_text(sound);
    EXPECT_EQ(text.find("contentType=\"video\""), std::string::npos);
    EXPECT_NE(text.find("contentType=\"audio\""), std::string::npos);
}

TEST(Mpd, OfPicturesAloneTellsWholeRates) {
    Presentation silent = film();
    silent.sounds.clear();
    silent.pictures[0].frame_rate = {50, 2};
    const auto text = mpd_text(silent);
    EXPECT_EQ(text.find("contentType=\"audio\""), std::string::npos);
    EXPECT_NE(text.find("frameRate=\"25\""), std::string::npos);
}

}  // namespace
}  // namespace ittybit::tasks
