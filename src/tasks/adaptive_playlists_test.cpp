#include "tasks/adaptive_playlists.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace ittybit::tasks {
namespace {

TEST(Playlist, OfSegmentsIsWrittenToTheLetter) {
    const MediaPlaylist playlist{
        .name = "720p.m3u8",
        .init = "720p-init.mp4",
        .segments = {{"720p-0001.m4s", 6.006, 1000}, {"720p-0002.m4s", 1.5, 100}}
    };
    EXPECT_EQ(
        media_playlist_text(playlist, 6),
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"720p-init.mp4\"\n"
        "#EXTINF:6.006000,\n720p-0001.m4s\n#EXTINF:1.500000,\n720p-0002.m4s\n#EXT-X-ENDLIST\n"
    );
}

TEST(Playlist, OfEncryptedSegmentsHasItsSectionInTheClear) {
    const MediaPlaylist playlist{
        .name = "720p.m3u8",
        .init = "720p-init.mp4",
        .segments = {{"720p-00001.m4s", 6, 1008}},
        .is_frames_only = false,
        .key_url = "https://host/key?id=1"
    };
    EXPECT_EQ(
        media_playlist_text(playlist, 6),
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"720p-init.mp4\"\n"
        "#EXT-X-KEY:METHOD=AES-128,URI=\"https://host/key?id=1\"\n"
        "#EXTINF:6.000000,\n720p-00001.m4s\n#EXT-X-ENDLIST\n"
    );
}

TEST(Playlist, OfKeyPicturesHasByteRanges) {
    const MediaPlaylist playlist{
        .name = "720p-iframes.m3u8",
        .init = "720p-init.mp4",
        .segments = {{"720p-0001.m4s", 2, 900, 24}, {"720p-0001.m4s", 2, 800, 5000}},
        .is_frames_only = true
    };
    EXPECT_EQ(
        media_playlist_text(playlist, 2),
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"720p-init.mp4\"\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:900@24\n720p-0001.m4s\n"
        "#EXTINF:2.000000,\n#EXT-X-BYTERANGE:800@5000\n720p-0001.m4s\n#EXT-X-ENDLIST\n"
    );
}

TEST(Playlist, OfEverythingBeginsWithWhatPlaysAtTwoMegabits) {
    const MasterPlaylist playlist{
        .folder = "film-4pex5vsk",
        .variants =
            {{"720p.m3u8", 3'500'000, 2'000'000, "avc1.64001f,mp4a.40.2", Size{1280, 720},
              30000.0 / 1001, "audio", "text"},
             {"480p.m3u8", 1'500'000, 900'000, "avc1.64001e,mp4a.40.2", Size{854, 480},
              30000.0 / 1001, "audio-low", "text"}},
        .key_pictures = {{"480p-iframes.m3u8", 90'000, 80'000, "avc1.64001e", Size{854, 480}, {}}},
        .renditions =
            {
                {{"audio", "English", Purpose::kMain, true, true, false}, "audio.m3u8", "en", 2},
                {{"audio-low", "English", Purpose::kMain, true, true, false},
                 "audio-low.m3u8",
                 "en",
                 2},
                {{"text", "Deutsch", Purpose::kHardOfHearing, false, true, true}, "text.m3u8", "de"
                },
            },
    };
    EXPECT_EQ(
        master_playlist_text(playlist),
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,"
        "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"film-4pex5vsk/audio.m3u8\"\n"
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio-low\",NAME=\"English\",LANGUAGE=\"en\","
        "DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"film-4pex5vsk/audio-low.m3u8\"\n"
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"text\",NAME=\"Deutsch\",LANGUAGE=\"de\","
        "DEFAULT=NO,AUTOSELECT=YES,FORCED=YES,"
        "CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,"
        "public.accessibility.describes-music-and-sound\",URI=\"film-4pex5vsk/text.m3u8\"\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=3500000,AVERAGE-BANDWIDTH=2000000,"
        "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=29.970,VIDEO-RANGE=SDR,"
        "AUDIO=\"audio\",SUBTITLES=\"text\",CLOSED-CAPTIONS=NONE\nfilm-4pex5vsk/720p.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=1500000,AVERAGE-BANDWIDTH=900000,"
        "CODECS=\"avc1.64001e,mp4a.40.2\",RESOLUTION=854x480,FRAME-RATE=29.970,VIDEO-RANGE=SDR,"
        "AUDIO=\"audio-low\",SUBTITLES=\"text\",CLOSED-CAPTIONS=NONE\nfilm-4pex5vsk/480p.m3u8\n"
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,AVERAGE-BANDWIDTH=80000,"
        "CODECS=\"avc1.64001e\",RESOLUTION=854x480,VIDEO-RANGE=SDR,"
        "URI=\"film-4pex5vsk/480p-iframes.m3u8\"\n"
    );
}

TEST(Playlist, OfSeveralCodecsBeginsWithWhatAllPlayAndScoresThem) {
    MasterPlaylist playlist{.folder = "", .variants = {}, .key_pictures = {}};
    for (const auto* codec : {"av01.0.05M.08", "avc1.64001f", "hvc1.1.6.L93.90"}) {
        for (const int lines : {720, 360}) {
            playlist.variants.push_back({
                .playlist = fmt::format("{}-{}.m3u8", lines, std::string(codec, 4)),
                .bandwidth = lines * 2000,
                .average_bandwidth = lines * 1000,
                .codecs = codec,
                .resolution = Size{lines * 16 / 9, lines},
                .frame_rate = 25,
            });
        }
    }
    const auto text = master_playlist_text(playlist);
    std::vector<std::string> scores, names;
    for (const auto& line : split(text, '\n')) {
        if (const auto at = line.find("SCORE="); at != line.npos)
            scores.push_back(line.substr(at + 6, line.find(',', at) - at - 6));
        if (line.ends_with(".m3u8")) names.push_back(line);
    }
    EXPECT_EQ(join(scores, " "), "7.20 3.60 7.30 3.70 7.40 3.80");
    EXPECT_EQ(
        join(names, " "),
        "720-avc1.m3u8 360-avc1.m3u8 720-hvc1.m3u8 360-hvc1.m3u8 720-av01.m3u8 360-av01.m3u8"
    );
}

TEST(Variants, GiveWayWhereTheirRatesHardlyDiffer) {
    EXPECT_EQ(rates_apart({900, 500, 200, 100}), (std::vector<std::size_t>{0, 1, 2, 3}));
    EXPECT_EQ(rates_apart({54, 54, 55}), (std::vector<std::size_t>{0, 2})) << "two at least";
    EXPECT_EQ(rates_apart({900, 800, 500, 450}), (std::vector<std::size_t>{0, 3}));
    EXPECT_EQ(rates_apart({100}), (std::vector<std::size_t>{0}));
}

TEST(Playlist, OfSoundAloneHasNoGroupAndNoPicture) {
    const MasterPlaylist playlist{
        .folder = "",
        .variants = {{"audio.m3u8", 130'000, 128'000, "mp4a.40.2", {}, {}}},
        .key_pictures = {},
    };
    EXPECT_EQ(
        master_playlist_text(playlist),
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\n"
        "audio.m3u8\n"
    );
}

TEST(Playlist, NamesFoldersThatWouldBreakItEncoded) {
    EXPECT_EQ(
        relative_uri("a \"b\"\n#1: 50%?é-x", "720p.m3u8"),
        "a%20%22b%22%0A%231%3A%2050%25%3F%C3%A9-x/720p.m3u8"
    );
}

TEST(Bandwidth, IsThePeakOfRunsNearTheTargetDuration) {
    const std::vector<Segment> segments{
        {"1", 6, 600'000}, {"2", 6, 900'000}, {"3", 1, 400'000}  // alone too short to count
    };
    EXPECT_EQ(peak_bitrate(segments, 6), 1'485'715);  // the last two: 7 s
    EXPECT_EQ(average_bitrate(segments), 1'169'231);
}

TEST(Bandwidth, OfAShortClipIsItsAverage) {
    const std::vector<Segment> segments{{"1", 1, 100'000}};
    EXPECT_EQ(peak_bitrate(segments, 6), 800'000);
    EXPECT_EQ(peak_bitrate({}, 6), 0);
}

TEST(TargetDuration, CoversTheLongestSegmentRounded) {
    EXPECT_EQ(target_duration({{"1", 6.006, 1}}, 6), 6);
    EXPECT_EQ(target_duration({{"1", 6.67, 1}}, 6), 7);
    EXPECT_EQ(target_duration({{"1", 3.2, 1}}, 6), 6);
}

}  // namespace
}  // namespace ittybit::tasks
