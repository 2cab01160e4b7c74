#pragma once

#include <optional>
#include <string_view>

#include "image/picture.h"

/// Colour by ICC profiles (ICC.1).
namespace ittybit::image {

bool has_profile(const Picture& picture);
/// Its bytes, as long as the picture lives; empty without one.
std::string_view profile_of(const Picture& picture);
Picture without_profile(const Picture& picture);

/// To 8-bit sRGB by the embedded profile, or by `otherwise` (a name libvips knows) when there is
/// none. Alpha stays. Nothing when the profile is broken or meant for pictures of another kind:
/// then it is as if there were none.
std::optional<Picture> by_profile(const Picture& picture, const char* otherwise);

}  // namespace ittybit::image
