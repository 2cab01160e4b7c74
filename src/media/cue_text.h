#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/cues.h"
#include "model/geometry.h"

/// The words of cues, in the forms that tracks and files have.
namespace ittybit::media {

/// A run of letters that look alike.
struct TextSpan {
    std::string text;  // UTF-8; lines end with \n
    bool is_bold = false;
    bool is_italic = false;
    bool is_underlined = false;
    bool is_same_style(const TextSpan& other) const {
        return is_bold == other.is_bold && is_italic == other.is_italic &&
               is_underlined == other.is_underlined;
    }
};

/// What is shown for some time, without all that only ASS can say.
struct Caption {
    std::int64_t start = 0;  // milliseconds
    std::int64_t end = 0;
    std::vector<TextSpan> spans;
    bool is_on_top = false;
};

/// Cues as captions; what is only drawn is left out.
std::vector<Caption> captions(const std::vector<Cue>& cues);

/// The same where one ends before the next begins: what is shown together becomes one caption, of
/// the first few where there are many.
std::vector<Caption> in_sequence(const std::vector<Caption>& captions);

/// The payload of a WebVTT cue (W3C WebVTT 1, 4.2.2).
std::string webvtt_text(const Caption& caption);

/// A sample of 3GPP timed text (TS 26.245, 5.17).
std::string timed_text(const Caption& caption);

/// The description of such samples in a track that covers pictures of this size (5.16).
std::string timed_text_description(const Size& size);

}  // namespace ittybit::media
