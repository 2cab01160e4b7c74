#include "media/input.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "media/decoder.h"
#include "media/stream.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

using testing::HasSubstr;

std::string whole_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

/// Bytes that stop coming at some place, with an error of their own.
class LostSource : public MemorySource {
public:
    LostSource(std::span<const std::byte> bytes, std::uint64_t until)
        : MemorySource(bytes), until_(until) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        if (offset + out.size() > until_)
            return Error{ErrorKind::kDownloadFailed, "the server answered 410", "input"};
        return MemorySource::read_at(offset, out);
    }

private:
    std::uint64_t until_;
};

TEST(Input, GivesEveryPacketOfAStream) {
    const auto input = open_clip("flash-small.mp4");
    const int video = *find_video(*input);
    int packets = 0;
    while (true) {
        auto packet = input->read();
        ASSERT_TRUE(packet);
        if (*packet == nullptr) break;
        packets += (*packet)->stream_index == video ? 1 : 0;
    }
    EXPECT_EQ(packets, 150) << "5 seconds at 30 a second";
}

TEST(Input, GivesOnlyTheWantedStreams) {
    const auto input = open_clip("flash-small.mkv");
    const int video = *find_video(*input);
    input->read_only({&video, 1});
    for (auto packet = input->read(); packet && *packet != nullptr; packet = input->read())
        ASSERT_EQ((*packet)->stream_index, video);
}

TEST(Input, BelievesALongPictureWhereTheClockIsFine) {
    std::string bytes = whole_file(clip("one-long-picture.mkv"));
    const std::string millisecond = "\x2A\xD7\xB1\x83\x0F\x42\x40";
    const std::size_t scale = bytes.find(millisecond);
    ASSERT_NE(scale, std::string::npos);
    bytes.replace(scale + 4, 3, {0, 0, 1});  // nanoseconds
    MemorySource source(bytes_of(bytes));
    const auto input = Input::open(source, *sniff(source), {});
    ASSERT_TRUE(input) << input.error().message;
    const auto packet = (*input)->read();
    ASSERT_TRUE(packet && *packet != nullptr);
    EXPECT_EQ((*packet)->duration, 10'000'000'000);
}

TEST(Input, PassesOnTheErrorOfItsSourceUnchanged) {
    const std::string bytes = whole_file(clip("flash-720p.mp4"));
    LostSource source(bytes_of(bytes), bytes.size() / 2);
    const auto input = Input::open(source, *sniff(source), {});
    ASSERT_TRUE(input) << input.error().message;
    Result<Packet> packet = (*input)->read();
    while (packet && *packet != nullptr) packet = (*input)->read();
    ASSERT_FALSE(packet);
    EXPECT_EQ(packet.error().kind, ErrorKind::kDownloadFailed);
    EXPECT_EQ(packet.error().message, "the server answered 410");
}

TEST(Input, PassesOnAnErrorWhileOpening) {
    const std::string bytes = whole_file(clip("sparse-keys.mp4"));
    LostSource source(bytes_of(bytes), kSniffBytes);
    const auto sniffed = sniff(source);
    ASSERT_TRUE(sniffed);
    const auto input = Input::open(source, *sniffed, {});
    ASSERT_FALSE(input);
    EXPECT_EQ(input.error().kind, ErrorKind::kDownloadFailed);
}

TEST(Input, StopsWhenAsked) {
    OpenFile file(clip("flash-small.mp4"));
    std::stop_source stop;
    const auto input = Input::open(file.source, *sniff(file.source), {}, stop.get_token());
    ASSERT_TRUE(input);
    stop.request_stop();
    const auto packet = (*input)->read();
    ASSERT_FALSE(packet);
    EXPECT_EQ(packet.error().kind, ErrorKind::kCancelled);
}

TEST(Input, CallsAFileWithoutItsIndexCorruptInWordsOfOurOwn) {
    const auto input = open_path(clip("no-index.mp4"));
    ASSERT_FALSE(input);
    EXPECT_EQ(input.error().kind, ErrorKind::kCorruptMedia);
    EXPECT_THAT(input.error().message, HasSubstr("incomplete"));
}

TEST(Input, NamesTheLimitOfPixels) {
    const auto input = open_path(clip("flash-1080p.mp4"), Limits{.pixels = 1'000'000});
    ASSERT_FALSE(input);
    EXPECT_EQ(input.error().kind, ErrorKind::kLimitExceeded);
    ASSERT_TRUE(input.error().limit);
    EXPECT_EQ(input.error().limit->name, "pixels");
    EXPECT_EQ(input.error().limit->value, 1'000'000);
}

TEST(Input, NamesTheLimitOfStreams) {
    for (const int most : {1, 2}) {
        const auto input = open_path(clip("two-tracks.mp4"), Limits{.streams = most});
        ASSERT_FALSE(input);
        EXPECT_EQ(input.error().kind, ErrorKind::kLimitExceeded);
        EXPECT_EQ(input.error().limit.value_or(LimitReached{}).name, "streams");
    }
}

TEST(Input, OpensNoSecondFile) {
    // The picture's file stands beside the sound's: a data reference must not lead there.
    const std::string text = whole_file(clip("concat.mp4"));
    MemorySource source(bytes_of(text));
    const auto result = Input::open(
        source,
        {.family = Family::kMedia, .format = "ffconcat", .demuxer = "concat", .refusal = {}}, {}
    );
    EXPECT_FALSE(result) << "even with the demuxer forced";
}

TEST(Input, TakesTheEarliestSampleForZero) {
    for (const char* name : {"late-start.mkv", "timestamp-wrap.ts", "edit-list.mp4"}) {
        const auto input = open_clip(name);
        Collector<Frame> frames;
        const int video = *find_video(*input);
        const auto decoder = *Decoder::open(*input, video, {}, frames);
        std::vector<Sink<Packet>*> sinks(input->streams().size());
        sinks[static_cast<std::size_t>(video)] = decoder.get();
        ASSERT_TRUE(pump(*input, std::span<Sink<Packet>* const>(sinks)));
        const double first = input->seconds(frames.items.front()->pts, decoder->time_base());
        EXPECT_NEAR(first, 0, 0.05) << name;
    }
}

TEST(Input, GoesOnThroughAClockThatWraps) {
    const auto input = open_clip("timestamp-wrap.ts");
    EXPECT_NEAR(input->duration().value_or(0), 6, 0.1);
}

TEST(Input, MeasuresADurationThatTheContainerOnlyGuesses) {
    EXPECT_NEAR(open_clip("tone.aac")->duration().value_or(0), 5, 0.05);
    EXPECT_NEAR(open_clip("flash-small.ts")->duration().value_or(0), 5, 0.05);
    EXPECT_NEAR(open_clip("interlaced.mpg")->duration().value_or(0), 3, 0.05);
}

TEST(Input, SeeksToAKeyFrameAtOrBefore) {
    for (const char* name :
         {"flash-small.mp4", "flash-small.mkv", "flash-small.ts", "flash-small.webm",
          "flash-small.avi"}) {
        const auto input = open_clip(name);
        const int video = *find_video(*input);
        ASSERT_TRUE(input->seek(video, 3.1)) << name;
        for (auto packet = input->read(); packet; packet = input->read()) {
            ASSERT_NE(*packet, nullptr) << name;
            const AVPacket& got = **packet;
            if (got.stream_index != video || (got.flags & AV_PKT_FLAG_KEY) == 0) continue;
            const auto time = got.pts == kNoTime ? got.dts : got.pts;
            EXPECT_LE(input->seconds(time, input->stream(video).time_base), 3.1) << name;
            break;
        }
    }
}

TEST(Input, ReopensAtTheStartWithoutMovingTheFirst) {
    const auto input = open_clip("flash-small.mp4");
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(input->read());
    const auto second = input->reopen();
    ASSERT_TRUE(second);
    const auto early = (*second)->read();
    const auto late = input->read();
    EXPECT_LT((*early)->dts, (*late)->dts);
}

}  // namespace
}  // namespace ittybit::media
