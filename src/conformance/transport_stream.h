#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "conformance/picture.h"
#include "manifest/report.h"

namespace ittybit::conformance {

/// One elementary stream of a segment of an MPEG-2 transport stream (ISO/IEC 13818-1).
struct ElementaryStream {
    int type = 0;                     // stream_type: 0x1B H.264, 0x0F AAC in ADTS, …
    std::vector<std::int64_t> times;  // presentation, of 90 kHz, in the order of the packets
    std::vector<std::uint8_t> head;   // of the first access unit: what fits into 64 KiB
    std::vector<std::int64_t> keys;   // presentation times of packets that begin with an IDR
    bool has_sets = false;            // the first access unit has its parameter sets (H.264)
    bool is_picture() const;
    bool is_sound() const;
    std::string codec() const;  // RFC 6381, as far as the head tells
};

struct TransportSegment {
    std::map<int, ElementaryStream> streams;  // by program id
    std::optional<std::int64_t> clock;        // the first PCR, of 90 kHz
    bool has_clock = true;                    // the PMT names a program id for it
};

/// Reads a segment, and reports what is wrong with its packets. `tables`: packets with the PAT and
/// PMT of an initialization section, where there is one.
TransportSegment read_transport_segment(
    Bytes bytes, const std::string& file, manifest::Report& report, Bytes tables = {}
);

/// `later` − `earlier` for times of 33 bits that may have wrapped between them.
std::int64_t ticks_between(std::int64_t earlier, std::int64_t later);

}  // namespace ittybit::conformance
