#include "conformance/boxes.h"

#include <algorithm>

namespace ittybit::conformance {
namespace {

constexpr std::size_t kMostBoxes = 100'000;

}  // namespace

std::uint32_t Box::flags() const {
    ByteReader reader(body);
    return reader.u32() & 0xFFFFFFU;
}

ByteReader Box::fields() const {
    ByteReader reader(body);
    reader.skip(4);
    return reader;
}

const Box* Boxes::find(std::string_view type) const {
    const auto found = std::ranges::find(all, type, &Box::type);
    return found == all.end() ? nullptr : &*found;
}

std::size_t Boxes::count(std::string_view type) const {
    return static_cast<std::size_t>(std::ranges::count(all, type, &Box::type));
}

Boxes read_boxes(Bytes bytes, std::size_t base) {
    Boxes boxes;
    std::size_t at = 0;
    while (at < bytes.size() && boxes.all.size() < kMostBoxes) {
        ByteReader reader(bytes.subspan(at));
        std::uint64_t size = reader.u32();
        const auto name = reader.bytes(4);
        std::size_t head = 8;
        if (size == 1) {
            size = reader.u64();
            head = 16;
        }
        if (size == 0) size = bytes.size() - at;  // to the end of the file
        const bool is_type = std::ranges::all_of(name, [](auto byte) {
            return byte >= 0x20 && (byte < 0x7F || byte >= 0xA0);
        });
        if (reader.is_short() || !is_type || size < head) {
            boxes.broken_at = base + at;
            break;
        }
        Box box;
        box.type.assign(name.begin(), name.end());
        box.begin = base + at;
        const std::size_t left = bytes.size() - at;
        box.is_whole = size <= left;
        const auto length = box.is_whole ? static_cast<std::size_t>(size) : left;
        box.end = box.begin + length;
        box.body = bytes.subspan(at + head, length - head);
        if (!box.is_whole) boxes.broken_at = box.begin;
        at += length;
        boxes.all.push_back(std::move(box));
    }
    return boxes;
}

Boxes read_boxes(const Box& box, std::size_t skip) {
    const std::size_t inside = std::min(skip, box.body.size());
    return read_boxes(box.body.subspan(inside), box.end - box.body.size() + inside);
}

std::optional<Box> find_box(const Boxes& boxes, std::string_view path) {
    const auto slash = path.find('/');
    const auto* found = boxes.find(path.substr(0, slash));
    if (found == nullptr) return std::nullopt;
    if (slash == std::string_view::npos) return *found;
    return find_box(read_boxes(*found), path.substr(slash + 1));
}

}  // namespace ittybit::conformance
