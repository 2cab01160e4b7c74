#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/ids.h"
#include "base/result.h"
#include "store/records.h"

namespace ittybit::store {

/// Cuts what is more than was asked for, which tells that there is more, and restores the order.
template <typename T>
void trim(Page<T>& page, int limit, bool is_reversed) {
    page.has_more = !page.cursor.empty();
    if (std::cmp_greater(page.items.size(), limit)) {
        page.has_more = true;
        page.cursor.clear();
        page.items.resize(static_cast<std::size_t>(limit));
    }
    if (is_reversed) std::ranges::reverse(page.items);
}

/// Errors: `invalid_request` (no id of this prefix).
inline Result<void> check_cursor(const std::optional<std::string>& id, std::string_view prefix) {
    if (!id || is_id(*id, prefix)) return {};
    return Error{
        ErrorKind::kInvalidRequest,
        fmt::format("after and before are ids that begin with {}_, not {}", prefix, *id), "after"
    };
}

}  // namespace ittybit::store
