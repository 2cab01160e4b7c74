#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace ittybit {

/// What kind of reader bytes need.
enum class Family {
    kMedia,      // audio and video: libav
    kStill,      // one picture
    kAnimation,  // an image format whose header promises several frames
    kRefused,    // not read, by decision or because nobody knows it
};

/// What the first bytes of a file say it is. A file's name never counts.
struct Sniffed {
    Family family = Family::kRefused;
    std::string_view format;        // as users know it: mp4, mov, webm, mp3, jpeg, apng, …
    std::string_view demuxer = {};  // libav's short name; empty where libav does not read it
    std::string_view refusal = {};  // why it is refused, and what to upload instead
    std::uint64_t start = 0;        // where the media begins, behind leading garbage
};

/// How many bytes of the start decide.
inline constexpr std::size_t kSniffBytes = 65536;

/// Judges the first bytes of a file (kSniffBytes of them, or all there are). Never fails: what
/// nobody knows is kRefused with a sentence.
Sniffed sniff(std::span<const std::byte> head);

/// Reads the start, looking behind ID3v2 tags and leading garbage of MP3 files. Errors:
/// `unsupported_media` for what is refused, and those of the source unchanged.
Result<Sniffed> sniff(ByteSource& source);

/// Whether the family is a picture's.
constexpr bool is_image(const Sniffed& sniffed) {
    return sniffed.family == Family::kStill || sniffed.family == Family::kAnimation;
}

}  // namespace ittybit
