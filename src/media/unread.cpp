#include "media/unread.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>

namespace ittybit::media {
namespace {

using namespace std::string_view_literals;

/// As many bytes as there are.
Result<std::string> read_up_to(ByteSource& source, std::uint64_t from, std::size_t most) {
    std::string bytes(most, '\0');
    std::size_t length = 0;
    while (length < most) {
        const auto room = std::as_writable_bytes(std::span(bytes).subspan(length));
        const std::size_t count = TRY(source.read_at(from + length, room));
        if (count == 0) break;
        length += count;
    }
    bytes.resize(length);
    return bytes;
}

/// Goes from page to page (RFC 3533, section 6), to one that begins a stream or to none.
Result<Unread> unread_pages(ByteSource& source, std::uint64_t from) {
    constexpr std::size_t kHeader = 27;
    constexpr int kMostPages = 1000;
    constexpr char kBegins = 2;
    for (int pages = 0; pages < kMostPages; ++pages) {
        const std::string page = TRY(read_up_to(source, from, kHeader + 255));
        const bool is_cut = from > source.size().value_or(from);
        if (page.empty()) return is_cut ? Unread::kDamage : Unread::kNothing;
        if (page.size() < kHeader || !page.starts_with("OggS"sv)) return Unread::kDamage;
        if ((page[5] & kBegins) != 0) return Unread::kAnotherFile;
        const auto segments = static_cast<std::uint8_t>(page[kHeader - 1]);
        if (page.size() < kHeader + segments) return Unread::kDamage;
        from += kHeader + segments;
        for (std::size_t i = 0; i < segments; ++i)
            from += static_cast<std::uint8_t>(page[kHeader + i]);
    }
    return Unread::kNothing;
}

std::uint64_t number_at(std::string_view bytes, std::size_t from, std::size_t length) {
    std::uint64_t number = 0;
    for (const char byte : bytes.substr(from, length))
        number = number << 8U | static_cast<std::uint8_t>(byte);
    return number;
}

/// A box of ISO media (ISO 14496-12, 4.2) that is in none.
struct Box {
    std::string type;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

/// The one that begins at a byte; nothing at the end, and where there is none.
Result<std::optional<Box>> box_at(ByteSource& source, std::uint64_t from) {
    constexpr std::size_t kHead = 16;
    const std::string head = TRY(read_up_to(source, from, kHead));
    if (head.size() < 8) return std::optional<Box>();
    std::uint64_t size = number_at(head, 0, 4);
    if (size == 1 && head.size() == kHead) size = number_at(head, 8, 8);
    if (size < 8 || size > std::numeric_limits<std::uint64_t>::max() - from)
        return std::optional<Box>();
    return std::optional(Box{head.substr(4, 4), from, from + size});
}

/// The time at which the first track of a fragment goes on, in its own ticks.
Result<std::uint64_t> decode_time(ByteSource& source, const Box& fragment) {
    constexpr std::uint64_t kMostLooked = 65536;
    const auto length = std::min(kMostLooked, fragment.to - fragment.from);
    const std::string bytes = TRY(read_up_to(source, fragment.from, length));
    const auto at = bytes.find("tfdt"sv);
    if (at == std::string::npos || at + 16 > bytes.size()) return std::uint64_t{0};
    const bool is_long = bytes[at + 4] == 1;
    return number_at(bytes, at + 8, is_long ? 8 : 4);
}

}  // namespace

Result<Unread> unread_behind(ByteSource& source, std::uint64_t from, std::string_view demuxer) {
    constexpr std::size_t kBytesLooked = 1 << 20;
    if (demuxer == "ogg") return unread_pages(source, from);
    if (demuxer != "matroska" && demuxer != "flv") return Unread::kNothing;
    // How its files begin, the latter with EBML's head (RFC 8794, 11.2.1).
    const auto beginning = demuxer == "flv" ? "FLV\1"sv : "\x1A\x45\xDF\xA3"sv;
    const std::string bytes = TRY(read_up_to(source, from, kBytesLooked));
    const bool is_there = bytes.find(beginning) != std::string::npos;
    return is_there ? Unread::kAnotherFile : Unread::kNothing;
}

Result<std::optional<std::uint64_t>> another_film(ByteSource& source, std::uint64_t from) {
    constexpr int kMostBoxes = 200'000;
    std::optional<std::uint64_t> begins;  // the first fragment, in ticks
    std::optional<std::uint64_t> other;   // the file that may be another
    int headers = 0;
    auto box = TRY(box_at(source, from));
    for (int boxes = 0; box && boxes < kMostBoxes; ++boxes) {
        if (box->type == "sidx" && headers == 1 && !begins) return std::optional<std::uint64_t>();
        if (box->type == "moov") ++headers;
        const bool is_head = box->type == "ftyp" || box->type == "moov";
        if (is_head && !other && (headers == 2 || (headers == 1 && box->type == "ftyp")))
            other = box->from;
        if (box->type == "moof" && headers <= 1 && !begins) begins = TRY(decode_time(source, *box));
        if (box->type == "moof" && headers > 1) {
            const auto time = TRY(decode_time(source, *box));
            return begins && time > *begins ? std::nullopt : other;
        }
        box = TRY(box_at(source, box->to));
    }
    return headers > 1 ? other : std::nullopt;
}

}  // namespace ittybit::media
