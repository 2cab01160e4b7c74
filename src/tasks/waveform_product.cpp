#include <algorithm>
#include <cerrno>
#include <cmath>
#include <iterator>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "base/fd.h"
#include "image/file_writing.h"
#include "image/picture.h"
#include "image/save.h"
#include "media/peaks.h"
#include "tasks/image_steps.h"
#include "tasks/product.h"

namespace ittybit::tasks {
namespace {

using media::Frame;
using media::Sink;

/// One colour laid on another.
Colour over(const Colour& top, const Colour& below) {
    const double share = top.alpha / 255.0;
    const double rest = below.alpha / 255.0 * (1 - share);
    const double alpha = share + rest;
    const auto mixed = [&](std::uint8_t upper, std::uint8_t lower) {
        if (alpha == 0) return std::uint8_t{0};
        return static_cast<std::uint8_t>(std::lround((upper * share + lower * rest) / alpha));
    };
    return {
        mixed(top.red, below.red), mixed(top.green, below.green), mixed(top.blue, below.blue),
        static_cast<std::uint8_t>(std::lround(255 * alpha))
    };
}

/// A column for each peak, around the middle; of silence a line is left.
image::Pixels drawn(const std::vector<float>& peaks, const WaveformDrawing& how) {
    const auto [width, height] = how.size;
    image::Pixels pixels{
        .width = width, .height = height, .bands = 4, .bytes = {}, .icc_profile = {}
    };
    pixels.bytes.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 4);
    const Colour ink = over(how.colour, how.background);
    std::vector<int> rows;
    for (const float peak : peaks)
        rows.push_back(std::max(1, static_cast<int>(std::lround(double{peak} * height))));
    for (int y = 0; y < height; ++y) {
        for (const int inked : rows) {
            const int top = (height - inked) / 2;
            const Colour& colour = y >= top && y < top + inked ? ink : how.background;
            for (const auto part : {colour.red, colour.green, colour.blue, colour.alpha})
                pixels.bytes.push_back(std::byte{part});
        }
    }
    return pixels;
}

/// Peaks in as few digits as read back as the same 32-bit floats.
std::string told(const std::vector<float>& peaks, const media::Peaks& sound) {
    return fmt::format(
        "{{\"duration\":{},\"sample_rate\":{},\"points\":{},\"data\":[{}]}}\n", sound.seconds(),
        sound.sample_rate(), peaks.size(), fmt::join(peaks, ",")
    );
}

/// The peaks of a sound, as JSON or as a drawing.
class WaveformProduct : public Product {
public:
    explicit WaveformProduct(const Making& making) : making_(making) {}

    Result<Sink<Frame>*> add_sound(media::Pipeline& pipeline, const SoundBranch& branch) override {
        settings_ = *branch.waveform;
        auto& peaks =
            pipeline.make<media::Peaks>(settings_.points, settings_.samples, making_.meter);
        peaks_ = &peaks;
        return &peaks;
    }
    std::optional<Plan> better_plan() const override;
    Result<File> finish() override;

private:
    Result<File> write(const std::vector<float>& peaks) const;
    Result<File> draw(const std::vector<float>& peaks) const;

    const Making making_;
    WaveformSettings settings_;
    const media::Peaks* peaks_ = nullptr;
};

std::optional<Plan> WaveformProduct::better_plan() const {
    if (settings_.samples || peaks_->samples() == 0 || peaks_->slices()) return std::nullopt;
    Plan plan = making_.plan;
    plan.sounds.front().branches.front().waveform->samples = peaks_->samples();
    return plan;
}

Result<File> WaveformProduct::write(const std::vector<float>& peaks) const {
    const std::string text = told(peaks, *peaks_);
    const std::string& name = making_.output.name;
    const Fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return image::write_error(errno);
    TRY(image::write_at(file.get(), 0, text));
    File facts;
    facts.kind = "waveform";
    facts.format = "json";
    facts.size = static_cast<std::int64_t>(text.size());
    facts.duration = peaks_->seconds();
    return facts;
}

Result<File> WaveformProduct::draw(const std::vector<float>& peaks) const {
    const SaveSettings settings{
        .format = ImageFormat::kPng,
        .effort = 6,
        .has_few_colours = true,
        .size = settings_.drawing->size,
    };
    const auto picture = TRY(image::Picture::from_pixels(drawn(peaks, *settings_.drawing)));
    TRY(image::save(picture, settings, making_.output.name));
    return verify_image(making_.output.name, "png", settings.size);
}

Result<File> WaveformProduct::finish() {
    if (peaks_->samples() == 0) {
        return Error{
            ErrorKind::kStartOutOfRange,
            "there is not one sample of sound from start to end: choose a longer part", "start"
        };
    }
    const auto peaks = peaks_->slices();
    if (!peaks) {
        return Error{
            ErrorKind::kCorruptMedia, "the sound has another length each time it is read", "input"
        };
    }
    File file = TRY(settings_.drawing ? draw(*peaks) : write(*peaks));
    making_.events.file_ready({.name = making_.output.name, .size = file.size.value_or(0)});
    return file;
}

}  // namespace

Result<std::unique_ptr<Product>> make_waveform(const Making& making) {
    return {std::make_unique<WaveformProduct>(making)};
}

}  // namespace ittybit::tasks
