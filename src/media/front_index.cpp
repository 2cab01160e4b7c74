#include "media/front_index.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "media/error.h"
#include "media/handles.h"

namespace ittybit::media {
namespace {

using Bytes = std::vector<unsigned char>;

std::uint64_t read_number(const unsigned char* at, int bytes) {
    std::uint64_t number = 0;
    for (int i = 0; i < bytes; ++i) number = number << 8 | at[i];
    return number;
}

void write_number(unsigned char* at, int bytes, std::uint64_t number) {
    for (int i = bytes - 1; i >= 0; --i, number >>= 8) at[i] = static_cast<unsigned char>(number);
}

Result<> read_all(int descriptor, std::int64_t offset, std::span<unsigned char> out) {
    while (!out.empty()) {
        const auto count = ::pread(descriptor, out.data(), out.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return output_error(AVERROR(EIO), "read back the file");
        offset += count;
        out = out.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<> write_all(int descriptor, std::int64_t offset, std::span<const unsigned char> bytes) {
    while (!bytes.empty()) {
        const auto count = ::pwrite(descriptor, bytes.data(), bytes.size(), offset);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return output_error(AVERROR(errno), "write the file");
        offset += count;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

struct Box {
    std::int64_t at = 0;
    std::int64_t size = 0;
    bool is_index = false;
};

Result<Box> find_index(int descriptor, std::int64_t at) {
    for (;;) {
        std::array<unsigned char, 16> head{};
        TRY(read_all(descriptor, at, head));
        auto size = static_cast<std::int64_t>(read_number(head.data(), 4));
        if (size == 1) size = static_cast<std::int64_t>(read_number(head.data() + 8, 8));
        if (size < 8) return output_error(AVERROR(EIO), "find the index of the file");
        if (std::string_view(reinterpret_cast<const char*>(head.data()) + 4, 4) == "moov")
            return Box{at, size, true};
        at += size;
    }
}

/// Adds `shift` to every chunk offset below the boxes in [from, to).
void shift_offsets(Bytes& moov, std::size_t from, std::size_t to, std::uint64_t shift) {
    while (from + 8 <= to) {
        unsigned char* box = moov.data() + from;
        const auto size = static_cast<std::size_t>(read_number(box, 4));
        if (size < 8 || size > to - from) return;
        const std::string_view name(reinterpret_cast<const char*>(box) + 4, 4);
        if (name == "moov" || name == "trak" || name == "mdia" || name == "minf" ||
            name == "stbl") {
            shift_offsets(moov, from + 8, from + size, shift);
        } else if (name == "stco" || name == "co64") {
            const int width = name == "stco" ? 4 : 8;
            const auto count = std::min<std::uint64_t>(
                read_number(box + 12, 4), (size - 16) / static_cast<std::size_t>(width)
            );
            unsigned char* entry = box + 16;
            for (std::uint64_t i = 0; i < count; ++i, entry += width)
                write_number(entry, width, read_number(entry, width) + shift);
        }
        from += size;
    }
}

/// What tags take: their words, and boxes around them.
std::int64_t size_of(const json::object& tags) {
    constexpr std::int64_t kBoxes = 64;
    std::int64_t size = 0;
    for (const auto& tag : tags)
        size += kBoxes + std::ssize(tag.key()) + std::ssize(compact_json(tag.value()));
    return size;
}

/// Moves the bytes in [from, to) up by `shift`, from their end on.
Result<> move_up(int descriptor, std::int64_t from, std::int64_t to, std::int64_t shift) {
    constexpr std::int64_t kBlock = 1 << 20;
    Bytes block(kBlock);
    while (shift > 0 && to > from) {
        const auto count = std::min(kBlock, to - from);
        const auto part = std::span(block).first(static_cast<std::size_t>(count));
        to -= count;
        TRY(read_all(descriptor, to, part));
        TRY(write_all(descriptor, to + shift, part));
    }
    return {};
}

}  // namespace

std::int64_t index_size(std::span<const IndexEntries> tracks, const json::object& tags) {
    std::int64_t samples = 0;
    for (const auto& track : tracks) samples += track.samples;
    std::int64_t size = 4096 + size_of(tags);
    for (const auto& track : tracks) {
        // A chunk ends where another track's sample comes, or at a megabyte.
        const auto chunks =
            std::min(track.samples, samples - track.samples + 2 + (track.bytes >> 20));
        size += 2048 + 4 * track.samples + 4 * track.keys + 8 * track.time_runs +
                8 * track.offset_runs + 20 * chunks;
    }
    return size;
}

Result<> move_index_to_front(int descriptor, std::int64_t reserve_at, std::int64_t reserved) {
    const Box index = TRY(find_index(descriptor, reserve_at + reserved));
    Bytes moov(static_cast<std::size_t>(index.size));
    TRY(read_all(descriptor, index.at, moov));
    std::int64_t room = std::max(reserved, index.size);
    if (room != index.size && room < index.size + 8) room = index.size + 8;
    const std::int64_t shift = room - reserved;
    shift_offsets(moov, 0, moov.size(), static_cast<std::uint64_t>(shift));
    TRY(move_up(descriptor, reserve_at + reserved, index.at, shift));
    if (room > index.size) {
        // What is left of the room is a box of its own, of any bytes.
        std::array<unsigned char, 8> rest{0, 0, 0, 0, 'f', 'r', 'e', 'e'};
        write_number(rest.data(), 4, static_cast<std::uint64_t>(room - index.size));
        TRY(write_all(descriptor, reserve_at + index.size, rest));
    }
    TRY(write_all(descriptor, reserve_at, moov));
    if (::ftruncate(descriptor, index.at + shift) != 0)
        return output_error(AVERROR(errno), "write the file");
    return {};
}

}  // namespace ittybit::media
