#include "store/api_key.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
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

Result<NewKey> make_key(const KeyRequest& request, UnixMillis now) {
    constexpr std::size_t kLongestName = 100;  // bytes
    const auto wrong = [](std::string_view field, std::string_view sentence) {
        return Error{
            ErrorKind::kInvalidRequest, fmt::format("{} {}", field, sentence), std::string(field)
        };
    };
    if (request.name.empty() || request.name.size() > kLongestName) {
        return wrong("name", fmt::format("must have 1 to {} bytes", kLongestName));
    }
    if (request.scopes && request.scopes->empty()) return wrong("scopes", "must name one at least");
    if (request.expires_at && request.expires_in) {
        return wrong("expires_at", "cannot be given beside expires_in");
    }
    if (request.expires_at && *request.expires_at <= now) {
        return wrong("expires_at", "must lie in the future, in Unix milliseconds");
    }
    auto key = make_key(request.name, now);
    if (request.scopes) key.record.scope = std::ranges::max(*request.scopes);
    key.record.expires_at = request.expires_at;
    if (request.expires_in) key.record.expires_at = now + request.expires_in->ms;
    key.record.rate_limit = request.rate_limit;
    key.record.max_running = request.max_running;
    return key;
}

}  // namespace ittybit::store
