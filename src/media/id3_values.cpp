#include "media/id3_values.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t kHead = 10;  // bytes, of the tag and of each frame

/// Seven bits a byte.
std::uint64_t without_eighth_bits(std::uint64_t number) {
    return (number & 0x7FU) | (number >> 1U & 0x3F80U) | (number >> 2U & 0x1FC000U) |
           (number >> 3U & 0xFE00000U);
}

bool is_frame_name(std::uint64_t name) {
    for (int i = 0; i < 4; ++i, name >>= 8U) {
        const auto letter = static_cast<char>(name & 0xFFU);
        if ((letter < 'A' || letter > 'Z') && (letter < '0' || letter > '9')) return false;
    }
    return true;
}

/// A number for a genre is read where it is the whole text.
bool is_number(std::string_view value) {
    return value.find_first_not_of("0123456789()"sv) == std::string_view::npos;
}

/// Of single bytes, and of UTF-16, where a value may begin with a mark of its own.
std::vector<Patch> patches_of(std::string_view text, std::uint64_t at, bool is_genre) {
    const bool is_wide = text[0] == '\1' || text[0] == '\2';
    const std::size_t unit = is_wide ? 2 : 1;
    const bool is_little = text.substr(1, 2) == "\xFF\xFE"sv;
    const auto wide = [&](char letter) {
        return is_little ? std::string{letter, '\0'} : std::string{'\0', letter};
    };
    const std::string_view nothing = "\0\0"sv.substr(0, unit);
    while (text.size() > unit && text.ends_with(nothing)) text.remove_suffix(unit);
    std::vector<Patch> patches;
    std::size_t begin = 1;
    for (std::size_t i = 1; i + unit <= text.size(); i += unit) {
        if (text.substr(i, unit) != nothing) continue;
        if (is_genre && is_number(text.substr(begin, i - begin))) return {};
        begin = i + unit;
        const auto mark = text.substr(begin, 2);
        const bool is_marked = is_wide && (mark == "\xFF\xFE"sv || mark == "\xFE\xFF"sv);
        if (!is_wide) patches.push_back({at + i, ";"});
        if (is_wide) patches.push_back({at + i, wide(';') + (is_marked ? wide(' ') : "")});
    }
    return patches;
}

struct Tag {
    std::uint64_t version = 0;
    std::uint64_t begin = 0;  // of its frames
    std::uint64_t end = 0;
};

Result<std::uint64_t> size_at(Bytes& bytes, std::uint64_t at, std::uint64_t version) {
    const auto number = TRY(bytes.number(at, 4));
    return version == 4 ? without_eighth_bits(number) : number;
}

/// Nothing of other versions, and of those that are "unsynchronised".
Result<std::optional<Tag>> read_tag(Bytes& bytes) {
    constexpr std::uint64_t kName = 0x494433;
    const auto head = TRY(bytes.number(0, 6));
    const auto version = head >> 16U & 0xFFU;
    const bool is_known = head >> 24U == kName && (version == 3 || version == 4);
    if (!is_known || (head & 0x80U) != 0) return std::optional<Tag>();
    Tag tag{.version = version, .begin = kHead, .end = kHead + TRY(size_at(bytes, 6, 4))};
    const bool has_more_head = (head & 0x40U) != 0;
    if (has_more_head) tag.begin += TRY(size_at(bytes, kHead, version)) + (version == 4 ? 0 : 4);
    return std::optional(tag);
}

}  // namespace

Result<std::vector<Patch>> joined_values(ByteSource& source) {
    constexpr std::uint64_t kMostText = 65536;  // bytes of a frame that is looked at
    constexpr int kMostFrames = 1000;
    constexpr std::size_t kMostValues = 10'000;
    std::vector<Patch> patches;
    Bytes bytes(source, 0);
    const auto tag = TRY(read_tag(bytes));
    if (!tag) return patches;
    std::uint64_t at = tag->begin;
    for (int i = 0; i < kMostFrames && at + kHead < tag->end; ++i) {
        const auto name = TRY(bytes.number(at, 4));
        if (!is_frame_name(name) || patches.size() > kMostValues) break;
        const auto size = TRY(size_at(bytes, at + 4, tag->version));
        const bool is_plain = TRY(bytes.number(at + 9, 1)) == 0;
        const bool is_text = is_plain && name >> 24U == 'T' && name != letters("TXXX");
        at += kHead;
        if (is_text && size > 1 && size <= std::min(kMostText, tag->end - std::min(tag->end, at))) {
            std::string text(size, '\0');
            TRY(source.read_at(at, std::as_writable_bytes(std::span(text))));
            std::ranges::move(
                patches_of(text, at, name == letters("TCON")), std::back_inserter(patches)
            );
        }
        at += size;
    }
    return patches;
}

}  // namespace ittybit::media
