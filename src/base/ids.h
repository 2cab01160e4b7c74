#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace ittybit {

/// A TypeID (github.com/jetify-com/typeid, spec 0.3): prefix, `_`, and a UUIDv7 (RFC 9562) in 26
/// characters of Crockford base32. Ids made later sort later, also within one millisecond of one
/// process. Safe from any thread.
std::string make_id(std::string_view prefix, UnixMillis now);

/// Whether `text` has the form of an id with this prefix.
bool is_id(std::string_view text, std::string_view prefix);

/// `bits` random bits (a multiple of 8) from the kernel as lower-case hexadecimal.
std::string random_hex(int bits);

}  // namespace ittybit
