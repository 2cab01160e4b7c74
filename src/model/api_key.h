#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/fields.h"
#include "base/names.h"

namespace ittybit {

/// What an API key may do. Each may do what those before it may.
enum class Scope : std::uint8_t { kRead, kCreate, kAdmin };

constexpr auto names(Scope) {
    return std::array{
        Name{Scope::kRead, "read", "See jobs, tasks, events and metrics."},
        Name{Scope::kCreate, "create", "Make jobs, tasks and uploads, stop and delete them."},
        Name{Scope::kAdmin, "admin", "All, also keys, connections and webhooks sent again."},
    };
}

/// What a new API key is to be.
struct KeyRequest {
    std::string name;
    std::optional<std::vector<Scope>> scopes = {};
    std::optional<UnixMillis> expires_at = {};
    std::optional<Duration> expires_in = {};
    std::optional<int> rate_limit = {};
    std::optional<int> max_running = {};

    static constexpr auto kFields = Fields{
        Field{&KeyRequest::name, "name", "Whose it is, or what for; 100 bytes at most."}.required(),
        Field{
            &KeyRequest::scopes, "scopes",
            "What it may do; create includes read, and admin both. Everything by default."
        },
        Field{&KeyRequest::expires_at, "expires_at", "When it ends, in Unix milliseconds."},
        Field{&KeyRequest::expires_in, "expires_in", "The same from now on: 30d, 12h, 45m or 90s."},
        Field{
            &KeyRequest::rate_limit, "rate_limit",
            "Its requests a minute; the server's --rate-limit holds as well."
        }
            .between(1, 1'000'000),
        Field{&KeyRequest::max_running, "max_running", "Its jobs that are worked on at once."}
            .between(1, 1'000'000),
    };
};

/// What a token for one upload is to be.
struct UploadTokenRequest {
    std::optional<std::int64_t> max_bytes = {};
    std::optional<Duration> expires_in = {};

    static constexpr auto kFields = Fields{
        Field{
            &UploadTokenRequest::max_bytes, "max_bytes",
            "The size of the upload at most; that of any upload by default."
        }
            .between(1, 1e15),
        Field{
            &UploadTokenRequest::expires_in, "expires_in",
            "How long it may be begun: 45m or 90s, 24h at most; 1h by default."
        },
    };
};

}  // namespace ittybit
