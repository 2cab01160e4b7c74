#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

#include "base/result.h"

namespace ittybit::storage {

/// 16 bytes: a key of AES-128, or an initialization vector.
using Block = std::array<unsigned char, 16>;

/// The 16 bytes behind 32 hexadecimal digits.
std::optional<Block> block_of(std::string_view digits);

/// The initialization vector of a segment that none is given for: its media sequence number,
/// big-endian (RFC 8216, 5.2).
Block iv_of(std::uint64_t media_sequence);

/// One file on its way through AES-128-CBC with PKCS7 padding (RFC 8216, 4.3.2.4).
class SegmentCipher {
public:
    static SegmentCipher encrypting(const Block& key, const Block& iv) { return {key, iv, 1}; }
    static SegmentCipher decrypting(const Block& key, const Block& iv) { return {key, iv, 0}; }

    /// What the next bytes become, as far as that is known yet. Stays until the next call.
    Result<std::span<const std::byte>> next(std::span<const std::byte> bytes);

    /// The last bytes. Errors: `invalid_input`: what was to be decrypted is no whole number of
    /// blocks, or ends in no padding, as with another key.
    Result<std::span<const std::byte>> end();

private:
    struct Free {
        void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
    };
    SegmentCipher(const Block& key, const Block& iv, int is_encrypting);

    std::unique_ptr<EVP_CIPHER_CTX, Free> cipher_{EVP_CIPHER_CTX_new()};
    std::vector<std::byte> out_;
};

}  // namespace ittybit::storage
