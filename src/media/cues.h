#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "media/input.h"
#include "media/timing.h"

/// Subtitles that are text, out of a file of their own or a stream.
namespace ittybit::media {

/// A piece of text and when it is on screen, in milliseconds.
struct Cue {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::string
        event;  // an ASS event: ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text

    /// The last of the event's fields.
    std::string_view text() const;
};

struct Cues {
    std::string codec;      // libav's name: subrip, webvtt, ass, mov_text
    std::string header;     // of ASS: the size of the screen, and styles; else empty
    std::vector<Cue> cues;  // in the order of their starts
    std::vector<std::string> warnings = {};
};

/// Whether a stream holds text that is read here.
bool is_text(const AVStream& stream);

/// The cues of each of these streams, timed from the input's origin, as far as they are shown
/// within the cut. Reads once with a reader of its own, which may have to go through the whole
/// film: `moved` is called on the way. Errors: of one stream `limit_exceeded` (cues,
/// subtitle_bytes) and `corrupt_media`; of all those of the source.
Result<std::vector<Result<Cues>>> read_cues(
    const Input& input,
    const std::vector<int>& streams,
    const Cut& cut,
    const std::function<void()>& moved
);

/// The cues of a file: SRT, WebVTT, ASS, in any of the codings that charset.h knows. Errors:
/// `unsupported_media`, `corrupt_media`, `limit_exceeded` (cues, subtitle_bytes), those of the
/// source.
Result<Cues> read_subtitle_file(ByteSource& source, const Limits& limits);

/// What of the cues is shown within the cut, timed from its start.
std::vector<Cue> within(std::vector<Cue> cues, const Cut& cut);

}  // namespace ittybit::media
