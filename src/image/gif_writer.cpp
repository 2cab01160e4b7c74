#include "image/gif_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <fcntl.h>

#include "image/file_writing.h"
#include "image/lzw.h"
#include "model/placement.h"

namespace ittybit::image {
namespace {

constexpr int kLongestDelay = 65535;

std::string u16(int number) {
    return {static_cast<char>(number & 0xFF), static_cast<char>((number >> 8) & 0xFF)};
}

int bits_for(std::size_t colours) {
    int bits = 2;
    while ((std::size_t{1} << static_cast<unsigned>(bits)) < colours) ++bits;
    return bits;
}

/// The bytes of a table, with room for the clear colour, filled up to a power of two.
std::string table_bytes(const std::vector<Rgb>& table) {
    std::string bytes;
    for (const Rgb& colour : table) bytes.append(colour.begin(), colour.end());
    bytes.resize(std::size_t{3} << static_cast<unsigned>(bits_for(table.size() + 1)));
    return bytes;
}

/// Screen, common colours and, where it plays not just once, how often it is repeated.
std::string head_of(const GifSettings& settings, const std::vector<Rgb>& table) {
    std::string head = "GIF89a" + u16(settings.size.width) + u16(settings.size.height);
    head += static_cast<char>(0xF0 | (bits_for(table.size() + 1) - 1));  // eight bits a channel
    head += std::string(2, '\0') + table_bytes(table);
    if (settings.loop == 1) return head;
    const int repeats = settings.loop == 0 ? 0 : std::min(settings.loop - 1, 65535);
    return head + "\x21\xFF\x0BNETSCAPE2.0\x03\x01" + u16(repeats) + std::string(1, '\0');
}

/// The smallest rectangle with all that is drawn; one pixel where nothing is.
Rectangle extent_of(std::span<const std::uint8_t> pixels, std::uint8_t clear, Size size) {
    int left = size.width;
    int right = 0;
    int top = size.height;
    int bottom = 0;
    for (int y = 0; y < size.height; ++y) {
        const auto row = pixels.subspan(
            static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width),
            static_cast<std::size_t>(size.width)
        );
        const auto is_drawn = [clear](std::uint8_t pixel) { return pixel != clear; };
        const auto first = std::ranges::find_if(row, is_drawn);
        if (first == row.end()) continue;
        auto last = row.end() - 1;
        while (*last == clear) --last;
        left = std::min(left, static_cast<int>(first - row.begin()));
        right = std::max(right, static_cast<int>(last - row.begin()) + 1);
        top = std::min(top, y);
        bottom = y + 1;
    }
    if (bottom == 0) return {0, 0, 1, 1};
    return {left, top, right - left, bottom - top};
}

std::vector<std::uint8_t> cut(
    std::span<const std::uint8_t> pixels, const Rectangle& part, Size size
) {
    std::vector<std::uint8_t> out;
    for (int y = part.top; y < part.top + part.height; ++y) {
        const auto row = pixels.subspan(
            static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) +
                static_cast<std::size_t>(part.left),
            static_cast<std::size_t>(part.width)
        );
        out.insert(out.end(), row.begin(), row.end());
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<GifWriter>> GifWriter::open(
    const GifSettings& settings, const std::string& name, const std::optional<Colour>& background
) {
    Fd file(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return write_error(errno);
    return std::unique_ptr<GifWriter>(new GifWriter(settings, std::move(file), background));
}

GifWriter::GifWriter(const GifSettings& settings, Fd file, const std::optional<Colour>& background)
    : settings_(settings),
      file_(std::move(file)),
      ground_(background.value_or(Colour{255, 255, 255, 255})),
      least_alpha_(background ? 1 : 128),
      canvas_(
          static_cast<std::size_t>(settings.size.width) *
          static_cast<std::size_t>(settings.size.height)
      ) {}

GifWriter::Pixel GifWriter::laid_on_ground(std::span<const std::uint8_t, 4> rgba) const {
    const int alpha = rgba[3];
    if (alpha < least_alpha_) return {};
    if (alpha == 255) return {{rgba[0], rgba[1], rgba[2]}, true};
    const auto mixed = [alpha](int level, int below) {
        return static_cast<std::uint8_t>((level * alpha + below * (255 - alpha) + 127) / 255);
    };
    return {
        {mixed(rgba[0], ground_.red), mixed(rgba[1], ground_.green), mixed(rgba[2], ground_.blue)},
        true
    };
}

Result<> GifWriter::add(std::span<const std::byte> rgba, std::size_t stride, int delay) {
    std::vector<Pixel> wanted;
    wanted.reserve(canvas_.size());
    for (int y = 0; y < settings_.size.height; ++y) {
        const auto* at = reinterpret_cast<const std::uint8_t*>(rgba.data()) +
                         static_cast<std::size_t>(y) * stride;
        for (int x = 0; x < settings_.size.width; ++x, at += 4)
            wanted.push_back(laid_on_ground(std::span<const std::uint8_t, 4>(at, 4)));
    }
    bool is_cleared = false;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        is_cleared |= canvas_[i].is_opaque && !wanted[i].is_opaque;
    TRY(write_pending(is_cleared));
    if (is_cleared) std::ranges::fill(canvas_, Pixel{});
    pending_ = draw(wanted, delay);
    return {};
}

Result<> GifWriter::finish() {
    TRY(write_pending(false));
    return write("\x3B");
}

bool GifWriter::is_to_draw(const Pixel& wanted, const Pixel& shown, int best) const {
    if (!wanted.is_opaque) return false;
    if (!shown.is_opaque) return true;
    const int allowed = best + settings_.tolerance * settings_.tolerance;
    return distance(wanted.colour, shown.colour) > allowed;
}

/// A frame's own table costs bytes, for which it must be nearer to the colours than the common one;
/// but where that one has only others, however few pixels there are.
void GifWriter::choose_table(const ColourCounts& counts, Frame& frame) {
    frame.table = choose_colours(counts, static_cast<std::size_t>(settings_.colours) - 1);
    if (written_ == 0) common_table_ = frame.table;  // this is the first
    if (common_table_.empty()) return;
    constexpr double kOtherColour = 5000;  // squared levels
    double pixels = 0;
    for (const auto& bin : counts.means()) pixels += bin.count;
    const double error = error_of(common_table_, counts);
    const double gain = error - error_of(frame.table, counts);
    const auto cost = static_cast<double>(table_bytes(frame.table).size()) * settings_.table_price;
    frame.has_common_table = gain <= cost && error <= kOtherColour * pixels;
    if (frame.has_common_table) frame.table = common_table_;
}

GifWriter::Frame GifWriter::draw(std::span<const Pixel> wanted, int delay) {
    ColourCounts counts;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (is_to_draw(wanted[i], canvas_[i], 0)) counts.add(wanted[i].colour);
    Frame frame;
    frame.delay = std::min(delay, kLongestDelay);
    choose_table(counts, frame);
    frame.clear = static_cast<std::uint8_t>(frame.table.size());
    frame.pixels.assign(wanted.size(), frame.clear);
    if (frame.table.empty()) return frame;
    NearestColour nearest(frame.table);
    std::vector<bool> is_drawn(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const Rgb& best = frame.table[nearest.find(wanted[i].colour)];
        is_drawn[i] = is_to_draw(wanted[i], canvas_[i], distance(best, wanted[i].colour));
    }
    dither(wanted, is_drawn, nearest, frame);
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (is_drawn[i]) canvas_[i] = {frame.table[frame.pixels[i]], true};
    return frame;
}

/// Floyd and Steinberg's, each row in the other direction, within what is drawn.
void GifWriter::dither(
    std::span<const Pixel> wanted,
    const std::vector<bool>& is_drawn,
    NearestColour& nearest,
    Frame& frame
) {
    const auto width = static_cast<std::size_t>(settings_.size.width);
    using Errors = std::vector<std::array<int, 3>>;  // in sixteenths, with a margin on both sides
    Errors here(width + 2);
    Errors below(width + 2);
    for (std::size_t y = 0; y * width < wanted.size(); ++y) {
        const bool is_forward = y % 2 == 0;
        for (std::size_t step = 0; step < width; ++step) {
            const std::size_t x = is_forward ? step : width - 1 - step;
            const std::size_t at = y * width + x;
            if (!is_drawn[at]) continue;
            const std::size_t slot = x + 1;
            Rgb colour{};
            for (std::size_t i = 0; i < 3; ++i)
                colour[i] = static_cast<std::uint8_t>(
                    std::clamp(wanted[at].colour[i] + here[slot][i] / 16, 0, 255)
                );
            frame.pixels[at] = nearest.find(colour);
            const Rgb& chosen = frame.table[frame.pixels[at]];
            const std::size_t ahead = is_forward ? slot + 1 : slot - 1;
            const std::size_t behind = is_forward ? slot - 1 : slot + 1;
            for (std::size_t i = 0; i < 3; ++i) {
                const int error = (colour[i] - chosen[i]) * settings_.dither / 100;
                here[ahead][i] += error * 7;
                below[behind][i] += error * 3;
                below[slot][i] += error * 5;
                below[ahead][i] += error;
            }
        }
        std::swap(here, below);
        std::ranges::fill(below, std::array<int, 3>{});
    }
}

/// Once it is known what follows: whether the canvas is to be empty then.
Result<> GifWriter::write_pending(bool is_cleared_after) {
    if (!pending_) return {};
    const Frame& frame = *pending_;
    const Size size = settings_.size;
    const Rectangle part = is_cleared_after ? Rectangle{0, 0, size.width, size.height}
                                            : extent_of(frame.pixels, frame.clear, size);
    const int bits = bits_for(frame.table.size() + 1);
    constexpr int kLeave = 1 << 2;
    constexpr int kRestoreBackground = 2 << 2;
    const int packed = (is_cleared_after ? kRestoreBackground : kLeave) | 1;
    std::string bytes = "\x21\xF9\x04";
    bytes += static_cast<char>(packed);
    bytes += u16(frame.delay) + static_cast<char>(frame.clear) + '\0';
    bytes += "\x2C" + u16(part.left) + u16(part.top) + u16(part.width) + u16(part.height);
    bytes += static_cast<char>(frame.has_common_table ? 0 : 0x80 | (bits - 1));
    if (!frame.has_common_table) bytes += table_bytes(frame.table);
    bytes += lzw_blocks(cut(frame.pixels, part, size), bits);
    if (written_ == 0) TRY(write(head_of(settings_, common_table_)));
    pending_.reset();
    return write(bytes);
}

Result<> GifWriter::write(std::string_view bytes) {
    TRY(write_at(file_.get(), written_, bytes));
    written_ += bytes.size();
    return {};
}

}  // namespace ittybit::image
