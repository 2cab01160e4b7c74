#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

/// What the fuzz targets share. A target is one file: libFuzzer calls its function with bytes of
/// its own making, for ever, and keeps those that end the process.
namespace ittybit::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

/// A promise that the code under test must keep.
inline void must(bool is_kept) {
    if (!is_kept) std::abort();
}

/// The first line, and all behind it.
inline std::pair<std::string_view, std::string_view> cut_line(std::string_view text) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {text, {}};
    return {text.substr(0, end), text.substr(end + 1)};
}

}  // namespace ittybit::fuzz
