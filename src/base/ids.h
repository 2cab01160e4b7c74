#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace ittybit {

/// A TypeID (github.com/jetify-com/typeid, spec 0.3): prefix, `_`, and a UUIDv7 (RFC 9562) in 26
/// characters of Crockford base32. Ids made later sort later, also within one millisecond of one
/// process. Safe from any thread.
std::string make_id(std::string_view prefix, UnixMillis now);

/// The id that lies `place` (1 to 255) behind another: make_id gives it to nobody, so that what
/// belongs to a thing can have ids that follow from its own.
std::string following_id(std::string_view id, std::string_view prefix, unsigned place);

/// The id that another follows from, whatever its place.
std::string leading_id(std::string_view id, std::string_view prefix);

/// Sorts before all ids made at that moment or later, and behind all made earlier.
std::string id_before(std::string_view prefix, UnixMillis moment);

/// Whether `text` has the form of an id with this prefix.
bool is_id(std::string_view text, std::string_view prefix);

/// `bits` random bits (a multiple of 8) from the kernel as lower-case hexadecimal.
std::string random_hex(int bits);

}  // namespace ittybit
