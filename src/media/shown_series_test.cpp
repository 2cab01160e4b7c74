#include "media/shown_series.h"

#include <cmath>
#include <map>

#include "media/compat.h"
#include "media/stream.h"
#include "media/testing.h"

namespace ittybit::media {
namespace {

/// The times of a clip's pictures, all of which are decoded.
std::vector<double> times_of(const char* name) {
    const auto input = open_clip(name);
    Collector<Frame> frames;
    const int stream = *find_video(*input);
    const auto decoder = *Decoder::open(*input, stream, {}, frames);
    std::vector<Sink<Packet>*> sinks(input->streams().size());
    sinks[static_cast<std::size_t>(stream)] = decoder.get();
    EXPECT_TRUE(pump(*input, std::span<Sink<Packet>* const>(sinks)));
    std::vector<double> times;
    for (const Frame& frame : frames.items)
        times.push_back(input->seconds(frame->pts, decoder->time_base()));
    return times;
}

double shown_at(const std::vector<double>& times, double seconds) {
    double shown = times.front();
    for (const double time : times)
        if (time <= seconds + 1e-6) shown = time;
    return shown;
}

TEST(ShownSeries, GivesTheLastPictureAtOrBeforeEachInstant) {
    for (const char* name :
         {"flash-small.mp4", "flash-small.mkv", "flash-small.webm", "flash-small.avi",
          "flash-small.ts", "b-frames.avi", "open-gop.mp4", "vfr.mp4", "late-start.mkv",
          "bare.h264", "interlaced.mp4", "interlaced.mpg", "sparse-keys.mp4", "animated.gif"}) {
        const auto times = times_of(name);
        for (const auto& [start, step] : std::map<double, double>{{0, 0.1}, {0.31, 0.5}, {1, 3}}) {
            const auto input = open_clip(name);
            const int stream = *find_video(*input);
            const AVRational time_base = input->stream(stream).time_base;
            const auto series = *ShownSeries::open(*input, stream, {.decoder = {.threads = 2}});
            for (int i = 0; start + i * step < times.back(); ++i) {
                const double seconds = start + i * step;
                const auto shown = series->at(seconds);
                ASSERT_TRUE(shown) << name << ": " << shown.error().message;
                ASSERT_TRUE(*shown) << name << " at " << seconds;
                EXPECT_NEAR(
                    input->seconds((*shown)->frame->pts, time_base), shown_at(times, seconds), 0.002
                ) << name
                  << " at " << seconds;
            }
        }
    }
}

TEST(ShownSeries, AKeyFrameThatIsALittleEarlierMayStandForAnInstant) {
    constexpr double kEarly = 0.4;
    int early = 0;
    for (const char* name :
         {"flash-small.mp4", "flash-small.ts", "b-frames.avi", "open-gop.mp4", "vfr.mp4",
          "late-start.mkv", "interlaced.mp4", "sparse-keys.mp4"}) {
        const auto times = times_of(name);
        const auto input = open_clip(name);
        const int stream = *find_video(*input);
        const AVRational time_base = input->stream(stream).time_base;
        const auto series = *ShownSeries::open(*input, stream, {.early = kEarly});
        for (double at = 0; at < times.back(); at += 0.3) {
            const auto shown = series->at(at);
            ASSERT_TRUE(shown && *shown) << name << " at " << at;
            const AVFrame& frame = *(*shown)->frame;
            const double time = input->seconds(frame.pts, time_base);
            if (std::abs(time - shown_at(times, at)) < 0.002) continue;
            ++early;
            EXPECT_LT(time, at) << name;
            EXPECT_GE(time, at - kEarly - 0.002) << name;
            EXPECT_TRUE(is_key_frame(frame)) << name << " at " << at;
        }
    }
    EXPECT_GT(early, 10);
}

TEST(ShownSeries, EndsWithTheLastPicture) {
    const auto input = open_clip("flash-small.mp4");
    const auto series = *ShownSeries::open(*input, *find_video(*input), {});
    EXPECT_TRUE(*series->at(4.99));
    EXPECT_FALSE(*series->at(5.01));
    const auto late = *ShownSeries::open(*input, *find_video(*input), {});
    EXPECT_TRUE(*late->at(77));  // the first time there is always one
    EXPECT_FALSE(*late->at(78));
}

TEST(ShownSeries, DecodesLittleOfWhatLiesBetween) {
    const auto packets = [](const char* name, double step) {
        const auto input = open_clip(name);
        int decoded = 0;
        const auto series =
            *ShownSeries::open(*input, *find_video(*input), {.on_decoded = [&] { ++decoded; }});
        for (double seconds = 0; seconds < 4; seconds += step) EXPECT_TRUE(*series->at(seconds));
        return decoded;
    };
    // Key frames are two seconds apart.
    EXPECT_LT(packets("flash-small.mp4", 2.01), 20);
    EXPECT_LT(packets("flash-small.mkv", 2.01), 20);
    EXPECT_LE(packets("flash-small.mp4", 0.1), 151);  // none twice
}

TEST(ShownSeries, LooksAtNoMoreThanItIsAllowedTo) {
    const auto input = open_clip("sparse-keys.mp4");
    const auto series = *ShownSeries::open(*input, *find_video(*input), {.packets = 100});
    EXPECT_TRUE(*series->at(0));
    EXPECT_FALSE(*series->at(20));
}

}  // namespace
}  // namespace ittybit::media
