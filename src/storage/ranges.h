#pragma once

#include <cstdint>
#include <limits>
#include <map>

/// Bytes at rest and on the way: where inputs come from, where outputs go, and the keys for both.
namespace ittybit::storage {

/// The bytes [from, to) of something.
struct Range {
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::int64_t length() const { return to - from; }
    bool operator==(const Range&) const = default;
};

inline constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

/// A set of byte positions, kept as few disjoint ranges. Not thread-safe.
class Ranges {
public:
    void add(Range range);
    /// Whether every byte of `range` is in the set; an empty range always is.
    bool contains(Range range) const;
    /// The first stretch inside `range` that is not in the set; empty (at range.to) when none is.
    Range first_gap(Range range) const;
    /// How many bytes are in the set.
    std::int64_t total() const;

private:
    std::map<std::int64_t, std::int64_t> ends_;  // from → to, disjoint, not touching
};

}  // namespace ittybit::storage
