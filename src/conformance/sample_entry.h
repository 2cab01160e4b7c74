#pragma once

#include "conformance/track.h"

namespace ittybit::conformance {

/// Reads the sample entry (ISO/IEC 14496-12, 8.5.2) of a track whose handler is known, and the
/// configuration of its codec.
void read_sample_entry(
    const Box& entry, Track& track, const manifest::Place& place, manifest::Report& report
);

}  // namespace ittybit::conformance
