#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ittybit::api {

/// The bytes [from, to) of a file that a request wants.
struct Wanted {
    std::int64_t from = 0;
    std::int64_t to = 0;
};

/// One range of `Range: bytes=…` in a file of `size` bytes. Nothing: the header is to be ignored
/// (RFC 9110 14.2), as with several ranges. A range with from >= to cannot be satisfied.
std::optional<Wanted> read_range(std::string_view header, std::int64_t size);

}  // namespace ittybit::api
