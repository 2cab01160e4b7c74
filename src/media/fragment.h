#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "media/bitstream.h"
#include "model/geometry.h"

/// Fragmented MP4 as CMAF wants it (ISO/IEC 23000-19): one track, bytes only, no files.
namespace ittybit::media {

/// ITU-T H.273 code points; 2 is "unspecified".
struct ColourTags {
    std::uint16_t primaries = 2;
    std::uint16_t transfer = 2;
    std::uint16_t matrix = 2;
    bool is_full_range = false;
};

/// The one track of an initialisation segment and of the fragments behind it.
struct FragmentTrack {
    bool is_video = true;
    std::uint32_t timescale = 1;  // ticks a second, of every time below
    Bytes configuration;          // `avcC` record of H.264, or AudioSpecificConfig of AAC
    Size size = {};               // video: pixels, square
    ColourTags colour = {};
    int channels = 0;  // audio
    std::uint32_t bitrate = 0;
    std::uint32_t priming = 0;     // audio: ticks at the front that are never heard (an edit list)
    std::string language = "und";  // ISO 639-2/T
};

/// One coded picture or audio frame. `composition` is presentation minus decode time, signed, so
/// that video needs no edit list.
struct Sample {
    Bytes data;
    std::uint32_t duration = 0;
    std::int32_t composition = 0;
    bool is_key = false;
};

/// `ftyp` and `moov`: everything a decoder needs before the first fragment.
Bytes init_segment(const FragmentTrack& track);

/// `styp`, which begins a media segment.
Bytes segment_head();

/// `moof` and `mdat`: a run of samples, at least one, the first decoded at `decode_time`.
/// `sequence` counts from 1 over all runs of the track.
Bytes chunk(
    const FragmentTrack& track,
    std::uint32_t sequence,
    std::uint64_t decode_time,
    std::span<const Sample> samples
);

}  // namespace ittybit::media
