#pragma once

#include <cstdint>
#include <map>

#include "base/bytes.h"
#include "base/result.h"
#include "media/handles.h"

namespace ittybit::media {

/// What the edit lists of a film (ISO/IEC 14496-12, 8.6.6) ask for, of which libav does not all, or
/// not exactly.
struct EditLists {
    bool are_several = false;         // parts of a track are put together
    bool are_pauses = false;          // nothing, or a still picture, is shown amid the track
    std::map<int, double> ends = {};  // in seconds of the film, by the track's id
};

/// Of all tracks of the film that begins at a byte. Errors: those of the source.
Result<EditLists> edit_lists(ByteSource& source, std::uint64_t start);

/// Has the decoder leave out what of a packet of sound lies behind the end of its track: libav only
/// leaves out whole packets. Of codecs whose frames are all of one length; others tell it.
void cut_at_end(AVPacket& packet, const AVStream& stream, const EditLists& edits);

}  // namespace ittybit::media
