#include "api/idempotency.h"

#include <condition_variable>
#include <mutex>
#include <set>

#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/text.h"

namespace ittybit::api {
namespace {

constexpr std::size_t kLongestKey = 255;

/// The keys that requests of this process are busy with.
class BusyKeys {
public:
    class Hold {
    public:
        Hold(BusyKeys& keys, std::string key) : keys_(keys), key_(std::move(key)) {
            std::unique_lock lock(keys_.mutex_);
            keys_.changed_.wait(lock, [&] { return keys_.busy_.insert(key_).second; });
        }
        ~Hold() {
            const std::lock_guard lock(keys_.mutex_);
            keys_.busy_.erase(key_);
            keys_.changed_.notify_all();
        }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

    private:
        BusyKeys& keys_;
        std::string key_;
    };

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> busy_;
};

std::string fingerprint_of(const Request& request) {
    std::string text = request.path;
    for (const auto& [name, value] : request.query) text += fmt::format("\n{}={}", name, value);
    text += "\n";
    text += request.read_body ? fmt::format("{}", request.body_size.value_or(0)) : request.body;
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    const std::string_view bytes = text;
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return to_hex(digest);
}

}  // namespace

Result<std::optional<store::IdempotencyKey>> idempotency_key(const Request& request) {
    std::string_view key = request.header("Idempotency-Key");
    if (key.size() >= 2 && key.front() == '"' && key.back() == '"') {
        key = key.substr(1, key.size() - 2);
    }
    if (key.empty()) return std::optional<store::IdempotencyKey>();
    if (key.size() > kLongestKey) {
        return Error{
            ErrorKind::kInvalidRequest, "Idempotency-Key is longer than 255 characters",
            "Idempotency-Key"
        };
    }
    return std::optional(store::IdempotencyKey{
        fmt::format("{} {}", request.method, request.path), std::string(key),
        fingerprint_of(request)
    });
}

Response replay(const store::Answer& answer) {
    Response response;
    response.body = answer.body;
    response.with("Content-Type", "application/json").with("Idempotent-Replayed", "true");
    if (!answer.location.empty()) response.with("Location", answer.location);
    return response;
}

Handler idempotent(Handler handler) {
    auto busy = std::make_shared<BusyKeys>();
    return [busy,
            handler = std::move(handler)](Service& service, Request& request) -> Result<Response> {
        const auto key = TRY(idempotency_key(request));
        if (!key) return handler(service, request);
        const BusyKeys::Hold hold(*busy, key->route + "\n" + key->key);
        if (const auto earlier = TRY(service.jobs.find_answer(*key))) return replay(*earlier);
        auto response = TRY(handler(service, request));
        if (response.status < 200 || response.status > 299) return response;
        store::Answer answer{"", response.body};
        for (const auto& header : response.headers) {
            if (header.name == "Location") answer.location = header.value;
        }
        TRY(service.jobs.remember(*key, answer, service.clock.now()));
        return response;
    };
}

}  // namespace ittybit::api
