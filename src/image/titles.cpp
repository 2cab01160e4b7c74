#include "image/titles.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "base/utf8.h"
#include "image/exif.h"
#include "image/xmp.h"

namespace ittybit::image {
namespace {

/// Bytes; what is longer is no title.
constexpr std::size_t kLongest = 8192;
constexpr std::size_t kMostArtists = 50;

/// IPTC-IIM's data sets of record 2, and the keywords of PNG.
constexpr std::uint8_t kObjectName = 5;
constexpr std::uint8_t kByLine = 80;
constexpr std::uint8_t kCopyright = 116;
constexpr std::uint8_t kCaption = 120;

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

std::string_view text_field(VipsImage* image, const char* name) {
    const char* text = nullptr;
    if (vips_image_get_typeof(image, name) == 0) return {};
    if (vips_image_get_string(image, name, &text) == 0) return text;
    vips_error_clear();
    return {};
}

/// The texts of a data set: 0x1C, record, data set, length in two bytes, text.
std::vector<std::string> iptc_texts(std::string_view iptc, std::uint8_t data_set) {
    const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(iptc[at]); };
    std::vector<std::string> found;
    for (std::size_t at = 0; at + 5 <= iptc.size();) {
        const std::size_t length = byte(at + 3) * std::size_t{256} + byte(at + 4);
        if (byte(at) != 0x1C || at + 5 + length > iptc.size()) {
            ++at;
            continue;
        }
        std::string text;
        if (byte(at + 1) == 2 && byte(at + 2) == data_set)
            text = title_text(iptc.substr(at + 5, length));
        if (!text.empty()) found.push_back(std::move(text));
        at += 5 + length;
    }
    return found;
}

/// PNG's text chunks: fields named "png-comment-<number>-<keyword>".
std::vector<std::string> png_texts(VipsImage* image, std::string_view keyword) {
    std::vector<std::string> found;
    gchar** fields = vips_image_get_fields(image);
    for (gchar** field = fields; *field != nullptr; ++field) {
        const std::string name = to_lower(*field);
        if (!name.starts_with("png-comment-") || !name.ends_with("-" + std::string(keyword)))
            continue;
        auto text = title_text(text_field(image, *field));
        if (!text.empty()) found.push_back(std::move(text));
    }
    g_strfreev(fields);
    return found;
}

/// Fills what is empty.
void fill(Titles& titles, const Titles& from) {
    if (titles.title.empty()) titles.title = from.title;
    if (titles.description.empty()) titles.description = from.description;
    if (titles.artists.empty()) titles.artists = from.artists;
    if (titles.copyright.empty()) titles.copyright = from.copyright;
}

/// HEIF's XMP, whose field libvips numbers: "heif-mime-1".
Titles heif_titles(VipsImage* image) {
    Titles titles;
    gchar** fields = vips_image_get_fields(image);
    for (gchar** field = fields; *field != nullptr; ++field)
        if (std::string_view(*field).starts_with("heif-mime-"))
            fill(titles, xmp_titles(blob(image, *field)));
    g_strfreev(fields);
    return titles;
}

Titles iptc_titles(std::string_view iptc) {
    const auto first = [&](std::uint8_t data_set) {
        auto found = iptc_texts(iptc, data_set);
        return found.empty() ? std::string() : std::move(found.front());
    };
    return {first(kObjectName), first(kCaption), iptc_texts(iptc, kByLine), first(kCopyright)};
}

Titles png_titles(VipsImage* image) {
    const auto first = [&](std::string_view keyword) {
        auto found = png_texts(image, keyword);
        return found.empty() ? std::string() : std::move(found.front());
    };
    return {first("title"), first("description"), png_texts(image, "author"), first("copyright")};
}

/// A byte of Latin-1 in UTF-8.
std::string from_latin1(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        const auto code = static_cast<std::uint8_t>(byte);
        if (code < 0x80 || code >= 0xA0) append_utf8(text, code);
    }
    return text;
}

constexpr std::array kFields = {
    std::pair{&Titles::title, "ittybit-title"},
    std::pair{&Titles::description, "ittybit-description"},
    std::pair{&Titles::copyright, "ittybit-copyright"},
};
constexpr auto kArtists = "ittybit-artists";  // one a line

}  // namespace

std::string title_text(std::string_view bytes) {
    while (!bytes.empty() && bytes.back() == '\0') bytes.remove_suffix(1);
    std::string text = valid_utf8(bytes) == bytes ? std::string(bytes) : from_latin1(bytes);
    for (char& letter : text)
        if (static_cast<std::uint8_t>(letter) < 0x20 || letter == 0x7F) letter = ' ';
    const bool is_blank = text.find_first_not_of(' ') == std::string::npos;
    return is_blank || text.size() > kLongest ? std::string() : text;
}

std::string trimmed(std::string text) {
    text.erase(0, std::min(text.size(), text.find_first_not_of(' ')));
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

Titles titles_of(VipsImage* image) {
    Titles titles = kept_titles(image);
    fill(titles, exif_titles(blob(image, VIPS_META_EXIF_NAME)));
    fill(titles, xmp_titles(blob(image, VIPS_META_XMP_NAME)));
    fill(titles, heif_titles(image));
    fill(titles, iptc_titles(blob(image, VIPS_META_IPTC_NAME)));
    fill(titles, png_titles(image));
    if (titles.artists.size() > kMostArtists) titles.artists.resize(kMostArtists);
    return titles;
}

void keep_titles(VipsImage* image, const Titles& titles) {
    for (const auto& [member, name] : kFields)
        if (!(titles.*member).empty()) vips_image_set_string(image, name, (titles.*member).c_str());
    if (!titles.artists.empty())
        vips_image_set_string(image, kArtists, join(titles.artists, "\n").c_str());
}

Titles kept_titles(VipsImage* image) {
    Titles titles;
    for (const auto& [member, name] : kFields) titles.*member = text_field(image, name);
    const std::string_view artists = text_field(image, kArtists);
    if (!artists.empty()) titles.artists = split(artists, '\n');
    return titles;
}

}  // namespace ittybit::image
