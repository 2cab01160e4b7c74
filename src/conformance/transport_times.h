#pragma once

#include <map>
#include <optional>

#include "conformance/extinf.h"
#include "conformance/rendition.h"
#include "conformance/transport_stream.h"

namespace ittybit::conformance {

/// Follows a rendition in MPEG-2 transport streams from segment to segment, like FragmentTimes.
class TransportTimes {
public:
    TransportTimes(Rendition& rendition, manifest::Report& report)
        : rendition_(rendition), report_(report), durations_(report) {}

    void start_anew();

    /// Reads one segment into the rendition's last. Whether its times are known.
    bool take(
        Bytes bytes,
        Bytes tables,  // of the initialization section
        const manifest::Segment& segment,
        const manifest::Place& place
    );

private:
    /// Of sound beside the main stream, in ticks.
    struct LastTime {
        std::int64_t time = 0;  // of the last packet
        std::int64_t step = 0;  // between packets
    };
    void check_streams(
        const TransportSegment& read, const manifest::Segment& segment, const ElementaryStream& main
    );
    void check_sound(int pid, const ElementaryStream& stream, const manifest::Place& whole);
    void take_times(
        const ElementaryStream& stream,
        const manifest::Segment& segment,
        const manifest::Place& place
    );

    Rendition& rendition_;
    manifest::Report& report_;
    DurationCheck durations_;
    std::optional<std::int64_t> last_;  // the last time as it was written
    std::int64_t unwrapped_ = 0;        // the same without the wrap
    std::optional<double> end_;         // of the segment before
    std::map<int, int> types_;          // of the streams of the segment before, by program id
    std::map<int, LastTime> sounds_;    // beside the main stream
};

}  // namespace ittybit::conformance
