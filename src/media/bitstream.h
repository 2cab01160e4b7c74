#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

/// What must be known of H.264 and AAC bit streams to put them into fragments and name them.
namespace ittybit::media {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The NAL units of an Annex B byte stream (ITU-T H.264, annex B), without their start codes.
std::vector<ByteView> nal_units(ByteView annex_b);

/// The decoder configuration record (`avcC`, ISO/IEC 14496-15) of 8-bit 4:2:0 H.264 whose parameter
/// sets stand in Annex B form in `extradata`. Errors: `encode_failed` when there are none.
Result<Bytes> avc_configuration(ByteView extradata);

/// A picture in Annex B form as a sample of `avc1`: each NAL unit behind its length in four bytes.
Bytes avc_sample(ByteView annex_b);

/// "avc1.64001f", from a decoder configuration record (RFC 6381).
std::string avc_codec(ByteView configuration);

/// "mp4a.40.2", from an AudioSpecificConfig (ISO/IEC 14496-3).
std::string aac_codec(ByteView configuration);

}  // namespace ittybit::media
