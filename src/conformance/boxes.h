#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/bits.h"

namespace ittybit::conformance {

/// A box of ISO/IEC 14496-12, 4.2, in bytes that outlive it.
struct Box {
    std::string type;       // "moov"; four characters as they stand
    std::size_t begin = 0;  // in the file
    std::size_t end = 0;
    Bytes body;            // behind size, type and, for "uuid", the long type; may be cut off
    bool is_whole = true;  // else the bytes end before it does

    /// Version and flags of a full box, from its body's first bytes.
    std::uint8_t version() const { return body.empty() ? 0 : body[0]; }
    std::uint32_t flags() const;
    /// What is behind version and flags.
    ByteReader fields() const;
};

/// Boxes that follow one another.
struct Boxes {
    std::vector<Box> all;
    std::optional<std::size_t> broken_at;  // where in the file what follows is no box

    const Box* find(std::string_view type) const;
    std::size_t count(std::string_view type) const;
};

/// The boxes in `bytes`, which begin at `base` of their file. At most 100 000 of them.
Boxes read_boxes(Bytes bytes, std::size_t base = 0);

/// The boxes in the body of `box`, behind `skip` bytes of it.
Boxes read_boxes(const Box& box, std::size_t skip = 0);

/// What is wrong with the boxes inside boxes that are known to hold others.
struct Misfit {
    std::size_t at = 0;  // in the file
    std::string message;
};

/// The first box below these that does not end within the one around it, or is of a version that
/// readers do not know. Looks as deep as true files go.
std::optional<Misfit> find_misfit(const Boxes& boxes, int depth = 0);

/// The box at the end of a path below these ("mdia/minf/stbl"); its first one at each step.
std::optional<Box> find_box(const Boxes& boxes, std::string_view path);

}  // namespace ittybit::conformance
