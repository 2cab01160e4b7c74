#include "media/unread.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kPageHeader = 27;

/// How long a page of Ogg is (RFC 3533, section 6), by the head of one; 0 of what is none.
std::size_t page_length(std::string_view head) {
    if (head.size() < kPageHeader || !head.starts_with("OggS"sv)) return 0;
    const auto segments = static_cast<std::uint8_t>(head[kPageHeader - 1]);
    if (head.size() < kPageHeader + segments) return 0;
    std::size_t length = kPageHeader + segments;
    for (const char segment : head.substr(kPageHeader, segments))
        length += static_cast<std::uint8_t>(segment);
    return length;
}

/// Whether the sum in a page's head is that of its bytes.
bool is_sound_page(std::string page) {
    constexpr std::size_t kSum = 22;
    std::uint32_t told = 0;
    for (std::size_t i = kSum + 4; i-- > kSum;)
        told = told << 8U | static_cast<std::uint8_t>(std::exchange(page[i], '\0'));
    std::uint32_t sum = 0;
    for (const char byte : page) {
        sum ^= static_cast<std::uint32_t>(static_cast<std::uint8_t>(byte)) << 24U;
        for (int bit = 0; bit < 8; ++bit) sum = sum << 1U ^ (sum >> 31U) * 0x04C11DB7U;
    }
    return sum == told;
}

/// Goes from page to page, to one that begins a stream or to none.
Result<Unread> unread_pages(ByteSource& source, std::uint64_t from) {
    constexpr int kMostPages = 1000;
    constexpr char kBegins = 2;
    for (int pages = 0; pages < kMostPages; ++pages) {
        std::string page = TRY(read_text(source, from, kPageHeader + 255));
        if (page.empty()) return Unread::kNothing;
        const std::size_t length = page_length(page);
        if (length == 0) return Unread::kDamage;
        if ((page[5] & kBegins) != 0) return Unread::kAnotherFile;
        page = TRY(read_text(source, from, length));
        if (page.size() < length || !is_sound_page(page)) return Unread::kDamage;
        from += length;
    }
    return Unread::kNothing;
}

/// The time at which the first track of a fragment goes on, in its own ticks.
Result<std::uint64_t> decode_time(ByteSource& source, std::uint64_t start, const Piece& fragment) {
    constexpr std::uint64_t kMostLooked = 65536;
    const auto from = start + fragment.begin;
    const auto length = std::min(kMostLooked, fragment.end - fragment.begin);
    const auto at = TRY(read_text(source, from, length)).find("tfdt"sv);
    if (at == std::string::npos) return std::uint64_t{0};
    Bytes bytes(source, from);
    const bool is_long = TRY(bytes.number(at + 4, 1)) == 1;
    return bytes.number(at + 8, is_long ? 8 : 4);
}

}  // namespace

Result<Unread> unread_behind(ByteSource& source, std::uint64_t from, std::string_view demuxer) {
    constexpr std::size_t kBytesLooked = 1 << 20;
    if (demuxer == "ogg") return unread_pages(source, from);
    if (demuxer != "matroska" && demuxer != "flv") return Unread::kNothing;
    // How its files begin, the latter with EBML's head (RFC 8794, 11.2.1).
    const auto beginning = demuxer == "flv" ? "FLV\1"sv : "\x1A\x45\xDF\xA3"sv;
    const std::string bytes = TRY(read_text(source, from, kBytesLooked));
    const bool is_there = bytes.find(beginning) != std::string::npos;
    return is_there ? Unread::kAnotherFile : Unread::kNothing;
}

Result<std::optional<std::uint64_t>> another_film(ByteSource& source, std::uint64_t from) {
    constexpr int kMostBoxes = 200'000;
    const auto size = source.size().value_or(std::numeric_limits<std::int64_t>::max());
    Bytes bytes(source, from);
    std::optional<std::uint64_t> begins;  // the first fragment, in ticks
    std::optional<std::uint64_t> other;   // the file that may be another
    int headers = 0;
    std::uint64_t at = 0;
    for (int boxes = 0; boxes < kMostBoxes; ++boxes) {
        const auto box = TRY(read_box(bytes, at, size - std::min(size, from)));
        if (!box) break;
        if (box->name == letters("sidx") && headers == 1 && !begins)
            return std::optional<std::uint64_t>();
        const bool is_header = box->name == letters("moov");
        if (is_header) ++headers;
        const bool is_head =
            is_header ? headers == 2 : headers == 1 && box->name == letters("ftyp");
        if (is_head && !other) other = from + at;
        if (box->name == letters("moof") && (headers > 1 || !begins)) {
            const auto time = TRY(decode_time(source, from, *box));
            if (headers > 1) return begins && time > *begins ? std::nullopt : other;
            begins = time;
        }
        at = box->end;
    }
    return headers > 1 ? other : std::nullopt;
}

}  // namespace ittybit::media
