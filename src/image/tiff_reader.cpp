#include "image/tiff_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <tiffio.h>

#include "image/exif.h"
#include "image/loading.h"
#include "image/titles.h"

namespace ittybit::image {
namespace {

SourceState& state_of(thandle_t handle) {
    return *static_cast<SourceState*>(handle);
}

tmsize_t read_bytes(thandle_t handle, void* buffer, tmsize_t length) {
    SourceState& state = state_of(handle);
    const std::span out(static_cast<std::byte*>(buffer), static_cast<std::size_t>(length));
    if (state.error) return 0;
    auto got = read_full(*state.bytes, state.position, out);
    if (!got) {
        state.error = std::move(got).error();
        return -1;
    }
    state.position += *got;
    return static_cast<tmsize_t>(*got);
}

tmsize_t write_nothing(thandle_t, void*, tmsize_t) {
    return -1;
}

toff_t size_of(thandle_t handle) {
    return find_size(state_of(handle)).value_or(0);
}

toff_t seek_bytes(thandle_t handle, toff_t offset, int whence) {
    SourceState& state = state_of(handle);
    if (whence == SEEK_CUR) offset += state.position;
    if (whence == SEEK_END) offset += size_of(handle);
    state.position = offset;
    return offset;
}

int close_nothing(thandle_t) {
    return 0;
}

struct CloseTiff {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, CloseTiff>;

std::uint16_t number(TIFF* tiff, std::uint32_t tag) {
    std::uint16_t value = 0;
    TIFFGetFieldDefaulted(tiff, tag, &value);
    return value;
}

std::string text(TIFF* tiff, std::uint32_t tag) {
    const char* value = nullptr;
    return TIFFGetField(tiff, tag, &value) != 0 ? title_text(value) : std::string();
}

/// Those that have a tag, as in EXIF.
Titles titles_in(TIFF* tiff) {
    return {
        .title = {},
        .description = text(tiff, TIFFTAG_IMAGEDESCRIPTION),
        .artists = artists_in(text(tiff, TIFFTAG_ARTIST)),
        .copyright = text(tiff, TIFFTAG_COPYRIGHT),
    };
}

bool is_odd(TIFF* tiff) {
    std::uint16_t photometric = PHOTOMETRIC_RGB;
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    const bool is_grey =
        photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
    if (is_grey)
        return number(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE &&
               number(tiff, TIFFTAG_SAMPLESPERPIXEL) > 1;
    return photometric == PHOTOMETRIC_YCBCR &&
           number(tiff, TIFFTAG_COMPRESSION) != COMPRESSION_JPEG;
}

/// Null where there is no such page.
Tiff open_page(const std::shared_ptr<SourceState>& state, int page) {
    Tiff tiff(TIFFClientOpen(
        "input", "rm", state.get(), read_bytes, write_nothing, seek_bytes, close_nothing, size_of,
        nullptr, nullptr
    ));
    const bool is_there =
        tiff != nullptr && TIFFSetDirectory(tiff.get(), static_cast<tdir_t>(page)) != 0;
    return is_there ? std::move(tiff) : Tiff();
}

Error unsupported(std::string_view why) {
    return {
        ErrorKind::kUnsupportedMedia,
        fmt::format(
            "nothing here reads this kind of tiff picture ({}): upload it as PNG or JPEG instead",
            why
        ),
        "input"
    };
}

/// A file and its pixels, once they have been read.
class OddTiff {
public:
    OddTiff(std::shared_ptr<SourceState> state, Tiff tiff)
        : state_(std::move(state)), tiff_(std::move(tiff)) {}

    /// Finds its size and whether it has alpha. Errors: `unsupported_media` where libtiff cannot
    /// convert it, `limit_exceeded`, those of the source.
    Result<> begin(const Limits& limits);

    /// A lazy picture of it, as it is stored.
    Image image(std::shared_ptr<OddTiff> self) const;

    /// Fills a region's rows.
    bool draw(VipsRegion& region);

private:
    void read();

    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };

    std::shared_ptr<SourceState> state_;
    Tiff tiff_;
    std::uint32_t width_ = 0;
    std::uint32_t height_ = 0;
    bool has_alpha_ = false;
    std::once_flag once_;
    // Of 8 bits each: alpha, blue, green, red; multiplied.
    std::unique_ptr<std::uint32_t[], Free> pixels_;
};

Result<> OddTiff::begin(const Limits& limits) {
    TIFFRGBAImage reading;
    std::array<char, 1024> reason{};
    const bool is_known = TIFFRGBAImageOK(tiff_.get(), reason.data()) != 0 &&
                          TIFFRGBAImageBegin(&reading, tiff_.get(), /*stop=*/1, reason.data()) != 0;
    if (is_known) {
        width_ = reading.width;
        height_ = reading.height;
        has_alpha_ = reading.alpha != 0;
        TIFFRGBAImageEnd(&reading);
    }
    if (state_->error) return *state_->error;
    if (!is_known) {
        take_message();
        return unsupported(reason.data());
    }
    TRY(check_pixels(width_, height_, limits));
    if (std::cmp_greater(std::max(width_, height_), VIPS_MAX_COORD))
        return unsupported(fmt::format("a side of more than {} pixels", VIPS_MAX_COORD));
    return {};
}

/// Threads of libvips call this, and no exception may pass through them.
void OddTiff::read() {
    TIFFRGBAImage reading;
    std::array<char, 1024> reason{};
    void* const zeros = std::calloc(std::size_t{width_} * height_, sizeof(std::uint32_t));
    decltype(pixels_) pixels(static_cast<std::uint32_t*>(zeros));
    if (pixels == nullptr) {
        state_->error =
            Error{ErrorKind::kLimitExceeded, "the picture needs too much memory", "input"};
        return;
    }
    bool is_good = TIFFRGBAImageBegin(&reading, tiff_.get(), /*stop=*/1, reason.data()) != 0;
    if (is_good) {
        reading.req_orientation = reading.orientation;  // as stored
        is_good = TIFFRGBAImageGet(&reading, pixels.get(), width_, height_) != 0;
        TIFFRGBAImageEnd(&reading);
    }
    if (is_good) pixels_ = std::move(pixels);
}

bool OddTiff::draw(VipsRegion& region) {
    std::call_once(once_, [this] { read(); });
    if (pixels_ == nullptr) return false;
    const VipsRect& area = region.valid;
    const auto divided = [](std::uint32_t colour, std::uint32_t alpha) {
        const std::uint32_t whole = alpha == 0 ? 0 : (colour * 255 + alpha / 2) / alpha;
        return static_cast<VipsPel>(std::min(whole, 255U));
    };
    for (int y = 0; y < area.height; ++y) {
        VipsPel* out = VIPS_REGION_ADDR(&region, area.left, area.top + y);
        const auto row = static_cast<std::size_t>(area.top + y) * width_;
        for (int x = 0; x < area.width; ++x) {
            const std::uint32_t pixel = pixels_[row + static_cast<std::size_t>(area.left + x)];
            const std::uint32_t alpha = has_alpha_ ? TIFFGetA(pixel) : 255;
            *out++ = divided(TIFFGetR(pixel), alpha);
            *out++ = divided(TIFFGetG(pixel), alpha);
            *out++ = divided(TIFFGetB(pixel), alpha);
            if (has_alpha_) *out++ = static_cast<VipsPel>(alpha);
        }
    }
    return true;
}

int draw_region(VipsRegion* out, void*, void* tiff, void*, gboolean*) {
    return static_cast<OddTiff*>(tiff)->draw(*out) ? 0 : -1;
}

void drop(gpointer shared) {
    delete static_cast<std::shared_ptr<OddTiff>*>(shared);
}

Image OddTiff::image(std::shared_ptr<OddTiff> self) const {
    OddTiff* shared = self.get();
    Image made(vips_image_new());
    vips_image_init_fields(
        made.get(), static_cast<int>(width_), static_cast<int>(height_), has_alpha_ ? 4 : 3,
        VIPS_FORMAT_UCHAR, VIPS_CODING_NONE, VIPS_INTERPRETATION_sRGB, 1, 1
    );
    g_object_set_data_full(
        G_OBJECT(made.get()), "ittybit-tiff", new std::shared_ptr<OddTiff>(std::move(self)), drop
    );
    vips_image_pipelinev(made.get(), VIPS_DEMAND_STYLE_THINSTRIP, nullptr);
    vips_image_generate(made.get(), nullptr, draw_region, nullptr, shared, nullptr);
    vips_image_set_int(made.get(), VIPS_META_ORIENTATION, number(tiff_.get(), TIFFTAG_ORIENTATION));
    keep_titles(made.get(), titles_in(tiff_.get()));
    for (const auto& [tag, name] :
         {std::pair{TIFFTAG_ICCPROFILE, VIPS_META_ICC_NAME},
          std::pair{TIFFTAG_XMLPACKET, VIPS_META_XMP_NAME}}) {
        std::uint32_t length = 0;
        void* bytes = nullptr;
        if (TIFFGetField(tiff_.get(), tag, &length, &bytes) != 0)
            vips_image_set_blob_copy(made.get(), name, bytes, length);
    }
    return made;
}

/// Reads as L*a*b* what is.
Result<> heed_lab(TIFF* tiff, Image& image) {
    std::uint16_t photometric = PHOTOMETRIC_RGB;
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric);
    if (photometric == PHOTOMETRIC_ITULAB) return unsupported("ITU L*a*b*");
    if (photometric != PHOTOMETRIC_ICCLAB) return {};
    const VipsBandFormat format = vips_image_get_format(image.get());
    const bool is_deep = format == VIPS_FORMAT_USHORT;
    if (image->Bands != 3 || (!is_deep && format != VIPS_FORMAT_UCHAR))
        return unsupported("ICC L*a*b* with more than three colours of 8 or 16 bits");
    const double step = is_deep ? 1.0 / 256 : 1;
    const std::array factors = {step * 100 / 255, step, step};
    const std::array<double, 3> middles = {0, -128, -128};
    VipsImage* made = nullptr;
    VipsImage* named = nullptr;
    if (vips_linear(image.get(), &made, factors.data(), middles.data(), 3, nullptr) != 0)
        return unsupported(take_message());
    const Image owned(made);
    if (vips_copy(made, &named, "interpretation", VIPS_INTERPRETATION_LAB, nullptr) != 0)
        return unsupported(take_message());
    image.reset(named);
    return {};
}

}  // namespace

Result<Image> read_odd_tiff(
    const std::shared_ptr<SourceState>& state, int page, const Limits& limits
) {
    Tiff tiff = open_page(state, page);
    if (state->error) return *state->error;
    if (tiff == nullptr || !is_odd(tiff.get())) {
        take_message();  // what is wrong with it libvips will say
        return Image();
    }
    const auto pages = static_cast<int>(TIFFNumberOfDirectories(tiff.get()));
    TIFFSetDirectory(tiff.get(), static_cast<tdir_t>(page));
    auto odd = std::make_shared<OddTiff>(state, std::move(tiff));
    TRY(odd->begin(limits));
    Image image = odd->image(odd);
    vips_image_set_int(image.get(), VIPS_META_N_PAGES, pages);
    return image;
}

Result<> complete_tiff(ByteSource& source, int page, Image& image) {
    const auto state = std::make_shared<SourceState>();
    state->bytes = &source;
    const Tiff tiff = open_page(state, page);
    if (state->error) return *state->error;
    if (tiff == nullptr) return {};
    TRY(heed_lab(tiff.get(), image));
    keep_titles(image.get(), titles_in(tiff.get()));
    return {};
}

}  // namespace ittybit::image
