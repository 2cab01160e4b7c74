#include "media/boxes.h"

#include <array>
#include <bit>
#include <span>

namespace ittybit::media {

Result<std::uint64_t> Bytes::number(std::uint64_t at, int size) {
    std::array<std::byte, 8> bytes{};
    const auto room = std::span(bytes).first(static_cast<std::size_t>(size));
    const auto got = TRY(read_full(source_, start_ + at, room));
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

Result<std::optional<Piece>> read_element(Bytes& bytes, std::uint64_t at, std::uint64_t end) {
    const auto length_at = [&](std::uint64_t place) -> Result<int> {
        const auto first = static_cast<std::uint8_t>(TRY(bytes.number(place, 1)));
        return std::countl_zero(first) + 1;
    };
    if (at >= end) return std::optional<Piece>();
    const int name_length = TRY(length_at(at));
    if (bytes.is_at_end() || name_length > 4) return std::optional<Piece>();
    Piece element{.name = TRY(bytes.number(at, name_length)), .begin = 0, .end = end};
    const auto size_at = at + static_cast<std::uint64_t>(name_length);
    const int size_length = TRY(length_at(size_at));
    if (size_length > 8) return std::optional<Piece>();
    const auto marker = std::uint64_t{1} << (7U * static_cast<unsigned>(size_length));
    const auto size = TRY(bytes.number(size_at, size_length)) & (marker - 1);
    element.begin = size_at + static_cast<std::uint64_t>(size_length);
    const bool is_unknown = size == marker - 1;
    if (!is_unknown && element.begin + size < end) element.end = element.begin + size;
    return std::optional(element);
}

}  // namespace ittybit::media
