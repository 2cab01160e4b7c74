#pragma once

#include <cstdint>
#include <vector>

#include "media/handles.h"

namespace ittybit::media {

/// The table of colours that the pictures of a GIF share (GIF89a, 19). Where there is one, libav
/// gives its background colour to what no picture has drawn, or what was cleared; where there is
/// none it leaves that transparent, as browsers do in both cases. So each picture gets the table as
/// its own.
class GifTable {
public:
    /// The packet for the decoder; the same one when it is damaged. Packets come in the file's
    /// order.
    Packet given_to(Packet packet);

private:
    std::vector<std::uint8_t> colours_;  // three bytes each
    std::uint8_t size_ = 0;              // as its flags tell it
};

}  // namespace ittybit::media
