#include "image/presented.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "image/gif_frames.h"
#include "image/heif_repair.h"
#include "image/overlaid_source.h"
#include "image/png_chunks.h"
#include "model/sniff.h"

namespace ittybit::image {
namespace {

/// Browsers make a screen as large as the first picture needs.
Result<std::unique_ptr<ByteSource>> with_screen(ByteSource& source) {
    auto shown = std::make_unique<OverlaidSource>(source);
    auto frames = TRY(GifFrames::open(source));
    const auto first = TRY(frames.next());
    if (first) {
        std::string screen;
        for (const std::size_t size :
             {std::max(frames.width(), first->left + first->width),
              std::max(frames.height(), first->top + first->height)}) {
            screen += static_cast<char>(size & 0xFFU);
            screen += static_cast<char>((size >> 8U) & 0xFFU);
        }
        shown->add({6, screen.size(), screen});
    }
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
