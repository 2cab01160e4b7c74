#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/mpd.h"

namespace ittybit::manifest {

/// Fills in a template (5.3.9.4.4). Nothing where it has an identifier that templates do not know,
/// or becomes longer than any address.
std::optional<std::string> fill_in(
    std::string_view pattern, const Representation& of, std::int64_t number, std::int64_t time
);

}  // namespace ittybit::manifest
