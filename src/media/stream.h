#pragma once

#include <optional>
#include <string>
#include <vector>

#include "media/input.h"
#include "model/geometry.h"

namespace ittybit::media {

/// What display needs done to the stored picture: first mirrored left to right, then turned.
struct Orientation {
    bool is_mirrored = false;
    int rotation = 0;  // degrees clockwise: 0, 90, 180, 270
    bool operator==(const Orientation&) const = default;
};

enum class Hdr { kNone, kPq, kHlg };

/// The stream's orientation from its display matrix.
Orientation orientation_of(const AVStream& stream);

/// Whether the shape of a pixel that the file tells is nonsense.
bool has_absurd_aspect(const Input& input, const AVStream& stream);

/// The shape of a stored pixel; 1:1 when the file does not say, says nonsense, or differs by less
/// than the eye sees.
AVRational sample_aspect_of(const Input& input, const AVStream& stream);

/// Pixels as shown: sample aspect and rotation applied, each at least 1. The axis that the sample
/// aspect stretches grows, the other keeps its pixels.
Size display_size(Size stored, AVRational sample_aspect, const Orientation& orientation);
Size display_size_of(const Input& input, const AVStream& stream);

/// Stored pixels that are shown: those of the codec, without what the container crops.
Size stored_size_of(const Input& input, const AVStream& stream);

/// Average frames per second; 0/1 when not known. Nonsense (over 1000) counts as not known.
AVRational frame_rate_of(const Input& input, const AVStream& stream);

/// Whether every picture lasts as long as the frame rate says.
bool is_steady(const AVStream& stream);

/// Whether no common rate fits the pictures' times, and the frame rate is only their average.
bool is_irregular(const AVStream& stream);

/// Fills in what pictures leave unspecified, or say with a number that is reserved, with what the
/// container tells (`colr` of ISO/IEC 14496-12, 12.1.5; Matroska's Colour).
void fill_colours(
    const Colours& told,
    AVColorPrimaries& primaries,
    AVColorTransferCharacteristic& transfer,
    AVColorSpace& matrix,
    AVColorRange& range
);

/// By the transfer characteristics.
Hdr hdr_of(const AVStream& stream);

/// Whether the pictures can be transparent, by pixel format or by VP8/VP9's `alpha_mode`.
bool has_alpha(const AVStream& stream);

/// Cover art: one picture that belongs to a sound or film file, never its video.
bool is_cover(const AVStream& stream);

/// The video stream people mean: decodable, more than one picture, flagged as default, largest,
/// first, in that order. Cover art never. Nothing when there is none.
std::optional<int> find_video(const Input& input);

/// Errors: `no_video_stream`, or `unsupported_media` naming the codec that nobody here decodes.
Result<int> require_video(const Input& input);

/// The sound people mean, and sentences about tracks that were passed over.
struct AudioChoice {
    std::optional<int> stream;
    std::vector<std::string> warnings;
    std::optional<Error> failure;  // why the first of them does not decode
};

/// The default-flagged track, else the first, of those that decode: each candidate is tried on
/// the first packets it has, with a reader of its own. Beside a `video` stream only those of its
/// program. Errors: those of the source, `cancelled`.
Result<AudioChoice> choose_audio(const Input& input, std::optional<int> video = {});

/// All that decode, in the order in which choose_audio tries them, and sentences about tracks that
/// were passed over: `most` are taken.
struct AudioTracks {
    std::vector<int> streams;
    std::vector<std::string> warnings;
    std::optional<Error> failure;  // why the first of them does not decode
};

/// Errors: as choose_audio.
Result<AudioTracks> audio_tracks(const Input& input, std::optional<int> video, std::size_t most);

/// Errors: `no_audio_stream`, or `unsupported_media`/`corrupt_media` when none decodes.
Result<AudioChoice> require_audio(const Input& input);

/// The bytes of the first cover picture (a JPEG, PNG, … file of its own); nothing without one.
std::optional<std::span<const std::byte>> cover_bytes(const Input& input);

}  // namespace ittybit::media
