#include "image/exif.h"

#include <cstdint>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"

namespace ittybit::image {
namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kDescription = 0x010E;
constexpr std::uint32_t kArtist = 0x013B;
constexpr std::uint32_t kCopyright = 0x8298;
constexpr std::uint32_t kExifDirectory = 0x8769;
constexpr std::uint32_t kVersion = 0x9000;
constexpr std::uint32_t kColourSpace = 0xA001;
/// Windows' own, in UTF-16.
constexpr std::uint32_t kWindowsTitle = 0x9C9B;
constexpr std::uint32_t kWindowsAuthor = 0x9C9D;

enum Type : std::uint32_t {
    kByte = 1,
    kAscii = 2,
    kShort = 3,
    kLong = 4,
    kUndefined = 7,
    kUtf8 = 129
};

/// TIFF's numbers, 0 behind the end.
class Tiff {
public:
    explicit Tiff(std::string_view bytes) : bytes_(bytes), is_little_(bytes.starts_with("II")) {}

    std::uint32_t number(std::size_t at, std::size_t length) const {
        std::uint32_t number = 0;
        for (std::size_t i = 0; i < length; ++i) {
            const std::size_t place = is_little_ ? at + length - 1 - i : at + i;
            const auto byte = place < bytes_.size() ? static_cast<std::uint8_t>(bytes_[place]) : 0;
            number = number << 8U | static_cast<std::uint32_t>(byte);
        }
        return number;
    }

    /// The bytes of a tag of the first directory; empty when it is no text.
    std::string_view text(std::uint32_t tag) const {
        const std::size_t directory = number(4, 4);
        const std::uint32_t count = number(directory, 2);
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::size_t at = directory + 2 + i * std::size_t{12};
            if (at + 12 > bytes_.size()) break;
            if (number(at, 2) == tag) return value(at);
        }
        return {};
    }

private:
    std::string_view value(std::size_t entry) const {
        const std::uint32_t type = number(entry + 2, 2);
        if (type != kByte && type != kAscii && type != kUndefined && type != kUtf8) return {};
        const std::size_t length = number(entry + 4, 4);
        const std::size_t at = length <= 4 ? entry + 8 : number(entry + 8, 4);
        if (at > bytes_.size() || length > bytes_.size() - at) return {};
        return bytes_.substr(at, length);
    }

    std::string_view bytes_;
    bool is_little_;
};

/// Little-endian, whatever the order of the rest.
std::string from_utf16(std::string_view bytes) {
    std::string text;
    const auto unit = [&](std::size_t at) -> std::uint32_t {
        if (at + 1 >= bytes.size()) return 0;
        return static_cast<std::uint8_t>(bytes[at]) | static_cast<std::uint8_t>(bytes[at + 1]) << 8;
    };
    for (std::size_t at = 0; unit(at) != 0; at += 2) {
        std::uint32_t code = unit(at);
        const std::uint32_t low = unit(at + 2);
        if ((code & 0xFC00U) == 0xD800 && (low & 0xFC00U) == 0xDC00) {
            code = 0x10000 + ((code & 0x3FFU) << 10U | (low & 0x3FFU));
            at += 2;
        }
        append_utf8(text, code);
    }
    return title_text(text);
}

/// The photographer's, then behind a zero the editor's.
std::string copyright_text(std::string_view bytes) {
    const std::size_t zero = bytes.find('\0');
    const std::string text = title_text(bytes.substr(0, zero));
    const std::string editor = zero == bytes.npos ? "" : title_text(bytes.substr(zero + 1));
    if (text.empty() || editor.empty()) return text + editor;
    return trimmed(text) + ", " + trimmed(editor);
}

std::string_view up_to_zero(std::string_view bytes) {
    return bytes.substr(0, bytes.find('\0'));
}

std::string little(std::size_t number, unsigned length) {
    std::string bytes;
    for (unsigned i = 0; i < length; ++i) bytes += static_cast<char>((number >> (8 * i)) & 0xFFU);
    return bytes;
}

struct Entry {
    std::uint32_t tag;
    Type type;
    std::size_t count;
    std::string value;  // in the file's order
};

/// A directory that begins at `offset`, and behind it what does not fit in.
std::string directory(const std::vector<Entry>& entries, std::size_t offset) {
    std::string table = little(entries.size(), 2);
    std::string behind;
    const std::size_t end = offset + 2 + entries.size() * 12 + 4;
    for (const Entry& entry : entries) {
        table += little(entry.tag, 2) + little(entry.type, 2) + little(entry.count, 4);
        std::string value = entry.value;
        if (value.size() > 4) {
            value = little(end + behind.size(), 4);
            behind += entry.value;
            if (behind.size() % 2 != 0) behind += '\0';
        }
        value.resize(4, '\0');
        table += value;
    }
    return table + little(0, 4) + behind;
}

}  // namespace

std::vector<std::string> artists_in(std::string_view text) {
    std::vector<std::string> artists;
    for (const std::string& part : split(text, ';'))
        if (auto name = trimmed(title_text(part)); !name.empty())
            artists.push_back(std::move(name));
    return artists;
}

Titles exif_titles(std::string_view exif) {
    if (exif.starts_with("Exif\0\0"sv)) exif.remove_prefix(6);
    const Tiff tiff(exif);
    Titles titles;
    titles.title = from_utf16(tiff.text(kWindowsTitle));
    titles.description = title_text(up_to_zero(tiff.text(kDescription)));
    titles.artists = artists_in(up_to_zero(tiff.text(kArtist)));
    if (titles.artists.empty()) titles.artists = artists_in(from_utf16(tiff.text(kWindowsAuthor)));
    titles.copyright = copyright_text(tiff.text(kCopyright));
    return titles;
}

std::string exif_block(const Titles& titles) {
    std::vector<Entry> entries;
    const auto add = [&](std::uint32_t tag, std::string text) {
        if (text.empty()) return;
        text += '\0';
        const std::size_t length = text.size();
        entries.push_back({tag, kAscii, length, std::move(text)});
    };
    add(kDescription, titles.description.empty() ? titles.title : titles.description);
    add(kArtist, join(titles.artists, "; "));
    add(kCopyright, titles.copyright);
    entries.push_back({kExifDirectory, kLong, 1, little(0, 4)});
    // The second directory follows the first, whose length does not depend on where that is.
    const std::size_t second = 8 + directory(entries, 8).size();
    entries.back().value = little(second, 4);
    const std::vector<Entry> about = {
        {kVersion, kUndefined, 4, "0232"}, {kColourSpace, kShort, 1, little(1, 2)}
    };
    return std::string("II*\0"sv) + little(8, 4) + directory(entries, 8) + directory(about, second);
}

}  // namespace ittybit::image
