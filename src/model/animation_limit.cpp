#include "model/animation_limit.h"

#include <algorithm>

#include <fmt/format.h>

namespace ittybit {
namespace {

/// A few bytes a frame make an animation, and each is a whole picture to unpack: of a film, which
/// pays for its frames, this many times as many may be read.
constexpr std::int64_t kFramesOfAFilm = 40;
/// And all of them together may be so many pictures of the largest size.
constexpr std::int64_t kFullPictures = 500;

}  // namespace

Result<> check_animation(const Size& size, std::int64_t frames, const Limits& limits) {
    const auto most_frames = std::max<std::int64_t>(1, limits.frames / kFramesOfAFilm);
    if (frames > most_frames) {
        return Error{
            ErrorKind::kLimitExceeded,
            fmt::format(
                "the animation has {} frames, more than the {} allowed", frames, most_frames
            ),
            "", LimitReached{"frames", static_cast<double>(most_frames)}
        };
    }
    const auto pixels = static_cast<double>(size.pixels());
    const double most_pixels =
        static_cast<double>(kFullPictures) * static_cast<double>(limits.pixels);
    if (static_cast<double>(frames) * pixels <= most_pixels) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the animation has {} frames of {}×{}, which together are more than {} pictures of {} "
            "pixels: make it smaller or shorter",
            frames, size.width, size.height, kFullPictures, limits.pixels
        ),
        "", LimitReached{"pixels", static_cast<double>(limits.pixels)}
    };
}

}  // namespace ittybit
