#include "image/overlaid_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ittybit::image {

void OverlaidSource::add(Overlay overlay) {
    overlays_.push_back(std::move(overlay));
}

Result<std::size_t> OverlaidSource::read_at(std::uint64_t offset, std::span<std::byte> out) {
    const std::size_t count = TRY(source_.read_at(offset, out));
    const auto first = std::ranges::partition_point(overlays_, [&](const Overlay& overlay) {
        return overlay.end() <= offset;
    });
    for (auto each = first; each != overlays_.end() && each->offset < offset + count; ++each) {
        const std::uint64_t begin = std::max(offset, each->offset);
        const std::uint64_t end = std::min(offset + count, each->end());
        std::byte* const to = out.data() + (begin - offset);
        if (each->bytes.empty()) {
            std::memset(to, 0, end - begin);
        } else {
            std::memcpy(to, each->bytes.data() + (begin - each->offset), end - begin);
        }
    }
    return count;
}

}  // namespace ittybit::image
