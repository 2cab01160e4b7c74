#include "image/lzw.h"

#include <array>
#include <cstddef>
#include <vector>

namespace ittybit::image {
namespace {

constexpr int kMostCodes = 4096;

/// Codes of growing width, packed from the lowest bit, in blocks.
class Blocks {
public:
    explicit Blocks(int bits) { out_ += static_cast<char>(bits); }

    void add(int code, int width) {
        pending_ |= static_cast<std::uint64_t>(code) << count_;
        for (count_ += width; count_ >= 8; count_ -= 8) take_byte();
    }
    std::string finish() {
        if (count_ > 0) take_byte();
        if (!block_.empty()) take_block();
        out_ += '\0';
        return std::move(out_);
    }

private:
    void take_byte() {
        block_ += static_cast<char>(pending_ & 0xFFU);
        pending_ >>= 8U;
        if (block_.size() == 255) take_block();
    }
    void take_block() {
        out_ += static_cast<char>(block_.size());
        out_ += block_;
        block_.clear();
    }

    std::string out_;
    std::string block_;
    std::uint64_t pending_ = 0;
    int count_ = 0;
};

/// The strings of pixels that have codes: each is another one and one pixel more.
class Strings {
public:
    explicit Strings(int bits) : bits_(bits), next_(kMostCodes << 8, 0) { clear(); }

    int clear_code() const { return 1 << bits_; }
    int width() const { return width_; }
    bool is_full() const { return count_ == kMostCodes; }

    /// 0 when there is none: that is no code of a string of two.
    int find(int string, std::uint8_t pixel) const { return next_[index(string, pixel)]; }
    void add(int string, std::uint8_t pixel) {
        next_[index(string, pixel)] = static_cast<std::uint16_t>(count_);
        used_.push_back(index(string, pixel));
        // The reader is one string behind.
        if (count_ == (1 << width_) && width_ < 12) ++width_;
        ++count_;
    }
    void clear() {
        for (const std::size_t each : used_) next_[each] = 0;
        used_.clear();
        count_ = clear_code() + 2;
        width_ = bits_ + 1;
    }

private:
    static std::size_t index(int string, std::uint8_t pixel) {
        return static_cast<std::size_t>(string) << 8U | pixel;
    }

    int bits_;
    int count_ = 0;
    int width_ = 0;
    std::vector<std::uint16_t> next_;
    std::vector<std::size_t> used_;
};

}  // namespace

std::string lzw_blocks(std::span<const std::uint8_t> pixels, int bits) {
    Blocks blocks(bits);
    Strings strings(bits);
    blocks.add(strings.clear_code(), strings.width());
    int string = pixels.front();
    for (const std::uint8_t pixel : pixels.subspan(1)) {
        if (const int longer = strings.find(string, pixel); longer != 0) {
            string = longer;
            continue;
        }
        blocks.add(string, strings.width());
        if (strings.is_full()) {
            blocks.add(strings.clear_code(), strings.width());
            strings.clear();
        } else {
            strings.add(string, pixel);
        }
        string = pixel;
    }
    blocks.add(string, strings.width());
    // That code is a string for the reader too, and may widen the last one.
    if (!strings.is_full()) strings.add(string, 0);
    blocks.add(strings.clear_code() + 1, strings.width());
    return blocks.finish();
}

}  // namespace ittybit::image
