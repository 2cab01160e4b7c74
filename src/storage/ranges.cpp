#include "storage/ranges.h"

#include <algorithm>
#include <iterator>

namespace ittybit::storage {

void Ranges::add(Range range) {
    if (range.length() <= 0) return;
    auto next = ends_.upper_bound(range.from);
    if (next != ends_.begin() && std::prev(next)->second >= range.from) --next;
    while (next != ends_.end() && next->first <= range.to) {
        range.from = std::min(range.from, next->first);
        range.to = std::max(range.to, next->second);
        next = ends_.erase(next);
    }
    ends_.emplace(range.from, range.to);
}

bool Ranges::contains(Range range) const {
    return first_gap(range).length() == 0;
}

Range Ranges::first_gap(Range range) const {
    if (range.length() <= 0) return {range.to, range.to};
    auto next = ends_.upper_bound(range.from);
    if (next != ends_.begin() && std::prev(next)->second > range.from)
        range.from = std::min(std::prev(next)->second, range.to);
    if (next != ends_.end() && range.from < range.to) range.to = std::min(range.to, next->first);
    return range;
}

std::int64_t Ranges::total() const {
    std::int64_t sum = 0;
    for (const auto& [from, to] : ends_) sum += to - from;
    return sum;
}

}  // namespace ittybit::storage
