#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace ittybit::media {

/// Bytes that stand in place of others.
struct Patch {
    std::uint64_t at = 0;
    std::string bytes;
};

/// A source with some of its bytes changed, which must outlive it.
class Overlaid : public ByteSource {
public:
    Overlaid(ByteSource& source, std::vector<Patch> patches);
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    std::optional<std::uint64_t> size() override { return source_.size(); }

private:
    ByteSource& source_;
    std::vector<Patch> patches_;
};

}  // namespace ittybit::media
