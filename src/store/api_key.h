#pragma once

#include <string>
#include <string_view>

#include "store/records.h"

namespace ittybit::store {

/// How the token of one upload begins, which a key does not.
inline constexpr std::string_view kUploadTokenPrefix = "up_";

/// The hash under which a key is kept: SHA-256, lower-case hex. Keys are 256 random bits, so that
/// nothing slower is needed.
std::string hash_of_key(std::string_view key);

/// A new key, as it is shown once, and what is kept of it.
struct NewKey {
    std::string text;
    KeyRecord record;
};
NewKey make_key(std::string_view name, UnixMillis now);

/// One as it is asked for. Errors: `invalid_request`.
Result<NewKey> make_key(const KeyRequest& request, UnixMillis now);

}  // namespace ittybit::store
