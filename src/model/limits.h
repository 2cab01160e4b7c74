#pragma once

#include <cstdint>

#include "base/fields.h"

namespace ittybit {

/// What one media operation may use. Going over one is `limit_exceeded`, which names it.
struct Limits {
    std::int64_t input_bytes = 1'000'000'000'000;
    std::int64_t pixels = 200'000'000;  // of one picture, in and out
    std::int64_t frames = 2'000'000;    // decoded or made, in one output
    int streams = 256;
    std::int64_t subtitle_bytes = 10'000'000;
    int cues = 100'000;
    double duration = 172'800;  // seconds of the output
    std::int64_t output_bytes = 100'000'000'000;
    std::int64_t memory_bytes = 6'442'450'944;  // resident
    int threads = 512;
    double idle_seconds = 60;      // without progress
    double wall_seconds = 86'400;  // in all

    static constexpr auto kFields = Fields{
        Field{&Limits::input_bytes, "input_bytes", "Bytes of the input."}.between(1, 1e15),
        Field{&Limits::pixels, "pixels", "Pixels of one picture, in or out."}.between(1, 1e10),
        Field{&Limits::frames, "frames", "Frames read or made."}.between(1, 1e9),
        Field{&Limits::streams, "streams", "Streams in the input."}.between(1, 100000),
        Field{&Limits::subtitle_bytes, "subtitle_bytes", "Bytes of a subtitle file."}.between(
            1, 1e9
        ),
        Field{&Limits::cues, "cues", "Subtitles in one file or track."}.between(1, 1e7),
        Field{&Limits::duration, "duration", "Seconds of the output."}.between(1, 1e9),
        Field{&Limits::output_bytes, "output_bytes", "Bytes of all outputs of one job."}.between(
            1, 1e15
        ),
        Field{
            &Limits::memory_bytes, "memory_bytes",
            "Resident memory of the process that handles the media."
        }
            .between(1e7, 1e13),
        Field{&Limits::threads, "threads", "Threads of that process."}.between(1, 10000),
        Field{&Limits::idle_seconds, "idle_seconds", "Seconds without progress."}.between(1, 86400),
        Field{&Limits::wall_seconds, "wall_seconds", "Seconds in all."}.between(1, 864000),
    };
};

}  // namespace ittybit
