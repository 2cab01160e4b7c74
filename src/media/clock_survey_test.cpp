#include "media/clock_survey.h"

#include <fstream>
#include <iterator>

#include "media/stream.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

constexpr double kSeconds = 480;

/// The bytes of 480 s of one recording, at a constant rate, between two of its times.
std::string recording(double from, double to) {
    static const std::string whole = [] {
        std::ifstream file(clip("even.ts"), std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }();
    constexpr std::size_t kPacket = 188;
    const auto place = [](double seconds) {
        const auto bytes = static_cast<double>(whole.size()) * seconds / kSeconds;
        return static_cast<std::size_t>(bytes) / kPacket * kPacket;
    };
    return whole.substr(place(from), place(to) - place(from));
}

/// Counts what is read.
class Counted : public MemorySource {
public:
    using MemorySource::MemorySource;
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const std::size_t count = TRY(MemorySource::read_at(offset, out));
        bytes += count;
        return count;
    }
    std::size_t bytes = 0;
};

struct Opened {
    explicit Opened(std::string joined)
        : text(std::move(joined)), source(std::as_bytes(std::span(text))) {
        input = *Input::open(source, *sniff(source), {});
    }
    std::string text;
    Counted source;
    std::unique_ptr<Input> input;
};

bool has_steps_in(std::string joined) {
    const Opened opened(std::move(joined));
    const auto found = has_steps(*opened.input, *find_video(*opened.input));
    EXPECT_TRUE(found);
    return found && *found;
}

TEST(ClockSurvey, SeesNoStepInOneRecording) {
    EXPECT_FALSE(has_steps_in(recording(0, kSeconds)));
}

TEST(ClockSurvey, SeesAShortJumpForth) {
    EXPECT_TRUE(has_steps_in(recording(0, 200) + recording(225, kSeconds)));
}

TEST(ClockSurvey, SeesTheEndOfAShortFirstRecording) {
    EXPECT_TRUE(has_steps_in(recording(0, 9) + recording(0, kSeconds)));
}

TEST(ClockSurvey, SeesTheBeginningOfAShortLastRecording) {
    EXPECT_TRUE(has_steps_in(recording(0, 470) + recording(0, 20)));
}

TEST(ClockSurvey, LooksNotFarForAStreamThatEndedEarly) {
    Opened opened(recording(0, kSeconds));
    opened.source.bytes = 0;
    const int sound = 1 - *find_video(*opened.input);
    ASSERT_TRUE(has_steps(*opened.input, sound));
    EXPECT_LT(opened.source.bytes, 100'000'000) << "4 MB at each of 21 places, and a little more";
}

TEST(ClockSurvey, WhatOneReaderFoundServesTheOthers) {
    Opened opened(recording(0, 240) + recording(0, 240));
    const int video = *find_video(*opened.input);
    const auto first = opened.input->reopen();
    ASSERT_TRUE(first);
    ASSERT_TRUE((*first)->seek(video, 400));
    opened.source.bytes = 0;
    ASSERT_TRUE(opened.input->seek(video, 400));
    const auto packet = opened.input->read();
    ASSERT_TRUE(packet && *packet != nullptr);
    const AVRational time_base = opened.input->stream(video).time_base;
    EXPECT_NEAR(opened.input->seconds((*packet)->pts, time_base), 400, 6);
    EXPECT_LT(opened.source.bytes, opened.text.size() / 4);
}

}  // namespace
}  // namespace ittybit::media
