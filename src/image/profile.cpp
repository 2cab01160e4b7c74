#include "image/profile.h"

#include <cstdint>

#include "image/handles.h"

namespace ittybit::image {
namespace {

/// What of a profile decides how it is used.
struct ProfileFacts {
    int colours = 3;  // channels of the pictures it is meant for
    VipsIntent intent = VIPS_INTENT_RELATIVE;
};

/// ICC.1, 7.2: the header has 128 bytes, with the colour space at 16 and a signature at 36; a table
/// of tags follows (7.3).
constexpr std::size_t kHeader = 128;
constexpr std::size_t kTableEntry = 12;

std::uint32_t number_at(std::string_view profile, std::size_t at) {
    std::uint32_t number = 0;
    for (const char byte : profile.substr(at, 4))
        number = number << 8U | static_cast<std::uint8_t>(byte);
    return number;
}

bool has_tag(std::string_view profile, std::string_view name) {
    const std::size_t count = number_at(profile, kHeader);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t at = kHeader + 4 + i * kTableEntry;
        if (at + kTableEntry > profile.size()) return false;
        if (profile.substr(at, 4) == name) return true;
    }
    return false;
}

/// Nothing when it is no profile of a picture.
std::optional<ProfileFacts> read_profile(std::string_view profile) {
    if (profile.size() < kHeader + 4 || profile.substr(36, 4) != "acsp") return std::nullopt;
    const std::string_view space = profile.substr(16, 4);
    ProfileFacts facts;
    if (space == "GRAY") {
        facts.colours = 1;
    } else if (space == "CMYK") {
        facts.colours = 4;
    } else if (space != "RGB ") {
        return std::nullopt;
    }
    // A profile made of tables may lack the one for the intent that suits most.
    if (has_tag(profile, "A2B0") && !has_tag(profile, "A2B1"))
        facts.intent = VIPS_INTENT_PERCEPTUAL;
    return facts;
}

/// How many channels of a picture are colour; 0 when nobody says.
int colours_of(const Picture& picture) {
    switch (vips_image_guess_interpretation(picture.vips())) {
        case VIPS_INTERPRETATION_B_W:
        case VIPS_INTERPRETATION_GREY16: return 1;
        case VIPS_INTERPRETATION_CMYK: return 4;
        case VIPS_INTERPRETATION_sRGB:
        case VIPS_INTERPRETATION_RGB:
        case VIPS_INTERPRETATION_RGB16: return 3;
        default: return 0;
    }
}

int transform(
    VipsImage* colours, VipsImage** out, VipsIntent intent, const char* otherwise, bool is_embedded
) {
    // Black stays black, whatever black the profile's ink or screen has.
    return vips_icc_transform(
        colours, out, "srgb", "input_profile", otherwise, "embedded", is_embedded ? TRUE : FALSE,
        "intent", intent, "black_point_compensation", TRUE, "depth", 8, nullptr
    );
}

/// libvips shifts the colours to 8 bits, but casts an alpha: so that goes by itself.
int transform_beside_alpha(
    const Picture& picture,
    VipsImage** out,
    const ProfileFacts& facts,
    const char* otherwise,
    bool is_embedded
) {
    VipsImage* parts[4] = {};
    const int bands = vips_image_get_bands(picture.vips());
    const bool is_made =
        bands > facts.colours &&
        vips_extract_band(picture.vips(), &parts[0], 0, "n", facts.colours, nullptr) == 0 &&
        vips_extract_band(picture.vips(), &parts[1], facts.colours, nullptr) == 0 &&
        vips_cast(parts[1], &parts[2], VIPS_FORMAT_UCHAR, "shift", TRUE, nullptr) == 0 &&
        transform(parts[0], &parts[3], facts.intent, otherwise, is_embedded) == 0 &&
        vips_bandjoin2(parts[3], parts[2], out, nullptr) == 0;
    for (VipsImage* part : parts) g_clear_object(&part);
    return is_made ? 0 : -1;
}

}  // namespace

bool has_profile(const Picture& picture) {
    return vips_image_get_typeof(picture.vips(), VIPS_META_ICC_NAME) != 0;
}

std::string_view profile_of(const Picture& picture) {
    const void* bytes = nullptr;
    std::size_t length = 0;
    if (!has_profile(picture)) return {};
    if (vips_image_get_blob(picture.vips(), VIPS_META_ICC_NAME, &bytes, &length) == 0)
        return {static_cast<const char*>(bytes), length};
    vips_error_clear();
    return {};
}

Picture without_profile(const Picture& picture) {
    VipsImage* out = nullptr;
    if (vips_copy(picture.vips(), &out, nullptr) != 0) return picture.with(nullptr);
    vips_image_remove(out, VIPS_META_ICC_NAME);
    return picture.with(out);
}

std::optional<Picture> by_profile(const Picture& picture, const char* otherwise) {
    const bool is_embedded = has_profile(picture);
    const int colours = colours_of(picture);
    ProfileFacts facts{.colours = colours};
    if (is_embedded) {
        const auto read = read_profile(profile_of(picture));
        if (!read) return std::nullopt;
        facts = *read;
    }
    const int bands = vips_image_get_bands(picture.vips());
    if (facts.colours > bands || (colours != 0 && colours != facts.colours)) return std::nullopt;
    VipsImage* out = nullptr;
    const int code = bands > facts.colours
                         ? transform_beside_alpha(picture, &out, facts, otherwise, is_embedded)
                         : transform(picture.vips(), &out, facts.intent, otherwise, is_embedded);
    if (code == 0) return without_profile(picture.with(out));
    vips_error_clear();
    return std::nullopt;
}

}  // namespace ittybit::image
