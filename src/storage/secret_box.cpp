#include "storage/secret_box.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hex.h"
#include "base/text.h"
#include "storage/digests.h"

namespace ittybit::storage {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kIdDigits = 16;
constexpr std::string_view kFormat = "v1";

using Key = std::array<unsigned char, kKeyBytes>;

struct Free {
    void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Free>;

Error failed(std::string message) {
    return {ErrorKind::kInternalError, std::move(message), ""};
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

Result<Key> read_key(const std::string& text) {
    auto bytes = text.size() == 2 * kKeyBytes ? from_hex(text) : from_base64(text);
    if (!bytes || bytes->size() != kKeyBytes)
        return failed(
            "a secret key must be 64 hexadecimal digits or 32 bytes in base64; make one with "
            "\"openssl rand -hex 32\""
        );
    Key key = {};
    std::copy_n(bytes_of(*bytes), kKeyBytes, key.begin());
    OPENSSL_cleanse(bytes->data(), bytes->size());
    return key;
}

Result<std::vector<Key>> read_keys(std::string_view text, char separator) {
    std::vector<Key> keys;
    for (const auto& piece : split(text, separator)) {
        if (!piece.empty()) keys.push_back(TRY(read_key(piece)));
    }
    if (keys.empty()) return failed("there is no secret key in the key file");
    return keys;
}

Result<std::string> new_key() {
    Key key = {};
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1)
        return failed("the system gives no random bytes");
    return to_hex(key) + "\n";
}

Result<std::string> read_key_file(const std::string& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status = {};
    if (!file || ::fstat(file.get(), &status) != 0)
        return failed(std::string("the key file cannot be read: ") + std::strerror(errno));
    if ((status.st_mode & 077U) != 0)
        return failed("other users can read the key file; set its mode to 0600");
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    const auto count = ::read(file.get(), text.data(), text.size());
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return text;
}

/// Writes beside and renames, so that a crash leaves the old or the new keys. `is_new`: never over
/// a file that another process has just made.
Result<> write_key_file(const std::string& path, std::string_view text, bool is_new) {
    std::string other = path + "-XXXXXX";
    const Fd file(::mkostemp(other.data(), O_CLOEXEC));  // mode 0600
    const bool is_written =
        file &&
        ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file.get()) == 0;
    const bool is_there = is_written && (is_new ? ::link(other.c_str(), path.c_str()) == 0
                                                : ::rename(other.c_str(), path.c_str()) == 0);
    const int why = errno;
    if (is_new || !is_there) ::unlink(other.c_str());
    if (is_there || (is_new && why == EEXIST)) return {};
    return failed(std::string("the key file cannot be written: ") + std::strerror(why));
}

std::string key_id(const Key& key) {
    std::array<unsigned char, 32> hash = {};
    const std::string text = "ittybit key id" + std::string(key.begin(), key.end());
    EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
    return to_hex(std::span(hash).first(kIdDigits / 2));
}

std::string encrypt(const Key& key, std::string_view text, std::string_view context) {
    std::string sealed(kNonceBytes + text.size() + kTagBytes, '\0');
    unsigned char* const nonce = bytes_of(sealed);
    unsigned char* const body = nonce + kNonceBytes;
    const Cipher cipher(EVP_CIPHER_CTX_new());
    int count = 0;
    const bool is_done =
        RAND_bytes(nonce, kNonceBytes) == 1 &&
        EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce) == 1 &&
        EVP_EncryptUpdate(
            cipher.get(), nullptr, &count, bytes_of(context), static_cast<int>(context.size())
        ) == 1 &&
        EVP_EncryptUpdate(
            cipher.get(), body, &count, bytes_of(text), static_cast<int>(text.size())
        ) == 1 &&
        EVP_EncryptFinal_ex(cipher.get(), body + count, &count) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, body + text.size()) == 1;
    return is_done ? sealed : "";
}

std::optional<std::string> decrypt(const Key& key, std::string sealed, std::string_view context) {
    if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
    std::string text(sealed.size() - kNonceBytes - kTagBytes, '\0');
    unsigned char* const nonce = bytes_of(sealed);
    unsigned char* const body = nonce + kNonceBytes;
    const Cipher cipher(EVP_CIPHER_CTX_new());
    int count = 0;
    const bool is_right =
        EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce) == 1 &&
        EVP_DecryptUpdate(
            cipher.get(), nullptr, &count, bytes_of(context), static_cast<int>(context.size())
        ) == 1 &&
        EVP_DecryptUpdate(
            cipher.get(), bytes_of(text), &count, body, static_cast<int>(text.size())
        ) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, body + text.size()) ==
            1 &&
        EVP_DecryptFinal_ex(cipher.get(), bytes_of(text) + count, &count) == 1;
    if (!is_right) return std::nullopt;
    return text;
}

}  // namespace

Result<SecretBox> SecretBox::open(const std::string& key_file, std::string_view secret_key) {
    if (!secret_key.empty()) {
        auto given = TRY(read_keys(secret_key, ','));
        return SecretBox(std::move(given));
    }
    if (::access(key_file.c_str(), F_OK) != 0) {
        const auto key = TRY(new_key());
        TRY(write_key_file(key_file, key, true));
    }
    const auto text = TRY(read_key_file(key_file));
    auto keys = TRY(read_keys(text, '\n'));
    return SecretBox(std::move(keys));
}

Result<> SecretBox::add_key(const std::string& key_file) {
    const auto old = TRY(read_key_file(key_file));
    const auto key = TRY(new_key());
    return write_key_file(key_file, key + old, false);
}

Result<> SecretBox::forget_old_keys(const std::string& key_file) {
    const auto text = TRY(read_key_file(key_file));
    const auto first = text.substr(0, text.find('\n')) + "\n";
    if (text == first) return {};
    return write_key_file(key_file, first, false);
}

Result<std::string> SecretBox::seal(std::string_view secret, std::string_view context) const {
    const auto sealed = encrypt(keys_.front(), secret, context);
    if (sealed.empty()) return failed("a secret could not be encrypted");
    return mark() + to_hex(std::span(bytes_of(sealed), sealed.size()));
}

Result<std::string> SecretBox::unseal(std::string_view sealed, std::string_view context) const {
    const auto pieces = split(sealed, '.');
    if (pieces.size() != 3 || pieces[0] != kFormat)
        return failed("a stored secret has no known form");
    const auto bytes = from_hex(pieces[2]);
    for (const auto& key : keys_) {
        if (key_id(key) != pieces[1]) continue;
        const auto secret = bytes ? decrypt(key, *bytes, context) : std::nullopt;
        if (!secret) return failed("a stored secret was changed");
        return *secret;
    }
    return failed(
        "a stored secret was encrypted with another key; start with the key file or "
        "ITTYBIT_SECRET_KEY it was stored with"
    );
}

std::vector<std::string> SecretBox::derived(std::string_view purpose) const {
    std::vector<std::string> secrets;
    for (const auto& key : keys_) {
        const std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
        secrets.push_back(hmac_sha256(bytes, purpose));
    }
    return secrets;
}

std::string SecretBox::mark() const {
    return std::string(kFormat) + "." + key_id(keys_.front()) + ".";
}

bool SecretBox::is_current(std::string_view sealed) const {
    return sealed.starts_with(mark());
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace ittybit::storage
