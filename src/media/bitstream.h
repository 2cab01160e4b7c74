#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Bytes, and the names of H.264 and AAC bit streams.
namespace ittybit::media {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The NAL units of an Annex B byte stream (ITU-T H.264, annex B), without their start codes.
std::vector<ByteView> nal_units(ByteView annex_b);

/// "avc1.64001f" (RFC 6381), from parameter sets in Annex B form.
std::string avc_codec(ByteView extradata);

/// "mp4a.40.2", from an AudioSpecificConfig (ISO/IEC 14496-3).
std::string aac_codec(ByteView configuration);

}  // namespace ittybit::media
