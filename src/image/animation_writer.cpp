#include "image/animation_writer.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include "base/fd.h"
#include "image/file_writing.h"

namespace ittybit::image {
namespace {

struct Free {
    void operator()(WebPAnimEncoder* encoder) const { WebPAnimEncoderDelete(encoder); }
    void operator()(WebPPicture* picture) const { WebPPictureFree(picture); }
};
using Encoder = std::unique_ptr<WebPAnimEncoder, Free>;
using PicturePixels = std::unique_ptr<WebPPicture, Free>;

/// The assembled file.
struct Assembled {
    WebPData data = {};
    Assembled() = default;
    Assembled(const Assembled&) = delete;
    Assembled& operator=(const Assembled&) = delete;
    ~Assembled() { WebPDataClear(&data); }
};

Error failed(std::string_view doing, WebPAnimEncoder* encoder) {
    const char* reason = encoder == nullptr ? nullptr : WebPAnimEncoderGetError(encoder);
    return {
        ErrorKind::kEncodeFailed,
        fmt::format("{}: {}", doing, reason == nullptr ? "out of memory" : reason), ""
    };
}

Result<> write_file(const WebPData& data, const std::string& name) {
    const Fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return write_error(errno);
    auto written = write_at(file.get(), 0, {reinterpret_cast<const char*>(data.bytes), data.size});
    if (!written) ::unlink(name.c_str());
    return written;
}

}  // namespace

struct AnimationWriter::State {
    Size size;
    WebPConfig config = {};
    Encoder encoder;
};

AnimationWriter::AnimationWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
AnimationWriter::~AnimationWriter() = default;

Result<std::unique_ptr<AnimationWriter>> AnimationWriter::open(const AnimationSettings& settings) {
    auto state = std::make_unique<State>();
    WebPAnimEncoderOptions options;
    if (WebPAnimEncoderOptionsInit(&options) == 0 || WebPConfigInit(&state->config) == 0)
        return Error{
            ErrorKind::kInternalError, "libwebp is of another version than it was built for", ""
        };
    constexpr int kMostPlays = 65535;  // in the file's 16 bits
    options.anim_params.loop_count = std::min(settings.loop, kMostPlays);
    // The library leaves out what is like the frame before as it was given, not as it was coded:
    // what changes slowly would stand still. A key frame now and then corrects that.
    options.kmin = 3;
    options.kmax = 5;
    state->size = settings.size;
    state->config.quality = static_cast<float>(settings.quality);
    state->config.method = settings.effort;
    state->config.thread_level = 1;
    state->encoder.reset(WebPAnimEncoderNew(settings.size.width, settings.size.height, &options));
    if (state->encoder == nullptr) return failed("start the webp encoder", nullptr);
    return std::unique_ptr<AnimationWriter>(new AnimationWriter(std::move(state)));
}

Result<> AnimationWriter::add(std::span<const std::byte> rgba, int stride, int start_ms) {
    WebPPicture picture;
    if (WebPPictureInit(&picture) == 0) return failed("take a frame", nullptr);
    const PicturePixels owned(&picture);
    picture.use_argb = 1;
    picture.width = state_->size.width;
    picture.height = state_->size.height;
    const auto* pixels = reinterpret_cast<const std::uint8_t*>(rgba.data());
    if (WebPPictureImportRGBA(&picture, pixels, stride) == 0)
        return failed("take a frame", nullptr);
    WebPAnimEncoder* encoder = state_->encoder.get();
    if (WebPAnimEncoderAdd(encoder, &picture, start_ms, &state_->config) == 0)
        return failed("compress a frame", encoder);
    return {};
}

Result<> AnimationWriter::finish(int end_ms, const std::string& name) {
    WebPAnimEncoder* encoder = state_->encoder.get();
    Assembled file;
    if (WebPAnimEncoderAdd(encoder, nullptr, end_ms, nullptr) == 0 ||
        WebPAnimEncoderAssemble(encoder, &file.data) == 0)
        return failed("write the animation", encoder);
    return write_file(file.data, name);
}

}  // namespace ittybit::image
