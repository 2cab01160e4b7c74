#include "image/presented.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "image/heif_repair.h"
#include "image/overlaid_source.h"
#include "image/png_chunks.h"
#include "model/sniff.h"

namespace ittybit::image {
namespace {

/// Numbers of a GIF (GIF89a, 18 and 20), 0 behind its end.
struct Gif {
    std::string bytes;
    std::size_t byte(std::size_t at) const {
        return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : 0;
    }
    std::size_t number(std::size_t at) const { return byte(at) + 256 * byte(at + 1); }
};

/// Where the first picture's left, top, width and height are; 0 when it is not near the start.
std::size_t first_picture(const Gif& gif) {
    std::size_t at = 13;
    if ((gif.byte(10) & 0x80U) != 0) at += std::size_t{3} << ((gif.byte(10) & 7U) + 1);
    while (gif.byte(at) == 0x21) {  // an extension: a label, and blocks up to an empty one
        at += 2;
        while (gif.byte(at) != 0) at += gif.byte(at) + 1;
        ++at;
    }
    return gif.byte(at) == 0x2C && at + 9 <= gif.bytes.size() ? at + 1 : 0;
}

/// Browsers make a screen as large as the first picture needs.
Result<std::unique_ptr<ByteSource>> with_screen(ByteSource& source) {
    auto shown = std::make_unique<OverlaidSource>(source);
    const Gif gif{TRY(read_text(source, 0, kSniffBytes))};
    const std::size_t picture = first_picture(gif);
    std::string screen;
    for (const std::size_t side : {0U, 2U}) {  // left and width, top and height
        const std::size_t end = gif.number(picture + side) + gif.number(picture + side + 4);
        const std::size_t size = std::max(gif.number(6 + side), end);
        screen += static_cast<char>(size & 0xFFU);
        screen += static_cast<char>((size >> 8U) & 0xFFU);
    }
    if (picture != 0) shown->add({6, screen.size(), screen});
    return std::unique_ptr<ByteSource>(std::move(shown));
}

}  // namespace

Result<std::unique_ptr<ByteSource>> presented(ByteSource& source) {
    const auto sniffed = sniff(source);
    const std::string_view format = sniffed ? sniffed->format : std::string_view();
    if (format == "png" || format == "apng") return without_bulk(source);
    if (format == "gif") return with_screen(source);
    if (format == "heic" || format == "avif") {
        if (auto repaired = TRY(repaired_heif(source))) return repaired;
    }
    return std::unique_ptr<ByteSource>(std::make_unique<OverlaidSource>(source));
}

}  // namespace ittybit::image
