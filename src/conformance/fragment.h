#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/track.h"

namespace ittybit::conformance {

/// One sample of a track. Times in ticks of the track.
struct Sample {
    std::int64_t decoded = 0;
    std::int64_t presented = 0;
    std::int64_t duration = 0;
    bool is_sync = true;
    Bytes bytes;  // may be fewer than `size` at the end of a range
    std::size_t size = 0;
    std::size_t at = 0;  // in the file
};

/// The samples of one track in one moof.
struct Run {
    std::uint32_t track = 0;
    std::size_t moof = 0;  // where it begins in the file
    std::vector<Sample> samples;
};

/// What a media segment holds, in order (HLS 3.1.1).
struct FragmentedSegment {
    std::vector<Run> runs;
    std::uint32_t first_sequence = 0;
    std::uint32_t last_sequence = 0;
};

/// Where the bytes that are read come from.
struct Piece {
    Bytes bytes;
    std::string file;
    std::size_t base = 0;     // of the bytes in the file
    bool may_be_cut = false;  // a range of an I-frame playlist may end within its mdat
};

/// Reads the fragments of one segment for the tracks of `init`, and reports what is wrong with
/// their boxes.
FragmentedSegment read_fragments(const Piece& piece, const Init& init, manifest::Report& report);

}  // namespace ittybit::conformance
