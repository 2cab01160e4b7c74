#include "image/titles.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/text.h"

namespace ittybit::image {
namespace {

/// Where each title lives in the four kinds of metadata.
struct Place {
    std::string Titles::* member;
    const char* exif;
    std::string_view xmp;
    std::uint8_t iptc;  // data set of record 2
    std::string_view png;
};
constexpr std::array kPlaces = {
    Place{&Titles::title, "exif-ifd0-ImageDescription", "dc:title", 5, "title"},
    Place{&Titles::artist, "exif-ifd0-Artist", "dc:creator", 80, "author"},
    Place{&Titles::copyright, "exif-ifd0-Copyright", "dc:rights", 116, "copyright"},
};

/// Longer than any title; what is longer is not one.
constexpr std::size_t kLongest = 4096;

std::string trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos || text.size() > kLongest) return {};
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return std::string(text.substr(first, last - first + 1));
}

std::string text_field(VipsImage* image, const char* name) {
    const char* text = nullptr;
    if (vips_image_get_typeof(image, name) == 0) return {};
    if (vips_image_get_string(image, name, &text) == 0) return text;
    vips_error_clear();
    return {};
}

/// libvips writes "Sunset (Sunset, ASCII, 7 components, 7 bytes)".
std::string exif_text(VipsImage* image, const char* name) {
    const std::string text = text_field(image, name);
    const std::size_t tail = text.rfind(", ASCII, ");
    if (tail == std::string::npos) return trimmed(text);
    // The value stands there twice, " (" between: both halves are equally long.
    if (tail < 2) return {};
    return trimmed(std::string_view(text).substr(0, (tail - 2) / 2));
}

std::string_view blob(VipsImage* image, const char* name) {
    const void* bytes = nullptr;
    std::size_t length = 0;
    if (vips_image_get_typeof(image, name) == 0) return {};
    if (vips_image_get_blob(image, name, &bytes, &length) != 0) {
        vips_error_clear();
        return {};
    }
    return {static_cast<const char*>(bytes), length};
}

std::string unescaped(std::string text) {
    constexpr std::array<std::array<std::string_view, 2>, 5> kEntities = {
        {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}}
    };
    for (const auto& [entity, character] : kEntities) {
        for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at)
            text.replace(at, entity.size(), character);
    }
    return text;
}

/// The first list item of an element: `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Sunset</…`.
std::string xmp_text(std::string_view xmp, std::string_view element) {
    const std::size_t begin = xmp.find("<" + std::string(element));
    if (begin == std::string_view::npos) return {};
    const std::size_t end = xmp.find("</" + std::string(element), begin);
    const std::string_view inside = xmp.substr(begin, end == xmp.npos ? 0 : end - begin);
    const std::size_t item = inside.find("<rdf:li");
    if (item == std::string_view::npos) return {};
    const std::size_t open = inside.find('>', item);
    const std::size_t close = inside.find("</rdf:li", item);
    if (open == std::string_view::npos || close == std::string_view::npos || close < open)
        return {};
    return unescaped(trimmed(inside.substr(open + 1, close - open - 1)));
}

/// IPTC-IIM: 0x1C, record, data set, length in two bytes, text.
std::string iptc_text(std::string_view iptc, std::uint8_t data_set) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(iptc[at]); };
    for (std::size_t at = 0; at + 5 <= iptc.size();) {
        const std::size_t length = byte(at + 3) * std::size_t{256} + byte(at + 4);
        if (byte(at) != 0x1C || at + 5 + length > iptc.size()) {
            ++at;
            continue;
        }
        if (byte(at + 1) == 2 && byte(at + 2) == data_set)
            return trimmed(iptc.substr(at + 5, length));
        at += 5 + length;
    }
    return {};
}

/// PNG's tEXt chunks: fields named "png-comment-<number>-<keyword>".
std::string png_text(VipsImage* image, std::string_view keyword) {
    std::string found;
    gchar** fields = vips_image_get_fields(image);
    for (gchar** field = fields; *field != nullptr && found.empty(); ++field) {
        const std::string name = to_lower(*field);
        if (name.starts_with("png-comment-") && name.ends_with("-" + std::string(keyword)))
            found = trimmed(text_field(image, *field));
    }
    g_strfreev(fields);
    return found;
}

}  // namespace

Titles titles_of(VipsImage* image) {
    Titles titles;
    const std::string_view xmp = blob(image, VIPS_META_XMP_NAME);
    const std::string_view iptc = blob(image, VIPS_META_IPTC_NAME);
    for (const Place& place : kPlaces) {
        std::string& text = titles.*place.member;
        text = exif_text(image, place.exif);
        if (text.empty()) text = xmp_text(xmp, place.xmp);
        if (text.empty()) text = iptc_text(iptc, place.iptc);
        if (text.empty()) text = png_text(image, place.png);
    }
    return titles;
}

void write_titles(VipsImage* image, const Titles& titles) {
    for (const Place& place : kPlaces) {
        const std::string& text = titles.*place.member;
        if (!text.empty()) vips_image_set_string(image, place.exif, text.c_str());
    }
}

bool has_titles(VipsImage* image) {
    for (const Place& place : kPlaces)
        if (vips_image_get_typeof(image, place.exif) != 0) return true;
    return false;
}

}  // namespace ittybit::image
