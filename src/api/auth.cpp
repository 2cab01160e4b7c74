#include "api/auth.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "api/guests.h"
#include "base/log.h"
#include "base/text.h"
#include "store/api_key.h"

namespace ittybit::api {
namespace {

constexpr UnixMillis kTrustMs = 1000;
constexpr std::size_t kMostKnown = 10'000;

/// What is wrong with a request's Authorization before it is looked at.
std::optional<Response> check_headers(const Request& request) {
    const auto headers = std::ranges::count_if(request.headers, [](const auto& header) {
        return is_same_word(header.name, "Authorization");
    });
    if (headers == 1) return std::nullopt;
    if (headers == 0) {
        return error_response(Error{
            ErrorKind::kTokenMissing, "send your API key: Authorization: Bearer <key>",
            "Authorization"
        });
    }
    return error_response(
        Error{ErrorKind::kInvalidRequest, "send one Authorization header", "Authorization"}
    );
}

std::optional<std::string_view> token_of(const Request& request) {
    constexpr std::string_view kScheme = "bearer ";
    auto value = request.header("Authorization");
    if (!is_same_word(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
    value.remove_prefix(kScheme.size());
    return value;
}

/// The token that a request comes with instead of a key: a browser may have it in the address, so
/// that it need not ask first (CORS).
std::optional<std::string> upload_token_of(const Request& request, const Route& route) {
    if (!route.takes_upload_tokens) return std::nullopt;
    if (request.find_header("Authorization") == nullptr) return request.query_value("token");
    const auto token = token_of(request).value_or("");
    if (!token.starts_with(store::kUploadTokenPrefix)) return std::nullopt;
    return std::string(token);
}

}  // namespace

std::optional<Response> Gate::admit(Request& request, const Route& route) {
    if (route.is_open) return std::nullopt;
    if (const auto token = upload_token_of(request, route)) return admit_upload(request, *token);
    if (auto problem = check_headers(request)) return problem;
    const auto token = token_of(request);
    const auto hash = store::hash_of_key(token.value_or(""));
    if (token && !is_fresh(hash)) {
        if (const auto looked = look_up(hash); !looked) return error_response(looked.error());
    }
    const MutexLock lock(mutex_);
    const auto found = known_.find(hash);
    if (!token || found == known_.end()) {
        return refuse(request.peer, "this API key is not known: see ittybit keys list");
    }
    return check(request, route, found->second);
}

/// Whoever has a token may begin: the upload itself takes it (uploads.cpp).
std::optional<Response> Gate::admit_upload(Request& request, std::string_view token) {
    const auto hash = store::hash_of_key(token);
    const auto is_allowed = service_.files.is_upload_allowed(hash, service_.clock.now());
    if (!is_allowed) return error_response(is_allowed.error());
    if (*is_allowed) {
        request.upload_token = hash;
        return std::nullopt;
    }
    const MutexLock lock(mutex_);
    return refuse(
        request.peer,
        "this upload token was used, has expired or never was: ask for another (POST "
        "/uploads/tokens)"
    );
}

/// What a key that is known may do now.
std::optional<Response> Gate::check(Request& request, const Route& route, Known& known) {
    const auto now = service_.clock.now();
    if (known.key.is_expired(now)) {
        return error_response(Error{
            ErrorKind::kTokenInvalid, "this API key has expired: make another one", "Authorization"
        });
    }
    known.used_at = now;
    request.pass = known.pass;
    if (auto refusal = check_rate(request, known)) return refusal;
    const auto needed = scope_of(route);
    if (known.key.scope >= needed) return std::nullopt;
    return refusal(
        403,
        Error{
            ErrorKind::kTokenInvalid,
            fmt::format(
                "this API key has the scope {} and this needs {}: use another key",
                name_of(known.key.scope), name_of(needed)
            ),
            "Authorization"
        }
    );
}

/// The server's rate and the key's both hold.
std::optional<Response> Gate::check_rate(Request& request, Known& known) {
    int most = service_.settings.rate_limit;
    const auto own = static_cast<int>(known.key.rate_limit.value_or(0));
    if (own > 0) most = most > 0 ? std::min(most, own) : own;
    if (most <= 0) return std::nullopt;
    const bool has_token = takes_token(known, most);
    request.quota = quota_of(known, most);
    if (has_token) return std::nullopt;
    const auto wait = static_cast<int>(std::ceil((1 - known.tokens) * 60 / most));
    return error_response(
        Error{
            ErrorKind::kTooManyRequests,
            fmt::format("more than {} requests a minute: try again in {} s", most, wait), ""
        },
        wait
    );
}

/// Guesses are slowed, and an operator can see them; who has a good key never waits.
Response Gate::refuse(const std::string& peer, std::string_view message) {
    constexpr int kFree = 5;
    constexpr UnixMillis kForgotten = 60'000;
    constexpr UnixMillis kLogPause = 10'000;
    constexpr auto kStep = std::chrono::milliseconds(100);
    constexpr auto kLongest = std::chrono::milliseconds(2000);
    beast::error_code no_address;
    auto& failures = failures_[client_of(asio::ip::make_address(peer, no_address))];
    const auto now = service_.clock.now();
    if (now - failures.last_at > kForgotten) failures.count = 0;
    failures.last_at = now;
    ++failures.count;
    if (now - failures.logged_at > kLogPause) {
        failures.logged_at = now;
        log::warn("an API key was refused", {{"address", peer}, {"in_a_row", failures.count}});
    }
    auto response =
        error_response(Error{ErrorKind::kTokenInvalid, std::string(message), "Authorization"});
    response.delay = std::min(kLongest, std::max(0, failures.count - kFree) * kStep);
    return response;
}

/// What answers go on under is not forgotten.
void Gate::forget_some() {
    if (failures_.size() > kMostKnown) failures_.clear();
    if (known_.size() <= kMostKnown) return;
    std::erase_if(known_, [](const auto& entry) { return entry.second.pass.use_count() <= 1; });
}

bool Gate::admits_at_once(const Request& request, const Route& route) {
    if (upload_token_of(request, route)) return false;
    const auto token = token_of(request);
    return route.is_open || !token || is_fresh(store::hash_of_key(*token));
}

bool Gate::is_fresh(const std::string& hash) {
    const MutexLock lock(mutex_);
    const auto known = known_.find(hash);
    return known != known_.end() && service_.clock.now() - known->second.checked_at < kTrustMs;
}

/// Asks the store, without holding anybody up meanwhile, and remembers what it says.
Result<bool> Gate::look_up(const std::string& hash) {
    const auto record = TRY(service_.keys.find_by_hash(hash));
    // The index finds by hash, whose bytes tell an attacker nothing; the comparison is constant.
    const bool is_good = record && storage::equal_in_constant_time(record->hash, hash);
    const MutexLock lock(mutex_);
    forget_some();
    const auto earlier = known_.find(hash);
    if (is_good) {
        auto& known = earlier != known_.end() ? earlier->second : known_[hash];
        known.checked_at = service_.clock.now();
        known.key = *record;
        if (!known.pass) known.pass = std::make_shared<Pass>(record->id);
        if (record->is_expired(known.checked_at)) known.pass->is_valid = false;
    } else if (earlier != known_.end()) {
        earlier->second.pass->is_valid = false;
        known_.erase(earlier);
    }
    return is_good;
}

/// A key in use is looked up here, and so not while a request waits; nor does one wait for the note
/// of when it was.
void Gate::renew() {
    constexpr UnixMillis kInUse = 10'000;
    constexpr UnixMillis kNoteEvery = 60'000;
    std::vector<std::string> hashes;
    std::vector<std::pair<std::string, UnixMillis>> uses;
    {
        const MutexLock lock(mutex_);
        const auto now = service_.clock.now();
        for (auto& [hash, known] : known_) {
            const bool is_used = known.pass.use_count() > 1 || now - known.used_at < kInUse;
            if (is_used) hashes.push_back(hash);
            if (known.used_at <= known.noted_at || now - known.noted_at < kNoteEvery) continue;
            known.noted_at = now;
            uses.emplace_back(known.key.id, known.used_at);
        }
    }
    // Where the store cannot tell, the next look will.
    for (const auto& hash : hashes) static_cast<void>(look_up(hash));
    for (const auto& [id, at] : uses) static_cast<void>(service_.keys.note_use(id, at));
}

bool Gate::takes_token(Known& known, double most) {
    const auto now = service_.clock.now();
    const auto passed = static_cast<double>(now - known.refilled_at);
    known.tokens = std::min(most, known.tokens + passed * most / 60'000);
    known.refilled_at = now;
    if (known.tokens < 1) return false;
    known.tokens -= 1;
    return true;
}

/// How many requests are left, and the seconds until all are again (draft-ietf-httpapi-ratelimit-
/// headers).
std::vector<Header> Gate::quota_of(const Known& known, int most) {
    const double seconds = std::ceil((most - known.tokens) * 60 / most);
    return {
        {"RateLimit-Policy", fmt::format("\"default\";q={};w=60", most)},
        {"RateLimit",
         fmt::format("\"default\";r={:.0f};t={:.0f}", std::floor(known.tokens), seconds)}
    };
}

}  // namespace ittybit::api
