#include "store/api_key.h"

#include <array>

#include <openssl/sha.h>

#include "base/ids.h"
#include "base/text.h"

namespace ittybit::store {

std::string hash_of_key(std::string_view key) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
    return to_hex(digest);
}

NewKey make_key(std::string_view name, UnixMillis now) {
    constexpr std::size_t kHint = 12;
    NewKey key;
    key.text = "itty_" + random_hex(256);
    key.record = {
        make_id("key", now),
        std::string(name),
        hash_of_key(key.text),
        key.text.substr(0, kHint),
        now,
    };
    return key;
}

}  // namespace ittybit::store
