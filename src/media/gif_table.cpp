#include "media/gif_table.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace ittybit::media {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kScreen = 13;  // bytes in front of the common table
constexpr std::size_t kScreenFlags = 10;
constexpr std::uint8_t kHasTable = 0x80;
constexpr std::uint8_t kTableSize = 7;

bool has_screen(Bytes bytes) {
    constexpr std::string_view kName = "GIF8";
    return bytes.size() >= kScreen && std::ranges::equal(bytes.first(kName.size()), kName);
}

/// Where the flags of the picture behind `at` are; 0: there is none.
std::size_t flags_of_picture(Bytes bytes, std::size_t at) {
    const auto byte = [&](std::size_t i) { return i < bytes.size() ? bytes[i] : 0U; };
    while (byte(at) == 0x21) {  // an extension: a label, and blocks up to an empty one
        at += 2;
        while (byte(at) != 0) at += byte(at) + 1;
        ++at;
    }
    return byte(at) == 0x2C && at + 9 < bytes.size() ? at + 9 : 0;
}

}  // namespace

Packet GifTable::given_to(Packet packet) {
    const Bytes bytes(packet->data, static_cast<std::size_t>(packet->size));
    std::size_t begin = 0;
    std::vector<std::uint8_t> out;
    if (has_screen(bytes)) {
        const std::uint8_t flags = bytes[kScreenFlags];
        size_ = flags & kTableSize;
        const std::size_t length = (flags & kHasTable) != 0 ? std::size_t{6} << size_ : 0;
        begin = std::min(kScreen + length, bytes.size());
        colours_.assign(bytes.begin() + kScreen, bytes.begin() + static_cast<long>(begin));
        out.assign(bytes.begin(), bytes.begin() + kScreen);
        out[kScreenFlags] = flags & static_cast<std::uint8_t>(~kHasTable);
    }
    const std::size_t place = flags_of_picture(bytes, begin);
    if (place == 0 || colours_.empty()) return packet;
    const Bytes ahead = bytes.subspan(begin, place - begin);
    const Bytes behind = bytes.subspan(place + 1);
    const std::uint8_t flags = bytes[place];
    out.insert(out.end(), ahead.begin(), ahead.end());
    if ((flags & kHasTable) != 0) {
        out.push_back(flags);
    } else {
        out.push_back(static_cast<std::uint8_t>((flags & ~kTableSize) | kHasTable | size_));
        out.insert(out.end(), colours_.begin(), colours_.end());
    }
    out.insert(out.end(), behind.begin(), behind.end());
    Packet given = make_packet();
    const bool is_made = given != nullptr &&
                         av_new_packet(given.get(), static_cast<int>(out.size())) == 0 &&
                         av_packet_copy_props(given.get(), packet.get()) == 0;
    if (!is_made) return packet;
    std::ranges::copy(out, given->data);
    return given;
}

}  // namespace ittybit::media
