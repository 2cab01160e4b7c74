#include "image/made_profile.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

namespace ittybit::image {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;  // rows

/// BT.709's, which sRGB has: white, red, green, blue.
constexpr Chromaticities kSrgb = {0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06};
constexpr double kUsualGamma = 1 / 2.2;
/// The white of ICC's connection space.
constexpr Vector kD50 = {0.9642, 1.0, 0.8249};
/// Bradford's: from XYZ to the responses of the eye.
constexpr Matrix kBradford = {
    {{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}
};

Vector times(const Matrix& m, const Vector& v) {
    Vector out{};
    for (std::size_t i = 0; i < 3; ++i) out[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
    return out;
}

Matrix times(const Matrix& a, const Matrix& b) {
    Matrix out{};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            out[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
    return out;
}

std::optional<Matrix> inverse(const Matrix& m) {
    const auto minor = [&](std::size_t i, std::size_t j) {
        const std::size_t a = (i + 1) % 3;
        const std::size_t b = (i + 2) % 3;
        const std::size_t c = (j + 1) % 3;
        const std::size_t d = (j + 2) % 3;
        return m[a][c] * m[b][d] - m[a][d] * m[b][c];
    };
    const double whole = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
    if (std::abs(whole) < 1e-6) return std::nullopt;
    Matrix out{};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) out[j][i] = minor(i, j) / whole;
    return out;
}

/// XYZ of a chromaticity at luminance 1.
Vector xyz_of(double x, double y) {
    return {x / y, 1, (1 - x - y) / y};
}

/// From a screen's light to XYZ as seen under D50.
std::optional<Matrix> to_connection_space(const Chromaticities& c) {
    for (std::size_t i = 1; i < c.size(); i += 2)
        if (c.at(i) <= 0 || c.at(i) > 1) return std::nullopt;
    const Vector white = xyz_of(c[0], c[1]);
    Matrix primaries{};
    for (std::size_t i = 0; i < 3; ++i) {
        const Vector one = xyz_of(c.at(2 + 2 * i), c.at(3 + 2 * i));
        for (std::size_t row = 0; row < 3; ++row) primaries[row][i] = one[row];
    }
    const auto unmixed = inverse(primaries);
    if (!unmixed) return std::nullopt;
    const Vector shares = times(*unmixed, white);
    for (Vector& row : primaries)
        for (std::size_t i = 0; i < 3; ++i) row[i] *= shares[i];
    const Vector seen = times(kBradford, white);
    const Vector wanted = times(kBradford, kD50);
    Matrix adapted{};
    for (std::size_t i = 0; i < 3; ++i) {
        if (std::abs(seen[i]) < 1e-6) return std::nullopt;
        adapted[i][i] = wanted[i] / seen[i];
    }
    return times(times(*inverse(kBradford), times(adapted, kBradford)), primaries);
}

std::string u32(std::uint64_t number) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>((number >> static_cast<unsigned>(shift)) & 0xFFU);
    return bytes;
}

std::string fixed(double number) {
    return u32(static_cast<std::uint32_t>(std::lround(number * 65536)));
}

std::string xyz_tag(const Vector& v) {
    return "XYZ " + u32(0) + fixed(v[0]) + fixed(v[1]) + fixed(v[2]);
}

/// A parametric curve: a power, or without one sRGB's own.
std::string curve_tag(std::optional<double> gamma) {
    const std::string head = "para" + u32(0);
    if (gamma) return head + u32(0) + fixed(1 / *gamma);
    return head + u32(3U << 16U) + fixed(2.4) + fixed(1 / 1.055) + fixed(0.055 / 1.055) +
           fixed(1 / 12.92) + fixed(0.04045);
}

struct Tag {
    std::string_view name;
    std::string bytes;
};

std::string profile_of(std::string_view space, const std::vector<Tag>& tags) {
    std::string table = u32(tags.size());
    std::string body;
    const std::size_t first = 128 + 4 + tags.size() * 12;
    for (const Tag& tag : tags) {
        table += std::string(tag.name) + u32(first + body.size()) + u32(tag.bytes.size());
        body += tag.bytes;
    }
    std::string head = u32(first + body.size()) + u32(0) + u32(0x04200000) + "mntr";
    head += std::string(space) + "XYZ " + std::string(12, '\0') + "acsp" + std::string(28, '\0');
    head += fixed(kD50[0]) + fixed(kD50[1]) + fixed(kD50[2]);
    head.resize(128, '\0');
    return head + table + body;
}

/// What `cICP` says in place of the older words: those of H.273's transfers that are a power.
/// Nothing where it says another, which is not for a profile.
std::optional<PngFacts> by_code_points(PngFacts facts) {
    constexpr int kUnsaid = 2;
    constexpr int kBt709 = 1;
    if (facts.transfer == kUnsaid) return facts;
    facts.chromaticities.reset();
    facts.is_srgb = false;
    switch (facts.primaries == kBt709 ? facts.transfer : kUnsaid) {
        case 4: facts.gamma = 1 / 2.2; return facts;
        case 5: facts.gamma = 1 / 2.8; return facts;
        case 8: facts.gamma = 1; return facts;
        default: return std::nullopt;
    }
}

bool is_near(double a, double b) {
    return std::abs(a - b) < 0.005;
}

bool is_srgb(const PngFacts& facts) {
    if (facts.gamma && !is_near(*facts.gamma, kUsualGamma)) return false;
    const Chromaticities& c = facts.chromaticities.value_or(kSrgb);
    for (std::size_t i = 0; i < c.size(); ++i)
        if (!is_near(c.at(i), kSrgb.at(i))) return false;
    return true;
}

}  // namespace

std::optional<std::string> made_profile(const PngFacts& told, bool is_grey) {
    const auto found = by_code_points(told);
    if (!found || found->is_srgb || is_srgb(*found)) return std::nullopt;
    const PngFacts& facts = *found;
    if (facts.gamma && (*facts.gamma < 0.1 || *facts.gamma > 5)) return std::nullopt;
    const std::string curve = curve_tag(facts.gamma);
    const Tag white{"wtpt", xyz_tag(kD50)};
    if (is_grey) return profile_of("GRAY", {white, {"kTRC", curve}});
    const auto colours = to_connection_space(facts.chromaticities.value_or(kSrgb));
    if (!colours) return std::nullopt;
    const auto column = [&](std::size_t i) {
        return xyz_tag({(*colours)[0][i], (*colours)[1][i], (*colours)[2][i]});
    };
    return profile_of(
        "RGB ", {white,
                 {"rXYZ", column(0)},
                 {"gXYZ", column(1)},
                 {"bXYZ", column(2)},
                 {"rTRC", curve},
                 {"gTRC", curve},
                 {"bTRC", curve}}
    );
}

}  // namespace ittybit::image
