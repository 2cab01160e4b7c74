#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "conformance/extinf.h"
#include "conformance/fragment.h"
#include "conformance/rendition.h"

namespace ittybit::conformance {

/// Follows the tracks of a rendition in fMP4 from segment to segment: their times go on without
/// gaps and last as long as the playlist says, and their samples are what they are marked as.
class FragmentTimes {
public:
    FragmentTimes(Rendition& rendition, manifest::Report& report)
        : rendition_(rendition), report_(report), durations_(report) {}

    /// Behind a discontinuity times may be any.
    void start_anew();

    /// Reads one segment into the rendition's last. Whether its times are known.
    bool take(
        const Piece& piece,
        const Init& init,
        const manifest::Segment& segment,
        const manifest::Place& place,
        bool is_encrypted
    );

private:
    void check_sequence(const FragmentedSegment& read, const Piece& piece);
    void check_type(const Piece& piece, bool is_in_range);
    void check_same(const Init& init, const manifest::Place& place);
    void check_continuity(const Run& run, const Track& track, const Piece& piece);
    void look_into_pictures(
        const std::vector<const Run*>& runs, const Track& track, const Piece& piece
    );
    void check_first(const std::vector<const Run*>& runs, const Piece& piece);
    void check_rate(
        const std::vector<const Run*>& runs, const Track& track, const manifest::Place& place
    );
    void check_sound(
        const std::vector<const Run*>& runs, const Track& track, const manifest::Place& place
    );
    void keep_times(
        const std::vector<const Run*>& runs,
        const Track& track,
        std::span<const double> lengths,  // seconds, of all tracks
        const manifest::Segment& segment,
        const manifest::Place& place
    );

    Rendition& rendition_;
    manifest::Report& report_;
    DurationCheck durations_;
    std::map<std::uint32_t, std::int64_t> next_;  // decode time of each track
    std::optional<std::uint32_t> sequence_;
    bool sequence_restarts_ = false;  // some packagers number each file from one
    bool sequence_goes_on_ = false;
    bool has_type_ = false;           // the first segment has a styp
    std::vector<std::string> media_;  // the sample entries of the tracks
    bool is_first_ = true;            // of those without a discontinuity between
    bool is_early_ = true;            // the very first
    std::optional<double> last_key_;
};

}  // namespace ittybit::conformance
