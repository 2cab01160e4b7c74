#include "media/boxes.h"

#include <array>
#include <span>

namespace ittybit::media {

Result<std::uint64_t> Bytes::number(std::uint64_t at, int size) {
    std::array<std::byte, 8> bytes{};
    const auto room = std::span(bytes).first(static_cast<std::size_t>(size));
    const auto got = TRY(source_.read_at(start_ + at, room));
    is_at_end_ = got < room.size();
    std::uint64_t value = 0;
    for (const std::byte byte : room) value = value << 8U | std::to_integer<unsigned>(byte);
    return value;
}

Result<std::optional<Piece>> read_box(Bytes& bytes, std::uint64_t at, std::uint64_t end) {
    if (at + 8 > end) return std::optional<Piece>();
    std::uint64_t size = TRY(bytes.number(at, 4));
    Piece box{.name = TRY(bytes.number(at + 4, 4)), .begin = at + 8, .end = 0};
    if (bytes.is_at_end()) return std::optional<Piece>();
    if (size == 1) {
        size = TRY(bytes.number(at + 8, 8));
        box.begin += 8;
    }
    box.end = size == 0 || size > end - at ? end : at + size;
    if (box.end < box.begin) return std::optional<Piece>();
    return std::optional(box);
}

}  // namespace ittybit::media
