#include "media/edit_lists.h"

#include <algorithm>
#include <limits>

#include "media/boxes.h"

namespace ittybit::media {
namespace {

/// Calls `seen` with the boxes of that name in another.
template <typename Seen>
Result<> each_named(Bytes& bytes, const Piece& outer, std::uint64_t name, Seen seen) {
    constexpr int kMostBoxes = 10'000;
    std::uint64_t at = outer.begin;
    for (int boxes = 0; boxes < kMostBoxes; ++boxes) {
        const auto box = TRY(read_box(bytes, at, outer.end));
        if (!box) break;
        if (box->name == name) TRY(seen(*box));
        at = box->end;
    }
    return {};
}

Result<> look_at_list(Bytes& bytes, const Piece& list, HardEdits& found) {
    constexpr std::uint64_t kMostEdits = 10'000;
    const bool is_long = TRY(bytes.number(list.begin, 1)) == 1;
    const std::uint64_t count = std::min(TRY(bytes.number(list.begin + 4, 4)), kMostEdits);
    const int width = is_long ? 8 : 4;
    const std::uint64_t nothing = is_long ? ~std::uint64_t{0} : 0xFFFFFFFF;
    std::uint64_t at = list.begin + 8;
    int parts = 0;
    for (std::uint64_t i = 0; i < count && at < list.end; ++i) {
        const bool is_empty =
            TRY(bytes.number(at + static_cast<std::uint64_t>(width), width)) == nothing;
        const bool stands_still =
            TRY(bytes.number(at + 2 * static_cast<std::uint64_t>(width), 2)) == 0;
        if (is_empty || stands_still) {
            found.are_pauses |= parts > 0 && i + 1 < count;
        } else if (++parts > 1) {
            found.are_several = true;
        }
        at += 2 * static_cast<std::uint64_t>(width) + 4;
    }
    return {};
}

}  // namespace

Result<HardEdits> hard_edits(ByteSource& source, std::uint64_t start) {
    HardEdits found;
    Bytes bytes(source, start);
    const auto whole = source.size().value_or(std::numeric_limits<std::int64_t>::max());
    const Piece file{.name = 0, .begin = 0, .end = whole - std::min(whole, start)};
    const auto list = [&](const Piece& box) { return look_at_list(bytes, box, found); };
    const auto edits = [&](const Piece& box) {
        return each_named(bytes, box, letters("elst"), list);
    };
    const auto track = [&](const Piece& box) {
        return each_named(bytes, box, letters("edts"), edits);
    };
    const auto movie = [&](const Piece& box) {
        return each_named(bytes, box, letters("trak"), track);
    };
    TRY(each_named(bytes, file, letters("moov"), movie));
    return found;
}

}  // namespace ittybit::media
