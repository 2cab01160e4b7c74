#include "image/header.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "image/gif_frames.h"
#include "image/heif_meta.h"
#include "image/heif_sequence.h"
#include "image/loading.h"
#include "image/png_chunks.h"
#include "model/animation_limit.h"

namespace ittybit::image {
namespace {

constexpr std::array<std::string_view, 7> kReadable = {
    "jpeg", "png", "webp", "gif", "tiff", "heic", "avif",
};

int number_in(VipsImage* image, const char* field, int otherwise) {
    int value = otherwise;
    if (vips_image_get_typeof(image, field) == 0) return otherwise;
    if (vips_image_get_int(image, field, &value) == 0) return value;
    vips_error_clear();
    return otherwise;
}

/// The delay of each frame in milliseconds. As browsers do, a delay of 10 ms or less means 100.
std::vector<int> read_delays(VipsImage* image, int frames) {
    std::vector<int> delays;
    int* values = nullptr;
    int count = 0;
    if (frames < 2 || vips_image_get_typeof(image, "delay") == 0) return delays;
    if (vips_image_get_array_int(image, "delay", &values, &count) != 0) {
        vips_error_clear();
        return delays;
    }
    for (int i = 0; i < frames; ++i) {
        const int delay = count == 0 ? 0 : values[std::min(i, count - 1)];
        delays.push_back(delay <= 10 ? 100 : delay);
    }
    return delays;
}

bool is_heif(std::string_view format) {
    return format == "heic" || format == "avif";
}

/// Code points of H.273, which libvips does not pass on.
Result<> read_code_points(ByteSource& source, Header& header) {
    if (is_heif(header.format)) {
        const auto meta = TRY(read_heif_meta(source));
        if (meta == nullptr) return {};
        const HeifFacts facts = heif_facts(*meta);
        header.primaries = facts.primaries;
        header.transfer = facts.transfer;
    } else if (header.format == "png" || header.format == "apng") {
        const PngFacts facts = TRY(read_png_facts(source));
        header.primaries = facts.primaries;
        header.transfer = facts.transfer;
        header.has_few_colours = facts.colour_type == 3 || facts.bit_depth < 8;
    }
    return {};
}

int depth_of(VipsImage* image) {
    const int heif = number_in(image, "heif-bitdepth", 0);
    if (heif > 0) return heif;
    return static_cast<int>(8 * vips_format_sizeof(vips_image_get_format(image)));
}

std::string_view codec_of(const Header& header) {
    if (header.format == "heic") return "hevc";
    if (header.format == "avif") return "av1";
    return header.format;
}

int rotation_of(int orientation) {
    constexpr std::array kDegrees = {0, 0, 0, 180, 180, 90, 90, 270, 270};
    return kDegrees.at(static_cast<std::size_t>(orientation));
}

StreamFacts stream_of(const Header& header) {
    StreamFacts stream;
    stream.type = "video";
    stream.codec = codec_of(header);
    stream.width = header.stored.width;
    stream.height = header.stored.height;
    stream.rotation = rotation_of(header.orientation);
    stream.bit_depth = header.bit_depth;
    stream.alpha = header.has_alpha;
    if (header.is_hdr()) stream.hdr = header.transfer == 16 ? "hdr10" : "hlg";
    if (header.is_animated()) {
        stream.duration = header.duration();
        stream.fps = header.frames / header.duration();
    }
    return stream;
}

}  // namespace

Size Header::display() const {
    if (orientation >= 5) return {stored.height, stored.width};
    return stored;
}

double Header::duration() const {
    return std::accumulate(delays_ms.begin(), delays_ms.end(), 0.0) / 1000;
}

bool Header::is_beyond_srgb() const {
    const bool is_wide = primaries == 9 || primaries == 11 || primaries == 12;  // BT.2020, P3
    return is_hdr() || (is_wide && !has_profile);
}

bool can_read(const Sniffed& sniffed) {
    // An animated PNG, AVIF or HEIC is a film to libav and only its first picture to libvips.
    if (sniffed.family == Family::kAnimation)
        return sniffed.format == "webp" || sniffed.format == "gif";
    return std::ranges::find(kReadable, sniffed.format) != kReadable.end();
}

Result<bool> has_primary(ByteSource& source, const Sniffed& sniffed) {
    if (!is_heif(sniffed.format)) return false;
    const auto meta = TRY(read_heif_meta(source));
    return meta != nullptr && meta->items.contains(meta->primary);
}

/// libvips reads no more of a GIF, and says nothing of the rest.
constexpr std::int64_t kMostOfAGif = 4096;

Header header_of(VipsImage* image, const Sniffed& sniffed) {
    Header header;
    header.format = sniffed.format;
    header.stored = {vips_image_get_width(image), vips_image_get_page_height(image)};
    header.frames = std::max(1, vips_image_get_n_pages(image));
    header.is_whole = header.format != "gif" || header.frames <= kMostOfAGif;
    header.delays_ms = read_delays(image, header.frames);
    header.loop = number_in(image, "loop", 0);
    header.orientation = vips_image_get_orientation(image);
    header.bit_depth = depth_of(image);
    header.has_alpha = vips_image_hasalpha(image) != 0;
    header.has_profile = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
    header.has_few_colours = header.format == "gif";
    header.is_cmyk = vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK;
    return header;
}

Result<> check_pixels(std::uint32_t width, std::uint32_t height, const Limits& limits) {
    if (std::cmp_less_equal(std::uint64_t{width} * height, limits.pixels)) return {};
    return Error{
        ErrorKind::kLimitExceeded,
        fmt::format(
            "the picture is {}×{}, more than the {} pixels allowed: make it smaller", width, height,
            limits.pixels
        ),
        "", LimitReached{"pixels", static_cast<double>(limits.pixels)}
    };
}

Result<> check_limits(const Header& header, const Limits& limits) {
    const auto [width, height] = header.stored;
    TRY(check_pixels(static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), limits)
    );
    return check_animation(header.stored, header.frames, limits);
}

Result<Header> read_header(ByteSource& source, const Sniffed& sniffed, const Limits& limits) {
    const Loaded loaded = TRY(load(source, sniffed, limits, {}));
    Header header = header_of(loaded.image.get(), sniffed);
    TRY(read_code_points(source, header));
    TRY(check_limits(header, limits));
    return header;
}

Result<int> plays_of(ByteSource& source, const Sniffed& sniffed) {
    if (is_heif(sniffed.format)) return plays_of_sequence(source);
    if (sniffed.format != "apng") return 0;
    return TRY(read_png_facts(source)).plays.value_or(0);
}

Result<File> facts_of(ByteSource& source, const Sniffed& sniffed, const Limits& limits) {
    return facts_of(source, TRY(read_header(source, sniffed, limits)));
}

Result<File> facts_of(ByteSource& source, const Header& header) {
    File file;
    file.kind = header.is_animated() ? "animation" : "image";
    file.format = header.format;
    if (const auto size = source.size()) file.size = static_cast<std::int64_t>(*size);
    file.width = header.display().width;
    file.height = header.display().height;
    file.codecs.video = std::string(codec_of(header));
    file.streams.push_back(stream_of(header));
    // Any frame may leave parts bare.
    if (header.format == "gif" && TRY(has_bare_parts(source, header.frames - 1, header.has_alpha)))
        file.streams.front().alpha = true;
    file.rotation = file.streams.front().rotation;
    if (header.is_animated()) {
        file.duration = header.duration();
        file.fps = file.streams.front().fps;
        if (file.size)
            file.bitrate =
                static_cast<std::int64_t>(static_cast<double>(*file.size) * 8 / header.duration());
    }
    return file;
}

}  // namespace ittybit::image
