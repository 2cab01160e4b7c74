#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/json.h"
#include "base/result.h"

/// How a stream is encrypted (RFC 8216, 4.3.2.4), as both executables know it: one says how its
/// files will be, the other makes them so.
namespace ittybit {

/// How a stream is encrypted.
enum class EncryptionMethod { kAes128 };
constexpr auto names(EncryptionMethod) {
    return std::array{
        Name{EncryptionMethod::kAes128, "aes-128", "whole segments in AES-128-CBC"},
    };
}

/// 16 secret bytes. They are read and never written: as JSON they are null.
struct StreamKey {
    std::string digits;  // 32 hexadecimal ones

    /// Errors: `invalid_options`.
    static Result<StreamKey> from_json(const json::value& value);
    static json::value to_json_value() { return nullptr; }
    static json::object schema();
    bool operator==(const StreamKey&) const = default;
};

struct StreamEncryption {
    EncryptionMethod method = EncryptionMethod::kAes128;
    std::string key_url;
    std::optional<StreamKey> key;

    static constexpr auto kFields = Fields{
        Field{&StreamEncryption::method, "method", "How segments are encrypted."}.required(),
        Field{&StreamEncryption::key_url, "key_url", "Where players get the key; http(s)."}
            .required(),
        Field{
            &StreamEncryption::key, "key",
            "The key, as 32 hexadecimal digits; never told again. Fetched from key_url by default."
        },
    };
    bool operator==(const StreamEncryption&) const = default;
};

/// Whether a file of an encrypted stream is left as it is: playlists, and initialization sections,
/// which hold no media. Whatever else there is is encrypted.
bool stays_clear(std::string_view name);

/// Bytes of a file of `size` once it is encrypted: PKCS7 adds 1 to 16.
constexpr std::int64_t encrypted_size(std::int64_t size) {
    constexpr std::int64_t kBlock = 16;
    return (size / kBlock + 1) * kBlock;
}

/// The media sequence number of a segment by its name: that of "720p-00001.m4s" is 0. Nothing where
/// the name has none.
std::optional<std::uint64_t> media_sequence_of(std::string_view name);

}  // namespace ittybit
