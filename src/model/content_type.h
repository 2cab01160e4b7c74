#pragma once

#include <string_view>

namespace ittybit {

/// What is said of bytes that are none of our own making: a browser stores them, it shows nothing.
inline constexpr std::string_view kUnknownType = "application/octet-stream";

/// The media type of what we make, by its name's extension: "video/mp4" of "a/b.mp4".
std::string_view content_type_of(std::string_view name);

}  // namespace ittybit
