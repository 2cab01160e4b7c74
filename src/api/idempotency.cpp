#include "api/idempotency.h"

#include <condition_variable>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/thread_safety.h"
#include "storage/digests.h"

namespace ittybit::api {
namespace {

constexpr std::size_t kLongestKey = 255;

/// The keys that requests of this process are busy with.
class BusyKeys {
public:
    class Hold {
    public:
        Hold(BusyKeys& keys, std::string key) : keys_(keys), key_(std::move(key)) {
            MutexLock lock(keys_.mutex_);
            keys_.changed_.wait(lock, [&]() REQUIRES(keys_.mutex_) {
                return keys_.busy_.insert(key_).second;
            });
        }
        ~Hold() {
            const MutexLock lock(keys_.mutex_);
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
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::set<std::string> busy_ GUARDED_BY(mutex_);
};

/// Of a streamed body only its length, where that is told; of a resumable upload what it will be.
std::string fingerprint_of(const Request& request) {
    storage::Hash hash;
    hash.add(request.path);
    for (const auto& [name, value] : request.query) hash.add(fmt::format("\n{}={}", name, value));
    for (const auto* name : {"Upload-Length", "Upload-Metadata"}) {
        if (const auto value = request.header(name); !value.empty())
            hash.add(fmt::format("\n{}: {}", name, value));
    }
    hash.add("\n");
    hash.add(request.read_body ? fmt::format("{}", request.body_size.value_or(0)) : request.body);
    return storage::hex_of(hash.end());
}

/// A streamed body without a length is known by its bytes.
bool is_known_by_bytes(const Request& request) {
    return request.read_body && !request.body_size;
}

/// Whether the key was used before, for whatever.
Result<bool> is_used(Service& service, const store::IdempotencyKey& key) {
    const auto earlier = service.jobs.find_answer(key);
    if (earlier) return earlier->has_value();
    if (earlier.error().kind == ErrorKind::kIdempotencyKeyReused) return true;
    return earlier.error();
}

Result<> read_to_the_end(const Request& request) {
    std::vector<std::byte> piece(64U << 10U);
    while (TRY(request.read_body(piece)) > 0) {
    }
    return {};
}

/// The one effect of a key that nobody else is busy with.
Result<Response> answer_once(
    Service& service, Request& request, store::IdempotencyKey key, const Handler& handler
) {
    const bool is_by_bytes = is_known_by_bytes(request);
    storage::Hash bytes;
    if (is_by_bytes) {
        request.read_body = [&bytes, read = std::move(request.read_body)](std::span<std::byte> out
                            ) -> Result<std::size_t> {
            const auto count = TRY(read(out));
            bytes.add(out.first(count));
            return count;
        };
        if (TRY(is_used(service, key))) {
            TRY(read_to_the_end(request));
            key.fingerprint += "-" + storage::hex_of(bytes.end());
        }
    }
    if (const auto earlier = TRY(service.jobs.find_answer(key))) return replay(service, *earlier);
    auto response = TRY(handler(service, request));
    if (response.status < 200 || response.status > 299) return response;
    if (is_by_bytes) key.fingerprint += "-" + storage::hex_of(bytes.end());
    const store::Answer answer{std::string(response.header("Location")), response.body};
    TRY(service.jobs.remember(key, answer, service.clock.now()));
    return response;
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

Response replay(const Service& service, const store::Answer& answer) {
    const auto& links = service.settings.links;
    const auto now = service.clock.now();
    Response response;
    response.body = answer.body;
    if (auto body = parse_json(answer.body); links.are_signed() && body && body->is_object()) {
        links.renew(body->get_object(), now);
        response.body = compact_json(*body);
    }
    response.with("Content-Type", "application/json").with("Idempotent-Replayed", "true");
    if (!answer.location.empty()) response.with("Location", links.renewed(answer.location, now));
    return response;
}

Handler idempotent(Handler handler) {
    auto busy = std::make_shared<BusyKeys>();
    return [busy,
            handler = std::move(handler)](Service& service, Request& request) -> Result<Response> {
        const auto key = TRY(idempotency_key(request));
        if (!key) return handler(service, request);
        const BusyKeys::Hold hold(*busy, key->route + "\n" + key->key);
        return answer_once(service, request, *key, handler);
    };
}

}  // namespace ittybit::api
