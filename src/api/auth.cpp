#include "api/auth.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "store/api_key.h"

namespace ittybit::api {
namespace {

constexpr UnixMillis kTrustMs = 1000;
constexpr std::size_t kMostKnown = 10'000;

}  // namespace

std::optional<Response> Gate::admit(const Request& request, const Route& route) {
    if (route.is_open) return std::nullopt;
    const auto* header = request.find_header("Authorization");
    if (header == nullptr) {
        return error_response(Error{
            ErrorKind::kTokenMissing, "send your API key: Authorization: Bearer <key>",
            "Authorization"
        });
    }
    constexpr std::string_view kScheme = "bearer ";
    std::string_view token = header->value;
    const bool is_bearer = is_same_word(token.substr(0, kScheme.size()), kScheme);
    if (is_bearer) token.remove_prefix(kScheme.size());
    const auto hash = store::hash_of_key(token);
    const std::lock_guard lock(mutex_);
    if (known_.size() > kMostKnown) known_.clear();
    auto& known = known_[hash];
    const auto good = is_good(known, hash);
    if (!good) return error_response(good.error());
    if (!is_bearer || !*good) {
        known_.erase(hash);
        return error_response(Error{
            ErrorKind::kTokenInvalid, "this API key is not known: see ittybit keys list",
            "Authorization"
        });
    }
    if (takes_token(known)) return std::nullopt;
    const double most = service_.settings.rate_limit;
    const auto wait = static_cast<int>(std::ceil((1 - known.tokens) * 60 / most));
    return error_response(
        Error{
            ErrorKind::kTooManyRequests,
            fmt::format("more than {} requests a minute: try again in {} s", most, wait), ""
        },
        wait
    );
}

Result<bool> Gate::is_good(Known& known, const std::string& hash) {
    const auto now = service_.clock.now();
    if (known.is_good && now - known.checked_at < kTrustMs) return true;
    // The index finds by hash, whose bytes tell an attacker nothing; the comparison is constant.
    const auto record = TRY(service_.keys.find_by_hash(hash));
    known.is_good = record && storage::equal_in_constant_time(record->hash, hash);
    known.checked_at = now;
    return known.is_good;
}

bool Gate::takes_token(Known& known) {
    const double most = service_.settings.rate_limit;
    if (most <= 0) return true;
    const auto now = service_.clock.now();
    const auto passed = static_cast<double>(now - known.refilled_at);
    known.tokens = std::min(most, known.tokens + passed * most / 60'000);
    known.refilled_at = now;
    if (known.tokens < 1) return false;
    known.tokens -= 1;
    return true;
}

}  // namespace ittybit::api
