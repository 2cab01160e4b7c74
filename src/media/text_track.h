#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "media/cue_text.h"
#include "media/handles.h"
#include "media/sink.h"
#include "model/plan.h"

namespace ittybit::media {

/// The clock of text in an output. Not in milliseconds: libav's MP4 muxer compares its times with
/// those of pictures, as if they had one clock, to find out where captions end.
inline constexpr AVRational kTextTime = {1, 90000};

/// What a track of captions in this form says of itself, beside pictures of this size.
CodecParameters describe(TextForm form, const Size& size);

/// Feeds captions into a track as far as the rest of its file has come, so that all is interleaved.
class TextFeed {
public:
    TextFeed(TextForm form, std::vector<Caption> captions, Sink<Packet>& track);

    /// All that begins before `seconds`.
    Result<> up_to(double seconds);
    Result<> finish();

private:
    Result<> push(const Caption& caption);

    TextForm form_;
    std::vector<Caption> captions_;
    std::size_t next_ = 0;
    Sink<Packet>& track_;
};

}  // namespace ittybit::media
