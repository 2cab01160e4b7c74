// Probe, as a child does it: facts, or an error of a known kind. libav and libvips are not built
// for fuzzing; what breaks in them ends a child, what breaks in us is to be found here.
#include "tasks/probe.h"

#include <algorithm>
#include <array>

#include "fuzz.h"
#include "image/library.h"
#include "media/error.h"
#include "model/protocol.h"

using namespace ittybit;

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
    media::capture_log();
    fuzz::must(static_cast<bool>(image::init()));
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::array kKnown = {
        ErrorKind::kUnsupportedMedia, ErrorKind::kCorruptMedia, ErrorKind::kLimitExceeded
    };
    MemorySource source(fuzz::bytes_of(data, size));
    Limits limits;
    limits.pixels = 16'000'000;
    limits.streams = 20;
    const auto file = tasks::probe(source, limits);
    if (!file) {
        fuzz::must(std::ranges::find(kKnown, file.error().kind) != kKnown.end());
        fuzz::must(
            (file.error().kind == ErrorKind::kLimitExceeded) == file.error().limit.has_value()
        );
        return 0;
    }
    Finished finished;
    finished.file = *file;
    const auto line = encode_event(finished);
    const auto event = decode_event(line);
    fuzz::must(event && encode_event(*event) == line);
    return 0;
}
