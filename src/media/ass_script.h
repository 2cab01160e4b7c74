#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "media/cues.h"
#include "model/geometry.h"

namespace ittybit::media {

/// Subtitles made ready for libass: what is drawn, moves, fades or is enormous has been taken out
/// of them, so that drawing them takes little time whoever wrote them, and each script has a font.
struct AssScript {
    struct Event {
        std::int64_t start = 0;  // milliseconds
        std::int64_t end = 0;
        std::string line;  // Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text behind a number
    };
    std::string header;
    std::vector<Event> events;
    std::set<std::string> families;  // of fonts that are needed and installed
    std::vector<std::string> warnings;
};

/// `cues` for pictures of this size.
AssScript ass_script(const Cues& cues, const Size& size);

}  // namespace ittybit::media
