#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ittybit::storage {

/// Keeps secrets at rest: AES-256-GCM with a random nonce, bound to a context (say the row and
/// column they lie in). Several keys may be known: the first seals, all unseal. Immutable, so any
/// thread may use it.
class SecretBox {
public:
    /// Keys from `secret_key` (the value of ITTYBIT_SECRET_KEY: 64 hexadecimal digits or base64
    /// of 32 bytes; several with commas, newest first), or when it is empty from `key_file` (one a
    /// line), which is made with a new key and mode 0600 when missing. Errors: `internal_error`: a
    /// malformed key, a key file that others can read.
    static Result<SecretBox> open(const std::string& key_file, std::string_view secret_key);

    /// Puts a new key in front of those in `key_file`. What older ones sealed stays readable; seal
    /// it anew, then `forget_old_keys`, which leaves the file alone where there are none.
    static Result<> add_key(const std::string& key_file);
    static Result<> forget_old_keys(const std::string& key_file);

    /// Printable text that holds `secret`.
    Result<std::string> seal(std::string_view secret, std::string_view context) const;

    /// Errors: `internal_error` when the text was changed, belongs to another context or its key is
    /// not known.
    Result<std::string> unseal(std::string_view sealed, std::string_view context) const;

    /// A secret for each key, newest first, that is for this purpose alone: it tells nothing of the
    /// key.
    std::vector<std::string> derived(std::string_view purpose) const;

    /// What all begins with that the newest key seals.
    std::string mark() const;

    /// Whether the newest key sealed it.
    bool is_current(std::string_view sealed) const;

private:
    using Key = std::array<unsigned char, 32>;
    explicit SecretBox(std::vector<Key> keys) : keys_(std::move(keys)) {}
    std::vector<Key> keys_;
};

/// Takes equally long wherever texts of one length differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ittybit::storage
