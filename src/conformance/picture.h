#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "conformance/bits.h"

/// What coded pictures and sound say of themselves. Read bit by bit, in bounds, without a codec.
namespace ittybit::conformance {

/// What kind of picture a sample is (H.264 7.4.1.2.4, H.265 7.4.2.2, AV1 7.6).
enum class PictureKind {
    kOther,
    kKey,      // IDR: nothing behind it refers to anything before it
    kOpenKey,  // decoding may begin here, but leading pictures refer to what is before
    kLeading,  // one of those
    kUnreadable,
};

/// The facts of a sequence parameter set (H.264 7.3.2.1, H.265 7.3.2.2).
struct PictureFacts {
    int profile = 0;      // profile_idc
    int constraints = 0;  // the byte behind it (H.264)
    int level = 0;        // level_idc: 41 is 4.1 (H.264), 120 is 4.0 (H.265)
    bool is_high_tier = false;
    std::int64_t width = 0;  // after cropping
    std::int64_t height = 0;
    std::int64_t macroblocks = 0;  // of a frame (H.264)
    std::int64_t reordered = -1;   // frames; negative: not said
    std::int64_t aspect_width = 1;
    std::int64_t aspect_height = 1;
    int chroma = 1;      // 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4
    int luma_depth = 8;  // bits
    int chroma_depth = 8;
    bool is_interlaced = false;        // fields may be coded
    std::optional<double> frame_rate;  // as its timing says
    std::optional<int> primaries;      // by H.273, as the two that follow
    std::optional<int> transfer;
    std::optional<int> matrix;
};

/// The sample aspect ratio of a VUI: by the number of table E-1, or written out (H.264 E.1.1, H.265
/// E.2.1).
void read_aspect(BitReader& in, PictureFacts& facts);

/// The colours of a VUI, from video_signal_type_present_flag on.
void read_colours(BitReader& in, PictureFacts& facts);

/// Reads a NAL unit of type 7, its header included. Nothing where it is broken.
std::optional<PictureFacts> read_h264_sps(Bytes unit);

/// Reads a NAL unit of type 33, its header included. Nothing where it is broken.
std::optional<PictureFacts> read_h265_sps(Bytes unit);

/// Whether H.264's table A-1 allows such pictures at the level that they declare.
bool fits_level(const PictureFacts& picture, double frame_rate);

/// "SDR", "PQ" or "HLG", as VIDEO-RANGE says it.
std::string video_range(std::optional<int> transfer);

/// The facts of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1).
struct AudioConfig {
    int object_type = 0;  // of all of it: 2 AAC-LC, 5 HE-AAC, 29 HE-AAC v2, 42 xHE-AAC
    int rate = 0;         // Hz of the core
    int output_rate = 0;  // with SBR
    int channels = 0;     // 0: told elsewhere
};
std::optional<AudioConfig> read_audio_config(Bytes bytes);

}  // namespace ittybit::conformance
