#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "base/bytes.h"
#include "base/result.h"

namespace ittybit::storage {

/// A hash of what is added to it, piece by piece.
class Hash {
public:
    Hash();  // SHA-256
    explicit Hash(const EVP_MD* kind);
    void add(std::span<const std::byte> bytes);
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }

    /// Its bytes, not their hexadecimal. Nothing may be added any more.
    std::string end();

private:
    struct Free {
        void operator()(EVP_MD_CTX* context) const;
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

/// The bytes of a hash, not its hexadecimal.
std::string sha256(std::string_view text);
std::string md5(std::string_view text);
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Lower-case hexadecimal of bytes that are held as text.
std::string hex_of(std::string_view bytes);

/// Base64 with padding (RFC 4648, section 4).
std::string to_base64(std::string_view bytes);

/// The bytes of base64 (RFC 4648, section 4 or 5), padded; nothing where it is none.
std::optional<std::string> from_base64(std::string text);

/// Both hashes of a whole source, as bytes.
struct Digests {
    std::string sha256;
    std::string md5;
};
Result<Digests> digests_of(ByteSource& source);

}  // namespace ittybit::storage
