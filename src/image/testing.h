#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/fd.h"
#include "image/handles.h"
#include "image/header.h"
#include "image/library.h"
#include "image/picture.h"
#include "image/steps.h"

/// Pictures for tests, made in memory, and looks at the pixels of results.
namespace ittybit::image {

using Rgba = std::array<int, 4>;

/// A folder that is the current one while this lives, and is gone afterwards.
class TemporaryFolder {
public:
    TemporaryFolder() : before_(std::filesystem::current_path()) {
        std::string pattern = (std::filesystem::temp_directory_path() / "ittybit-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        std::filesystem::current_path(folder_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(folder_);
    }

private:
    std::filesystem::path before_;
    std::filesystem::path folder_;
};

/// Red, green, blue, yellow from the top left in reading order: each a quarter.
inline constexpr std::array<Rgba, 4> kQuarters = {
    {{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 0, 255}}
};

inline Pixels quarters(int width, int height, int bands = 3) {
    Pixels pixels{
        .width = width, .height = height, .bands = bands, .bits = 8, .bytes = {}, .icc_profile = {}
    };
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const auto quarter = static_cast<std::size_t>((y * 2 / height) * 2 + (x * 2 / width));
            for (int band = 0; band < bands; ++band)
                pixels.bytes.push_back(
                    static_cast<std::byte>(kQuarters.at(quarter).at(static_cast<std::size_t>(band)))
                );
        }
    }
    return pixels;
}

inline Pixels plain(int width, int height, const Rgba& colour) {
    Pixels pixels{
        .width = width, .height = height, .bands = 4, .bits = 8, .bytes = {}, .icc_profile = {}
    };
    for (int i = 0; i < width * height; ++i)
        for (const int part : colour) pixels.bytes.push_back(static_cast<std::byte>(part));
    return pixels;
}

/// The bytes of a file with these pixels, orientation and text fields ("exif-ifd0-Artist" …).
/// Made beside the allow-list's writers, as the world's cameras do.
inline std::vector<std::byte> encoded(
    const Pixels& pixels,
    const char* saver,
    int orientation = 1,
    const std::map<std::string, std::string>& fields = {}
) {
    EXPECT_TRUE(init());
    VipsImage* raw = vips_image_new_from_memory_copy(
        pixels.bytes.data(), pixels.bytes.size(), pixels.width, pixels.height, pixels.bands,
        VIPS_FORMAT_UCHAR
    );
    const Image image(raw);
    image->Type = pixels.bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (orientation != 1) vips_image_set_int(raw, VIPS_META_ORIENTATION, orientation);
    for (const auto& [name, text] : fields) vips_image_set_string(raw, name.c_str(), text.c_str());
    const std::unique_ptr<VipsTarget, Unref> target(vips_target_new_to_memory());
    EXPECT_EQ(vips_call(saver, raw, target.get(), nullptr), 0) << vips_error_buffer();
    // Not vips_target_steal: a saver of libvips 8.14 has ended the target, which then has no
    // buffer.
    VipsBlob* blob = nullptr;
    g_object_get(target.get(), "blob", &blob, nullptr);
    std::size_t length = 0;
    const auto* first = static_cast<const std::byte*>(vips_blob_get(blob, &length));
    std::vector<std::byte> copy(first, first + length);
    vips_area_unref(VIPS_AREA(blob));
    return copy;
}

/// An animated WebP with one more chunk of its container: "ICCP" or "EXIF".
inline std::vector<std::byte> with_chunk(
    std::vector<std::byte> webp, std::string_view name, std::string content
) {
    constexpr std::size_t kFlags = 20;
    constexpr std::size_t kBehindHeader = 30;
    const auto number = [](std::size_t value) {
        std::string bytes;
        for (unsigned i = 0; i < 4; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xFFU);
        return bytes;
    };
    const bool is_profile = name == "ICCP";
    webp.at(kFlags) |= is_profile ? std::byte{0x20} : std::byte{0x08};
    std::string chunk = std::string(name) + number(content.size()) + content;
    if (chunk.size() % 2 != 0) chunk += '\0';
    const auto added = std::as_bytes(std::span(chunk));
    const auto place = is_profile ? webp.begin() + kBehindHeader : webp.end();
    webp.insert(place, added.begin(), added.end());
    const std::string size = number(webp.size() - 8);
    std::ranges::copy(std::as_bytes(std::span(size)), webp.begin() + 4);
    return webp;
}

inline std::vector<std::byte> file_bytes(const std::string& name) {
    const Fd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    FileSource source(file.get());
    std::vector<std::byte> bytes(static_cast<std::size_t>(source.size().value_or(0)));
    EXPECT_TRUE(source.read_at(0, bytes));
    return bytes;
}

/// The decoded pixels of an image file, as 8-bit sRGB, of one frame.
inline Pixels decoded(std::span<const std::byte> bytes, int page = 0) {
    EXPECT_TRUE(init());
    MemorySource source(bytes);
    const auto sniffed = sniff(source);
    if (!sniffed) return {};
    auto picture = Picture::open(source, *sniffed, {}, {.page = page});
    if (!picture) ADD_FAILURE() << picture.error().message;
    if (!picture) return {};
    auto shown = to_srgb(*std::move(picture));
    if (!shown) return {};
    auto pixels = shown->pixels();
    if (!pixels) ADD_FAILURE() << pixels.error().message;
    if (!pixels) return {};
    return *std::move(pixels);
}

inline Rgba pixel_at(const Pixels& pixels, int x, int y) {
    Rgba colour = {0, 0, 0, 255};
    const auto at = static_cast<std::size_t>((y * pixels.width + x) * pixels.bands);
    const bool has_alpha = pixels.bands == 2 || pixels.bands == 4;
    const int colours = pixels.bands - (has_alpha ? 1 : 0);
    for (std::size_t i = 0; i < 3; ++i)
        colour.at(i) = std::to_integer<int>(pixels.bytes.at(at + (colours == 1 ? 0 : i)));
    if (has_alpha)
        colour[3] = std::to_integer<int>(pixels.bytes.at(at + static_cast<std::size_t>(colours)));
    return colour;
}

/// Whether no part of the colour is further off than `by`; what is transparent has no colour.
inline testing::AssertionResult is_near(const Rgba& seen, const Rgba& wanted, int by = 12) {
    for (std::size_t i = 0; i < 4; ++i) {
        const bool is_hidden = i < 3 && wanted[3] == 0;
        if (!is_hidden && std::abs(seen.at(i) - wanted.at(i)) > by) {
            return testing::AssertionFailure()
                   << testing::PrintToString(seen) << " is not " << testing::PrintToString(wanted);
        }
    }
    return testing::AssertionSuccess();
}

/// The colours in the middles of the four quarters, in reading order.
inline std::array<Rgba, 4> quarters_of(const Pixels& pixels) {
    const int x = pixels.width / 4;
    const int y = pixels.height / 4;
    return {
        pixel_at(pixels, x, y), pixel_at(pixels, 3 * x, y), pixel_at(pixels, x, 3 * y),
        pixel_at(pixels, 3 * x, 3 * y)
    };
}

}  // namespace ittybit::image
