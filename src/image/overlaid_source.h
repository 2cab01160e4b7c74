#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace ittybit::image {

/// A stretch of a source that is read as something else of the same length.
struct Overlay {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::string bytes;  // `length` of them; empty: zeros

    std::uint64_t end() const { return offset + length; }
};

/// Another source, with some of its bytes replaced. The other must outlive it.
class OverlaidSource : public ByteSource {
public:
    explicit OverlaidSource(ByteSource& source) : source_(source) {}

    /// In growing order, without overlaps.
    void add(Overlay overlay);
    bool is_changed() const { return !overlays_.empty(); }

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() override { return source_.size(); }

private:
    ByteSource& source_;
    std::vector<Overlay> overlays_;
};

}  // namespace ittybit::image
