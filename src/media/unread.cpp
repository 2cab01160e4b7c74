#include "media/unread.h"

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

}  // namespace ittybit::media
