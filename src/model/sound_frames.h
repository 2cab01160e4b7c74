#pragma once

#include <cstddef>
#include <string_view>

/// Sound without a container is frames that follow one another. Each function tells the length in
/// bytes of the frame whose header begins at a byte; 0 where there is none.
namespace ittybit {

/// MPEG audio (ISO 11172-3, 13818-3), but for that of a free format.
std::size_t mpeg_audio_frame(std::string_view head, std::size_t at);

/// AAC in ADTS (ISO 14496-3, 1.A.2).
std::size_t adts_frame(std::string_view head, std::size_t at);

/// AC-3 and E-AC-3 (ATSC A/52, 5.3 and E.1.2).
std::size_t ac3_frame(std::string_view head, std::size_t at);

/// The length of the tag at the start, header and footer included; 0 without one: ID3v2, and what
/// comes behind the frames (ID3v1, APEv2 and Lyrics3, which is only seen whole).
std::size_t tag_length(std::string_view head);

}  // namespace ittybit
