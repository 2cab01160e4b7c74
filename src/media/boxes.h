#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "media/bitstream.h"

namespace ittybit::media {

/// Writes ISO base media boxes (ISO/IEC 14496-12) into memory, numbers in network order. A box is
/// open while the value that `box` gave lives; its size is filled in when that ends.
class BoxWriter {
public:
    class Open {
    public:
        Open(BoxWriter& out, std::size_t start) : out_(out), start_(start) {}
        Open(const Open&) = delete;
        Open& operator=(const Open&) = delete;
        ~Open() { out_.close(start_); }

    private:
        BoxWriter& out_;
        std::size_t start_;
    };

    [[nodiscard]] Open box(std::string_view name) {
        const std::size_t start = bytes_.size();
        u32(0);
        text(name);
        return {*this, start};
    }
    [[nodiscard]] Open full_box(std::string_view name, std::uint8_t version, std::uint32_t flags) {
        const std::size_t start = bytes_.size();
        u32(0);
        text(name);
        u32((static_cast<std::uint32_t>(version) << 24U) | flags);
        return {*this, start};
    }

    void u8(std::uint8_t value) { bytes_.push_back(value); }
    void u16(std::uint16_t value) { number(value, 2); }
    void u32(std::uint32_t value) { number(value, 4); }
    void u64(std::uint64_t value) { number(value, 8); }
    void zeros(std::size_t count) { bytes_.insert(bytes_.end(), count, 0); }
    void bytes(ByteView view) { bytes_.insert(bytes_.end(), view.begin(), view.end()); }
    void text(std::string_view letters) {
        bytes_.insert(bytes_.end(), letters.begin(), letters.end());
    }

    const Bytes& result() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }

private:
    void number(std::uint64_t value, unsigned width) {
        for (unsigned i = width; i-- > 0;)
            bytes_.push_back(static_cast<std::uint8_t>((value >> (8 * i)) & 0xFFU));
    }
    void close(std::size_t start) {
        const std::size_t size = bytes_.size() - start;
        for (unsigned i = 0; i < 4; ++i)
            bytes_[start + i] = static_cast<std::uint8_t>((size >> (8 * (3 - i))) & 0xFFU);
    }

    Bytes bytes_;
};

}  // namespace ittybit::media
