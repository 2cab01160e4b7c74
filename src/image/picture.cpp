#include "image/picture.h"

#include <utility>

#include <fmt/format.h>

#include "image/library.h"
#include "image/loading.h"

namespace ittybit::image {
namespace {

VipsInterpretation interpretation_of(const Pixels& pixels) {
    if (pixels.bands < 3)
        return pixels.bits == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
    return pixels.bits == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
}

}  // namespace

Picture::Picture(VipsImage* owned, std::shared_ptr<SourceState> state)
    : image_(owned), state_(std::move(state)) {}

Picture::Picture(Picture&& other) noexcept
    : image_(std::exchange(other.image_, nullptr)), state_(std::move(other.state_)) {}

Picture& Picture::operator=(Picture&& other) noexcept {
    std::swap(image_, other.image_);
    std::swap(state_, other.state_);
    return *this;
}

Picture::~Picture() {
    if (image_ != nullptr) g_object_unref(image_);
}

Result<Picture> Picture::open(
    ByteSource& source, const Sniffed& sniffed, const Limits& limits, const Load& how
) {
    Loaded loaded = TRY(load(source, sniffed, limits, how));
    TRY(check_limits(header_of(loaded.image.get(), sniffed), limits));
    return Picture(loaded.image.release(), std::move(loaded.state));
}

Result<Picture> Picture::from_pixels(Pixels pixels) {
    TRY(init());
    const auto format = pixels.bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR;
    VipsImage* image = vips_image_new_from_memory_copy(
        pixels.bytes.data(), pixels.bytes.size(), pixels.width, pixels.height, pixels.bands, format
    );
    if (image == nullptr)
        return Error{ErrorKind::kInternalError, "take decoded pixels: " + take_message(), ""};
    image->Type = interpretation_of(pixels);
    if (!pixels.icc_profile.empty()) {
        vips_image_set_blob_copy(
            image, VIPS_META_ICC_NAME, pixels.icc_profile.data(), pixels.icc_profile.size()
        );
    }
    if (pixels.orientation != 1)
        vips_image_set_int(image, VIPS_META_ORIENTATION, pixels.orientation);
    return Picture(image, std::make_shared<SourceState>());
}

Size Picture::size() const {
    return {vips_image_get_width(image_), vips_image_get_height(image_)};
}

bool Picture::has_alpha() const {
    return vips_image_hasalpha(image_) != 0;
}

Result<Pixels> Picture::pixels() const {
    Pixels pixels;
    pixels.width = size().width;
    pixels.height = size().height;
    pixels.bands = vips_image_get_bands(image_);
    pixels.bits = static_cast<int>(8 * vips_format_sizeof(vips_image_get_format(image_)));
    pixels.orientation = vips_image_get_orientation(image_);
    std::size_t length = 0;
    void* bytes = vips_image_write_to_memory(image_, &length);
    if (bytes == nullptr)
        return failure(ErrorKind::kCorruptMedia, "the picture's pixels cannot be read");
    const auto* first = static_cast<const std::byte*>(bytes);
    pixels.bytes.assign(first, first + length);
    g_free(bytes);
    return pixels;
}

Error Picture::failure(ErrorKind kind, std::string_view doing) const {
    const std::string message = take_message();
    if (state_ != nullptr && state_->error) return *state_->error;
    return {kind, fmt::format("{} ({})", doing, message), ""};
}

}  // namespace ittybit::image
