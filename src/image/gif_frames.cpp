#include "image/gif_frames.h"

#include "image/overlaid_source.h"

namespace ittybit::image {
namespace {

constexpr std::size_t kWindow = 65536;
constexpr std::size_t kExtension = 0x21;
constexpr std::size_t kPicture = 0x2C;
constexpr std::size_t kGraphicControl = 0xF9;

}  // namespace

Result<GifFrames> GifFrames::open(ByteSource& source) {
    GifFrames frames(source);
    frames.at_ = 6;  // behind its name
    frames.width_ = TRY(frames.number());
    frames.height_ = TRY(frames.number());
    const std::size_t flags = TRY(frames.byte());
    frames.at_ += 2;
    frames.skip_table(flags);
    return frames;
}

Result<std::optional<GifFrame>> GifFrames::next() {
    if (is_in_pixels_) TRY(skip_blocks());
    is_in_pixels_ = false;
    GifFrame frame;
    for (;;) {
        const std::size_t block = TRY(byte());
        if (block == kPicture) break;
        if (block != kExtension) return std::optional<GifFrame>();
        TRY(read_extension(frame));
    }
    frame.left = TRY(number());
    frame.top = TRY(number());
    frame.width = TRY(number());
    frame.height = TRY(number());
    skip_table(TRY(byte()));
    ++at_;  // the size of the first codes
    is_in_pixels_ = true;
    return std::optional(frame);
}

Result<> GifFrames::read_extension(GifFrame& frame) {
    const std::size_t label = TRY(byte());
    if (label == kGraphicControl) {
        const std::uint64_t begin = at_++;
        const std::size_t flags = TRY(byte());
        const std::size_t disposal = flags >> 2U & 7U;
        frame.is_cleared = disposal == 2 || disposal == 3;
        frame.is_transparent = (flags & 1U) != 0;
        at_ = begin;
    }
    return skip_blocks();
}

void GifFrames::skip_table(std::size_t flags) {
    if ((flags & 0x80U) != 0) at_ += std::uint64_t{6} << (flags & 7U);
}

/// Up to an empty one.
Result<> GifFrames::skip_blocks() {
    while (const std::size_t length = TRY(byte())) at_ += length;
    return {};
}

/// 0 behind the end.
Result<std::size_t> GifFrames::byte() {
    if (at_ < begin_ || at_ >= begin_ + window_.size()) {
        begin_ = at_;
        window_ = TRY(read_text(*source_, begin_, kWindow));
        if (window_.empty()) return 0;
    }
    return static_cast<std::uint8_t>(window_[at_++ - begin_]);
}

Result<std::size_t> GifFrames::number() {
    const std::size_t low = TRY(byte());
    return low + 256 * TRY(byte());
}

Result<bool> has_bare_parts(ByteSource& gif, int frame, bool has_alpha) {
    auto frames = TRY(GifFrames::open(gif));
    for (int i = 0; i <= frame; ++i) {
        const auto found = TRY(frames.next());
        if (!found) break;
        const bool is_whole = found->left + found->top == 0 && found->width >= frames.width() &&
                              found->height >= frames.height();
        if (i == 0 && !is_whole && !has_alpha) return true;
        if (i < frame && found->is_cleared && !found->is_transparent) return true;
    }
    return false;
}

}  // namespace ittybit::image
