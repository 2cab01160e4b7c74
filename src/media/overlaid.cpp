#include "media/overlaid.h"

#include <utility>

namespace ittybit::media {

Overlaid::Overlaid(ByteSource& source, std::vector<Patch> patches)
    : source_(source), patches_(std::move(patches)) {}

Result<std::size_t> Overlaid::read_at(std::uint64_t offset, std::span<std::byte> out) {
    const std::size_t count = TRY(source_.read_at(offset, out));
    for (const Patch& patch : patches_) {
        for (std::size_t i = 0; i < patch.bytes.size(); ++i) {
            const std::uint64_t at = patch.at + i;
            if (at >= offset && at < offset + count)
                out[at - offset] = static_cast<std::byte>(patch.bytes[i]);
        }
    }
    return count;
}

}  // namespace ittybit::media
