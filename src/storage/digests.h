#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::storage {

/// The bytes of a hash, not its hexadecimal.
std::string sha256(std::string_view text);
std::string md5(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Lower-case hexadecimal of bytes that are held as text.
std::string hex_of(std::string_view bytes);

/// The bytes of base64 (RFC 4648, section 4 or 5), padded; nothing where it is none.
std::optional<std::string> from_base64(std::string text);

/// Both hashes of a whole source, as bytes.
struct Digests {
    std::string sha256;
    std::string md5;
};
Result<Digests> digests_of(ByteSource& source);

}  // namespace ittybit::storage
