#include "image/embed.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <webp/mux.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "image/exif.h"
#include "image/file_writing.h"
#include "image/heif_meta.h"
#include "image/overlaid_source.h"
#include "image/palette_png.h"
#include "image/xmp.h"

namespace ittybit::image {
namespace {

using namespace std::string_view_literals;

std::string big_endian(std::size_t number, unsigned length) {
    std::string bytes;
    for (unsigned i = length; i-- > 0;) bytes += static_cast<char>((number >> (8 * i)) & 0xFFU);
    return bytes;
}

/// A JPEG segment; nothing when it is longer than those can be.
std::string jpeg_segment(std::string_view name, std::string_view content) {
    const std::size_t length = 2 + name.size() + content.size();
    if (length > 0xFFFF) return {};
    return "\xFF\xE1" + big_endian(length, 2) + std::string(name) + std::string(content);
}

std::string jpeg_blocks(const Titles& titles) {
    return jpeg_segment("Exif\0\0"sv, exif_block(titles)) +
           jpeg_segment("http://ns.adobe.com/xap/1.0/\0"sv, xmp_packet(titles));
}

std::string png_blocks(const Titles& titles) {
    const std::string text = std::string("XML:com.adobe.xmp\0\0\0\0\0"sv) + xmp_packet(titles);
    return png_chunk("eXIf", exif_block(titles)) + png_chunk("iTXt", text);
}

/// Moves what is behind `offset`, its end first, to make room.
Result<> insert(const Fd& file, std::uint64_t offset, std::string_view bytes) {
    constexpr std::uint64_t kPiece = 1'000'000;
    FileSource source(file.get());
    for (std::uint64_t end = source.size().value_or(0); end > offset;) {
        const std::uint64_t begin = end - std::min(kPiece, end - offset);
        const std::string piece = TRY(read_text(source, begin, end - begin));
        TRY(write_at(file.get(), begin + bytes.size(), piece));
        end = begin;
    }
    return write_at(file.get(), offset, bytes);
}

/// Behind the start and the JFIF header, which has to be the first segment.
Result<std::uint64_t> after_jfif(const Fd& file) {
    FileSource source(file.get());
    const std::string head = TRY(read_text(source, 0, 6));
    if (head.size() < 6 || head.substr(2, 2) != "\xFF\xE0") return std::uint64_t{2};
    const auto length =
        static_cast<std::uint8_t>(head[4]) * 256U + static_cast<std::uint8_t>(head[5]);
    return std::uint64_t{4} + length;
}

struct DeleteMux {
    void operator()(WebPMux* mux) const { WebPMuxDelete(mux); }
};

Result<> embed_in_webp(const Titles& titles, const Fd& file) {
    FileSource source(file.get());
    const std::string before = TRY(read_text(source, 0, source.size().value_or(0)));
    const WebPData data{reinterpret_cast<const std::uint8_t*>(before.data()), before.size()};
    const std::unique_ptr<WebPMux, DeleteMux> mux(WebPMuxCreate(&data, 0));
    if (mux == nullptr)
        return Error{ErrorKind::kEncodeFailed, "the written webp cannot be read", ""};
    bool is_done = true;
    WebPMuxDeleteChunk(mux.get(), "EXIF");
    const auto set = [&](const char* name, const std::string& bytes) {
        const WebPData chunk{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
        is_done = is_done && WebPMuxSetChunk(mux.get(), name, &chunk, 1) == WEBP_MUX_OK;
    };
    if (!titles.is_empty()) {
        set("EXIF", exif_block(titles));
        set("XMP ", xmp_packet(titles));
    }
    WebPData assembled = {};
    is_done = is_done && WebPMuxAssemble(mux.get(), &assembled) == WEBP_MUX_OK;
    const std::string after(reinterpret_cast<const char*>(assembled.bytes), assembled.size);
    WebPDataClear(&assembled);
    if (!is_done) return Error{ErrorKind::kEncodeFailed, "the titles cannot be written", ""};
    TRY(write_at(file.get(), 0, after));
    if (::ftruncate(file.get(), static_cast<off_t>(after.size())) != 0) return write_error(errno);
    return {};
}

/// libvips writes "not said" for the code points of AVIF's colours (ITU-T H.273): they are sRGB's.
Result<> tell_srgb(const Fd& file) {
    FileSource source(file.get());
    const auto meta = TRY(read_heif_meta(source));
    const std::uint64_t offset = meta == nullptr ? 0 : heif_facts(*meta).code_points_offset;
    if (offset == 0) return {};
    return write_at(file.get(), offset, big_endian(1, 2) + big_endian(13, 2));
}

}  // namespace

Result<> embed(const Titles& titles, ImageFormat format, const std::string& name) {
    constexpr std::uint64_t kBehindPngHeader = 33;
    const bool is_complete = format == ImageFormat::kJpeg || format == ImageFormat::kPng;
    if (titles.is_empty() && is_complete) return {};
    const Fd file(::open(name.c_str(), O_RDWR | O_CLOEXEC));
    if (!file) return write_error(errno);
    if (format == ImageFormat::kAvif) return tell_srgb(file);
    if (format == ImageFormat::kWebp) return embed_in_webp(titles, file);
    if (format == ImageFormat::kPng) return insert(file, kBehindPngHeader, png_blocks(titles));
    return insert(file, TRY(after_jfif(file)), jpeg_blocks(titles));
}

}  // namespace ittybit::image
