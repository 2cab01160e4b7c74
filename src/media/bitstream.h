#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Bytes, and the names of coded streams.
namespace ittybit::media {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The NAL units of an Annex B byte stream (ITU-T H.264, annex B), without their start codes.
std::vector<ByteView> nal_units(ByteView annex_b);

/// "avc1.64001f" (RFC 6381), from parameter sets in Annex B form.
std::string avc_codec(ByteView extradata);

/// "hvc1.1.6.L93.90" or "av01.0.04M.08" (ISO/IEC 14496-15, annex E; AV1 in ISOBMFF, 5), from an
/// initialization segment; "" where it has neither.
std::string configured_codec(ByteView init);

/// "mp4a.40.2", from an AudioSpecificConfig (ISO/IEC 14496-3).
std::string aac_codec(ByteView configuration);

}  // namespace ittybit::media
