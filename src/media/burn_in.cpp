#include "media/burn_in.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <ass/ass.h>

#include "media/ass_script.h"
#include "media/compat.h"
#include "media/error.h"
#include "media/fonts.h"

namespace ittybit::media {
namespace {

struct FreeAss {
    void operator()(ASS_Library* library) const { ass_library_done(library); }
    void operator()(ASS_Renderer* renderer) const { ass_renderer_done(renderer); }
    void operator()(ASS_Track* track) const { ass_free_track(track); }
};

/// A colour as limited-range luma and chroma.
struct Ink {
    int luma = 16;
    int blue = 128;
    int red = 128;
    int cover = 255;  // of 255
};

Ink ink_of(std::uint32_t rgba, const PictureColour& colour) {
    const bool is_hd = colour.matrix == "bt709";
    const double red_part = is_hd ? 0.2126 : 0.299;
    const double blue_part = is_hd ? 0.0722 : 0.114;
    const double red = (rgba >> 24U & 0xFFU) / 255.0;
    const double green = (rgba >> 16U & 0xFFU) / 255.0;
    const double blue = (rgba >> 8U & 0xFFU) / 255.0;
    const double luma = red_part * red + (1 - red_part - blue_part) * green + blue_part * blue;
    return {
        .luma = static_cast<int>(16.5 + 219 * luma),
        .blue = static_cast<int>(128.5 + 112 * (blue - luma) / (1 - blue_part)),
        .red = static_cast<int>(128.5 + 112 * (red - luma) / (1 - red_part)),
        .cover = static_cast<int>(255 - (rgba & 0xFFU)),
    };
}

void lay(std::uint8_t& under, int over, int cover) {
    under = static_cast<std::uint8_t>((under * (255 - cover) + over * cover + 127) / 255);
}

/// The part of an image that lies inside the frame.
struct Inside {
    Inside(const ASS_Image& image, const AVFrame& frame)
        : left(std::max(image.dst_x, 0)),
          top(std::max(image.dst_y, 0)),
          right(std::min(image.dst_x + image.w, frame.width)),
          bottom(std::min(image.dst_y + image.h, frame.height)) {}
    int left;
    int top;
    int right;
    int bottom;
};

void lay_image(const ASS_Image& image, const PictureColour& colour, AVFrame& frame) {
    const Ink ink = ink_of(image.color, colour);
    const Inside inside(image, frame);
    const auto cover_at = [&](int x, int y) {
        if (x < inside.left || x >= inside.right || y < inside.top || y >= inside.bottom) return 0;
        return int{image.bitmap[(y - image.dst_y) * image.stride + x - image.dst_x]};
    };
    for (int y = inside.top; y < inside.bottom; ++y) {
        auto* const row = frame.data[0] + std::ptrdiff_t{y} * frame.linesize[0];
        for (int x = inside.left; x < inside.right; ++x)
            lay(row[x], ink.luma, cover_at(x, y) * ink.cover / 255);
    }
    for (int y = inside.top / 2; 2 * y < inside.bottom; ++y) {
        auto* const blue = frame.data[1] + std::ptrdiff_t{y} * frame.linesize[1];
        auto* const red = frame.data[2] + std::ptrdiff_t{y} * frame.linesize[2];
        for (int x = inside.left / 2; 2 * x < inside.right; ++x) {
            const int four = cover_at(2 * x, 2 * y) + cover_at(2 * x + 1, 2 * y) +
                             cover_at(2 * x, 2 * y + 1) + cover_at(2 * x + 1, 2 * y + 1);
            const int cover = four / 4 * ink.cover / 255;
            lay(blue[x], ink.blue, cover);
            lay(red[x], ink.red, cover);
        }
    }
}

/// How high libass takes the screen for: three quarters of its width, where only that is told.
double lines_of(const ASS_Track& track) {
    if (track.PlayResY > 0) return track.PlayResY;
    return track.PlayResX > 0 ? std::max(1, track.PlayResX * 3 / 4) : 288;
}

/// Styles may ask for letters that fill memory.
void bound(ASS_Track& track) {
    constexpr int kLongestSide = 16384;
    track.PlayResX = std::clamp(track.PlayResX, 0, kLongestSide);
    track.PlayResY = std::clamp(track.PlayResY, 0, kLongestSide);
    const double lines = lines_of(track);
    for (ASS_Style& style : std::span(track.styles, static_cast<std::size_t>(track.n_styles))) {
        style.FontSize = std::clamp(style.FontSize, std::min(1.0, lines / 4), lines / 4);
        style.ScaleX = std::clamp(style.ScaleX, 0.1, 2.0);
        style.ScaleY = std::clamp(style.ScaleY, 0.1, 2.0);
        style.Spacing = std::clamp(style.Spacing, -lines / 4, lines / 4);
        style.Outline = std::clamp(style.Outline, 0.0, lines / 40);
        style.Shadow = std::clamp(style.Shadow, 0.0, lines / 40);
        style.Blur = std::clamp(style.Blur, 0.0, 5.0);
    }
}

void say_nothing(int, const char*, va_list, void*) {}

}  // namespace

struct BurnIn::Drawing {
    std::unique_ptr<ASS_Library, FreeAss> library{ass_library_init()};
    std::unique_ptr<ASS_Renderer, FreeAss> renderer;
    std::unique_ptr<ASS_Track, FreeAss> track;
    const ASS_Image* images = nullptr;
    std::int64_t drawn_until = INT64_MIN;  // milliseconds

    bool open(AssScript& script, const Size& size);
    void add_events(const std::vector<AssScript::Event>& events);
};

bool BurnIn::Drawing::open(AssScript& script, const Size& size) {
    if (library == nullptr) return false;
    ass_set_message_cb(library.get(), say_nothing, nullptr);
    ass_set_extract_fonts(library.get(), 0);
    for (const std::string& family : script.families) {
        for (const FontBytes& font : font_files(family)) {
            ass_add_font(
                library.get(), font.name.c_str(), font.bytes.data(),
                static_cast<int>(font.bytes.size())
            );
        }
    }
    renderer.reset(ass_renderer_init(library.get()));
    track.reset(ass_new_track(library.get()));
    if (renderer == nullptr || track == nullptr) return false;
    ass_set_frame_size(renderer.get(), size.width, size.height);
    ass_set_storage_size(renderer.get(), size.width, size.height);
    const std::string plain(kPlainFont);
    ass_set_fonts(renderer.get(), nullptr, plain.c_str(), ASS_FONTPROVIDER_NONE, nullptr, 1);
    ass_process_codec_private(
        track.get(), script.header.data(), static_cast<int>(script.header.size())
    );
    bound(*track);
    add_events(script.events);
    return true;
}

void BurnIn::Drawing::add_events(const std::vector<AssScript::Event>& events) {
    for (const auto& event : events) {
        std::string line = event.line;
        ass_process_chunk(
            track.get(), line.data(), static_cast<int>(line.size()), event.start,
            event.end - event.start
        );
    }
}

BurnIn::BurnIn(const Settings& settings, Sink<Frame>& next, std::unique_ptr<Drawing> drawing)
    : settings_(settings), next_(next), drawing_(std::move(drawing)) {}

BurnIn::~BurnIn() = default;

Result<std::unique_ptr<BurnIn>> BurnIn::make(
    const Cues& cues, const Settings& settings, Sink<Frame>& next
) {
    AssScript script = ass_script(cues, settings.size);
    const bool has_words = !script.events.empty();
    if (has_words && script.families.empty()) {
        return Error{
            ErrorKind::kInternalError,
            "there is no font to burn subtitles in with: install fonts-noto-core", ""
        };
    }
    auto drawing = std::make_unique<Drawing>();
    if (!drawing->open(script, settings.size))
        return output_error(AVERROR(ENOMEM), "draw subtitles");
    std::unique_ptr<BurnIn> made(new BurnIn(settings, next, std::move(drawing)));
    for (const auto& event : script.events)
        made->changes_.insert(made->changes_.end(), {event.start, event.end});
    std::ranges::sort(made->changes_);
    made->warnings_ = std::move(script.warnings);
    return made;
}

Result<> BurnIn::push(Frame frame) {
    constexpr double kLong = 0.2;  // seconds: of films more than a few pictures
    const std::int64_t end = frame->pts + duration_of(*frame);
    const bool is_long = static_cast<double>(duration_of(*frame)) > kLong * settings_.ticks;
    while (is_long) {
        const auto change =
            std::ranges::upper_bound(changes_, av_rescale(frame->pts, 1000, settings_.ticks));
        if (change == changes_.end()) break;
        const auto steps =
            av_rescale_rnd(*change, settings_.ticks, 1000 * settings_.grid, AV_ROUND_UP);
        const std::int64_t at = steps * settings_.grid;
        if (at >= end) break;
        Frame before = share(*frame);
        set_duration(*before, at - frame->pts);
        TRY(draw(std::move(before)));
        frame->pts = at;
        set_duration(*frame, end - at);
    }
    return draw(std::move(frame));
}

Result<> BurnIn::draw(Frame frame) {
    const auto at = av_rescale(frame->pts, 1000, settings_.ticks);
    if (at >= drawing_->drawn_until) {
        // Nothing moves: what is drawn stays as it is until something comes or goes.
        drawing_->images =
            ass_render_frame(drawing_->renderer.get(), drawing_->track.get(), at, nullptr);
        const auto change = std::ranges::upper_bound(changes_, at);
        drawing_->drawn_until = change == changes_.end() ? INT64_MAX : *change;
    }
    if (drawing_->images != nullptr) {
        const int code = av_frame_make_writable(frame.get());
        if (code < 0) return output_error(code, "draw subtitles");
    }
    for (const ASS_Image* image = drawing_->images; image != nullptr; image = image->next)
        lay_image(*image, settings_.colour, *frame);
    return next_.push(std::move(frame));
}

}  // namespace ittybit::media
