#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

/// The pieces that files of ISO media and Matroska consist of.
namespace ittybit::media {

/// Reads numbers at places; a file that ends early has zeros there.
class Bytes {
public:
    Bytes(ByteSource& source, std::uint64_t start) : source_(source), start_(start) {}

    /// Big-endian, of up to eight bytes.
    Result<std::uint64_t> number(std::uint64_t at, int size);
    bool is_at_end() const { return is_at_end_; }

private:
    ByteSource& source_;
    std::uint64_t start_;
    bool is_at_end_ = false;
};

/// A piece of a file with a name: a box, or an element. Its content is from `begin` to `end`.
struct Piece {
    std::uint64_t name = 0;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// The box of ISO media (ISO/IEC 14496-12, 4.2) that begins at a byte, cut at `end`; nothing where
/// there is none. Errors: those of the source.
Result<std::optional<Piece>> read_box(Bytes& bytes, std::uint64_t at, std::uint64_t end);

/// The element of Matroska (EBML, RFC 8794: a name that keeps its marker, and a size that does not)
/// that begins at a byte, cut at `end`, where one of unknown size ends, too; nothing where there is
/// none. Errors: those of the source.
Result<std::optional<Piece>> read_element(Bytes& bytes, std::uint64_t at, std::uint64_t end);

constexpr std::uint64_t kSegment = 0x18538067;  // names of elements
constexpr std::uint64_t kCluster = 0x1F43B675;

/// The name of a box as read_box gives it.
constexpr std::uint64_t letters(std::string_view name) {
    std::uint64_t value = 0;
    for (const char letter : name) value = value << 8U | static_cast<unsigned char>(letter);
    return value;
}

}  // namespace ittybit::media
