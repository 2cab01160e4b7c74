#pragma once

#include <deque>
#include <string>

#include "tasks/adaptive_mpd.h"
#include "tasks/adaptive_plan.h"
#include "tasks/adaptive_segmenter.h"

namespace ittybit::tasks {

/// The renditions of a stream while they are made, and the playlists that name them afterwards.
/// Stays where it was made: the pipeline's stages know its segmenters.
struct AdaptiveStream {
    std::deque<Segmenter> pictures;  // best first
    std::deque<Segmenter> sounds;
    std::vector<Ratio> rates;  // of the pictures a second, for each of `pictures`
    std::string language;      // of the sound, as the source says it

    /// Those of `pictures` that players are told of: rates too near to each other confuse them.
    std::vector<std::size_t> listed() const;
    int target_duration() const;
    MasterPlaylist master(const std::string& folder) const;
    Presentation presentation() const;
};

/// Whether all renditions of the picture have the same boundaries and length. Errors:
/// `output_invalid`.
Result<> check_alignment(const AdaptiveStream& stream);

/// Writes the media playlists, where `has_dash` the DASH manifest, then the master as
/// `<stem>.m3u8`, which is the main file.
Result<> write_manifests(
    const AdaptiveStream& stream, bool has_dash, const Assignment& assignment, PartWriter& parts
);

/// What users are told of the finished stream.
File describe(const AdaptiveStream& stream, const PartWriter& parts);

}  // namespace ittybit::tasks
