#include "conformance/boxes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace ittybit::conformance {
namespace {

constexpr std::size_t kMostBoxes = 100'000;
constexpr int kDeepest = 8;  // moov/trak/mdia/minf/stbl/stsd/avc1/avcC

/// What of its body stands before the boxes in a box; nothing where it holds none that are known.
std::optional<std::size_t> head_of(const Box& box) {
    struct Holder {
        std::string_view type;
        std::size_t head;
    };
    constexpr std::size_t kVisual = 78, kTable = 8;
    constexpr auto kHolders = std::to_array<Holder>({
        {"moov", 0},       {"trak", 0},       {"edts", 0},       {"mdia", 0},
        {"minf", 0},       {"dinf", 0},       {"stbl", 0},       {"mvex", 0},
        {"moof", 0},       {"traf", 0},       {"dref", kTable},  {"stsd", kTable},
        {"avc1", kVisual}, {"avc3", kVisual}, {"hvc1", kVisual}, {"hev1", kVisual},
        {"av01", kVisual}, {"vp09", kVisual}, {"mp4a", 28},
    });
    const auto found = std::ranges::find(kHolders, box.type, &Holder::type);
    if (found == kHolders.end() || box.body.size() < found->head) return std::nullopt;
    constexpr std::size_t kSoundVersion = 8;  // of QuickTime's, which are longer
    if (box.type == "mp4a" && box.body[kSoundVersion + 1] != 0) return std::nullopt;
    return found->head;
}

bool is_known_version(const Box& box) {
    constexpr auto kUpToOne =
        std::to_array<std::string_view>({"mvhd", "tkhd", "mdhd", "elst", "tfdt", "trun"});
    constexpr auto kZero = std::to_array<std::string_view>(
        {"hdlr", "vmhd", "smhd", "dref", "url ", "trex", "mfhd", "tfhd", "stts", "stsc", "stco",
         "stsz"}
    );
    if (std::ranges::find(kUpToOne, box.type) != kUpToOne.end()) return box.version() <= 1;
    return std::ranges::find(kZero, box.type) == kZero.end() || box.version() == 0;
}

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

std::optional<Misfit> find_misfit(const Boxes& boxes, int depth) {
    if (depth > kDeepest) return std::nullopt;
    for (const auto& box : boxes.all) {
        if (!is_known_version(box))
            return Misfit{box.begin, fmt::format("{} of version {}", box.type, box.version())};
        const auto head = head_of(box);
        if (!head) continue;
        const auto inside = read_boxes(box, *head);
        // QuickTime ends some lists with zeros.
        const auto rest = inside.broken_at ? box.body.last(box.end - *inside.broken_at) : Bytes();
        const bool is_end = std::ranges::all_of(rest, [](auto byte) { return byte == 0; });
        if (inside.broken_at && !is_end)
            return Misfit{
                *inside.broken_at, fmt::format("what is here in {} is no whole box", box.type)
            };
        if (auto misfit = find_misfit(inside, depth + 1)) return misfit;
    }
    return std::nullopt;
}

std::optional<Box> find_box(const Boxes& boxes, std::string_view path) {
    const auto slash = path.find('/');
    const auto* found = boxes.find(path.substr(0, slash));
    if (found == nullptr) return std::nullopt;
    if (slash == std::string_view::npos) return *found;
    return find_box(read_boxes(*found), path.substr(slash + 1));
}

}  // namespace ittybit::conformance
