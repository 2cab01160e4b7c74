#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/handles.h"
#include "media/sink.h"
#include "model/plan.h"
#include "tasks/adaptive_playlists.h"
#include "tasks/adaptive_segmenter.h"

namespace ittybit::tasks {

/// "01:02:03.004", as WebVTT has times.
std::string webvtt_time(std::int64_t ms);

/// A rendition of text: keeps the cues that come as packets of WebVTT, and makes segments of them
/// once those of the pictures are known.
class TextRendition : public media::Sink<media::Packet> {
public:
    explicit TextRendition(PlannedTrack track) : planned_(std::move(track)) {}

    Result<> push(media::Packet packet) override;
    Result<> finish() override { return {}; }

    /// Writes `<name>-00001.vtt` … which cover the same times as these segments, each with all cues
    /// that are shown within it (RFC 8216, 3.5). Errors: PartWriter's.
    Result<> write(const std::vector<Segment>& like, PartWriter& parts);

    const PlannedTrack& planned() const { return planned_; }
    const std::string& name() const { return planned_.name; }
    const std::vector<Segment>& segments() const { return segments_; }

private:
    /// When it is shown, in milliseconds, and its lines.
    struct Cue {
        std::int64_t start = 0;
        std::int64_t end = 0;
        std::string text;
    };

    std::string shown_within(double begin, double end) const;

    const PlannedTrack planned_;
    std::vector<Cue> cues_;  // in the order of their starts
    std::vector<Segment> segments_;
};

}  // namespace ittybit::tasks
