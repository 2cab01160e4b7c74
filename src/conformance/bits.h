#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ittybit::conformance {

using Bytes = std::span<const std::uint8_t>;

/// Reads whole bytes, big-endian. Behind the end everything is 0 and `is_short` is true.
class ByteReader {
public:
    explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

    std::uint64_t take(std::size_t count) {
        std::uint64_t value = 0;
        for (const auto byte : bytes(count)) value = value << 8U | byte;
        return value;
    }
    std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(take(2)); }
    std::uint32_t u24() { return static_cast<std::uint32_t>(take(3)); }
    std::uint32_t u32() { return static_cast<std::uint32_t>(take(4)); }
    std::uint64_t u64() { return take(8); }
    std::int32_t i32() { return static_cast<std::int32_t>(u32()); }

    /// The next `count` bytes; none where there are fewer.
    Bytes bytes(std::size_t count) {
        if (count > left()) {
            is_short_ = true;
            at_ = bytes_.size();
            return {};
        }
        const auto piece = bytes_.subspan(at_, count);
        at_ += count;
        return piece;
    }
    void skip(std::size_t count) { bytes(count); }
    Bytes rest() const { return bytes_.subspan(at_); }

    std::size_t left() const { return bytes_.size() - at_; }
    bool is_short() const { return is_short_; }

private:
    Bytes bytes_;
    std::size_t at_ = 0;
    bool is_short_ = false;
};

/// Reads bits, most significant first, and the codes of ITU-T H.264, 9.1. Behind the end everything
/// is 0 and `is_short` is true. `skips_emulation`: 00 00 03 is 00 00 (H.264, 7.4.1).
class BitReader {
public:
    explicit BitReader(Bytes bytes, bool skips_emulation = true)
        : bytes_(bytes), skips_emulation_(skips_emulation) {}

    std::uint32_t bit() {
        if (at_ >= bytes_.size()) {
            is_short_ = true;
            return 0;
        }
        const auto value = static_cast<std::uint32_t>(bytes_[at_] >> (7U - used_)) & 1U;
        if (++used_ == 8) next_byte();
        return value;
    }
    std::uint32_t bits(int count) {
        std::uint32_t value = 0;
        for (int i = 0; i < count; ++i) value = value << 1U | bit();
        return value;
    }
    void skip(int count) {
        for (int i = 0; i < count; ++i) bit();
    }

    /// ue(v); the largest value where the code is longer than any may be.
    std::uint32_t golomb() {
        int zeros = 0;
        while (bit() == 0) {
            if (++zeros > 31 || is_short_) {
                is_short_ = true;
                return UINT32_MAX;
            }
        }
        return (1U << static_cast<unsigned>(zeros)) - 1 + bits(zeros);
    }
    /// se(v)
    std::int64_t signed_golomb() {
        const std::int64_t code = golomb();
        return code % 2 == 0 ? -(code / 2) : (code + 1) / 2;
    }

    bool is_short() const { return is_short_; }

private:
    void next_byte() {
        used_ = 0;
        zeros_ = bytes_[at_] == 0 ? zeros_ + 1 : 0;
        ++at_;
        if (!skips_emulation_ || zeros_ < 2 || at_ >= bytes_.size() || bytes_[at_] != 3) return;
        ++at_;
        zeros_ = 0;
    }

    Bytes bytes_;
    bool skips_emulation_;
    std::size_t at_ = 0;
    unsigned used_ = 0;  // of the bits of bytes_[at_]
    int zeros_ = 0;      // bytes before at_
    bool is_short_ = false;
};

}  // namespace ittybit::conformance
