#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/adaptive_mpd.h"
#include "tasks/adaptive_plan.h"
#include "tasks/adaptive_segmenter.h"
#include "tasks/adaptive_text.h"

namespace ittybit::tasks {

/// The renditions of a stream while they are made, and the playlists that name them afterwards.
/// Stays where it was made: the pipeline's stages know its segmenters.
struct AdaptiveStream {
    std::deque<Segmenter> pictures;  // best first
    std::deque<Segmenter> sounds;    // the default one first
    std::deque<TextRendition> texts;
    std::vector<std::string> captions;  // channels of closed captions in the pictures: "CC1"
    std::vector<Ratio> rates;           // of the pictures a second, for each of `pictures`
    std::string key_url;                // where players get the key; "": nothing is encrypted

    /// The places in `pictures` of each codec's, best first.
    std::map<AVCodecID, std::vector<std::size_t>> ladders() const;
    /// Whether it is the last of its ladder.
    bool is_lowest(std::size_t number) const;
    /// Those of `pictures` that players are told of: rates too near to each other confuse them.
    std::vector<std::size_t> listed() const;
    /// The sounds of a group. One that has no such form is there as in the first of all groups.
    std::vector<const Segmenter*> group(std::string_view name) const;
    int target_duration() const;
    MasterPlaylist master(const std::string& folder) const;
    Presentation presentation() const;
};

/// Whether all renditions of the picture have the same boundaries and length. Errors:
/// `output_invalid`.
Result<> check_alignment(const AdaptiveStream& stream);

/// Writes the segments of texts, then the media playlists, where `has_dash` the DASH manifest, then
/// the master as `<stem>.m3u8`, which is the main file.
Result<> write_manifests(
    AdaptiveStream& stream, bool has_dash, const Assignment& assignment, PartWriter& parts
);

/// What users are told of the finished stream.
File describe(const AdaptiveStream& stream, const PartWriter& parts);

}  // namespace ittybit::tasks
