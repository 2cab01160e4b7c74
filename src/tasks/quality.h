#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/encoding.h"
#include "model/plan.h"
#include "tasks/source_facts.h"

/// Where a quality level becomes settings of an encoder of films or sound (docs/quality.md has the
/// measurements behind the numbers).
namespace ittybit::tasks {

/// Cores of this machine that a task counts on; the same on every run.
int machine_cores();

/// What is asked of a video encoder.
struct PictureTarget {
    VideoCodec codec = VideoCodec::kH264;
    Quality quality = Quality::kMedium;
    std::optional<std::int64_t> bitrate = {};  // wins over quality
    Size size;
    Ratio fps;  // nominal; 0 when not known
    int ticks = 90000;
    PictureColour colour;
    int cores = machine_cores();
};

/// Pixels: neither x264, libvpx nor SVT-AV1 takes more.
inline constexpr int kLongestVideoSide = 16384;

/// Encoder, preset, rate control, key frames and threads for pictures. Errors: `encode_failed` when
/// no encoder of the codec can make a picture of this size.
Result<PictureEncoding> picture_encoding(const PictureTarget& target);

/// The sound beside a video: AAC, or Opus in webm.
SoundEncoding video_sound_encoding(VideoFormat format, Quality quality, const SoundFacts& source);

/// Sound of its own. Lossless formats keep rate, layout and as many bits as they can.
SoundEncoding sound_encoding(
    AudioFormat format,
    Quality quality,
    std::optional<std::int64_t> bitrate,
    const SoundFacts& source
);

/// The true peak (dBTP) that sound may have in front of an encoder, so that what is decoded stays
/// at −1; of several the least.
double most_true_peak(const SoundEncoding& how);
double most_true_peak(const std::vector<SoundBranch>& branches);

/// How many dB lower that is where the sound begins.
double start_room(const std::vector<SoundBranch>& branches);

/// By how many dB an encoder makes all sound louder.
double encoder_gain(const SoundEncoding& how);

}  // namespace ittybit::tasks
