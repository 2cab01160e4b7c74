#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "model/file.h"
#include "model/geometry.h"
#include "model/limits.h"
#include "model/sniff.h"

namespace ittybit::image {

/// What the header of a picture file says.
struct Header {
    std::string format;          // jpeg, png, webp, gif, tiff, heic, avif
    Size stored;                 // of one frame
    int orientation = 1;         // EXIF: 1–8
    int frames = 1;              // pages, for TIFF and HEIF
    bool is_whole = true;        // false: there are more frames, which libvips does not read
    std::vector<int> delays_ms;  // how long each frame is shown; empty for a still
    int loop = 0;                // how often an animation plays; 0 for ever
    int bit_depth = 8;
    bool has_alpha = false;
    bool is_cmyk = false;
    bool has_profile = false;      // ICC
    bool has_few_colours = false;  // a palette, or less than eight bits a sample
    int primaries = 2;             // ITU-T H.273; 2: not said. libvips reads neither of the two
    int transfer = 2;

    bool is_hdr() const { return transfer == 16 || transfer == 18; }  // PQ, HLG
    /// Whether the samples mean other colours than libvips takes them for.
    bool is_beyond_srgb() const;

    /// After orientation.
    Size display() const;
    bool is_animated() const { return !delays_ms.empty(); }
    double duration() const;  // seconds, of all frames
};

/// Whether libvips reads this format here; what it cannot read is libav's.
bool can_read(const Sniffed& sniffed);

/// Whether a file of several pictures names one that stands for all, which libvips reads. Errors:
/// those of the source.
Result<bool> has_primary(ByteSource& source, const Sniffed& sniffed);

/// Reads the header alone. Errors: `unsupported_media`, `corrupt_media`, `limit_exceeded` (pixels,
/// frames), those of the source.
Result<Header> read_header(ByteSource& source, const Sniffed& sniffed, const Limits& limits);

/// How often an animation plays, 0 for ever, where libav does not tell: APNG, AVIF. Errors: those
/// of the source.
Result<int> plays_of(ByteSource& source, const Sniffed& sniffed);

/// SPEC's `file` of a picture. Errors: as read_header.
Result<File> facts_of(ByteSource& source, const Sniffed& sniffed, const Limits& limits);
Result<File> facts_of(ByteSource& source, const Header& header);

}  // namespace ittybit::image
