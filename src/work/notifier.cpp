#include "work/notifier.h"

#include <array>
#include <chrono>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/log.h"
#include "base/pause.h"
#include "base/text.h"

namespace ittybit::work {
namespace {

constexpr UnixMillis kTryMs = 15'000;
constexpr UnixMillis kDayMs = 86'400'000;
constexpr int kGone = 410;

using Digest = std::array<unsigned char, 32>;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Digest hmac(std::string_view key, std::string_view text) {
    Digest digest{};
    unsigned size = 0;
    HMAC(
        EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(),
        digest.data(), &size
    );
    return digest;
}

std::string base64(const Digest& digest) {
    std::string out(48, '\0');
    auto* at = reinterpret_cast<unsigned char*>(out.data());
    const int size = EVP_EncodeBlock(at, digest.data(), static_cast<int>(digest.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

/// The key of webhook-signature: what is behind `whsec_`, decoded; else the secret's own bytes.
std::string standard_key(std::string_view secret) {
    constexpr std::string_view kPrefix = "whsec_";
    if (!secret.starts_with(kPrefix)) return std::string(secret);
    const auto encoded = secret.substr(kPrefix.size());
    std::string out(encoded.size(), '\0');
    auto* at = reinterpret_cast<unsigned char*>(out.data());
    const int size = EVP_DecodeBlock(at, bytes_of(encoded), static_cast<int>(encoded.size()));
    if (size < 0) return std::string(secret);
    const auto padding = encoded.ends_with("==") ? 2U : encoded.ends_with('=') ? 1U : 0U;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

void log_attempt(
    const store::Delivery& delivery, const store::DeliveryAttempt& attempt, const char* status
) {
    json::object facts{
        {"job", delivery.job_id},
        {"delivery", delivery.id},
        {"attempt", attempt.number},
        {"status", status}
    };
    if (attempt.status) facts["http_status"] = *attempt.status;
    if (attempt.error) facts["error"] = *attempt.error;
    log::info("webhook sent", facts);
}

}  // namespace

net::Headers webhook_headers(
    std::string_view secret, const std::string& id, UnixMillis now, std::string_view body
) {
    const auto stamp = fmt::format("{}", now / 1000);
    const auto signed_text = fmt::format("{}.{}.{}", id, stamp, body);
    return {
        {"Content-Type", "application/json"},
        {"Ittybit-Signature", to_hex(hmac(secret, body))},
        {"webhook-id", id},
        {"webhook-timestamp", stamp},
        {"webhook-signature", "v1," + base64(hmac(standard_key(secret), signed_text))},
    };
}

std::optional<UnixMillis> next_try(
    std::int64_t attempts, UnixMillis created_at, UnixMillis now, double jitter
) {
    // 5 s, 15 s, 45 s … up to 4 h apart, each up to a fifth later.
    constexpr double kLongest = 4.0 * 60 * 60 * 1000;
    double wait = 5000;
    for (std::int64_t i = 1; i < attempts && wait < kLongest; ++i) wait *= 3;
    wait = std::min(wait, kLongest) * (1 + jitter / 5);
    const auto next = now + static_cast<UnixMillis>(wait);
    if (next > created_at + kDayMs) return std::nullopt;
    return next;
}

void Notifier::run(const std::stop_token& stop) {
    const auto news = database_.changes().subscribe({std::string(store::topic::kOutbox)});
    while (!stop.stop_requested()) {
        news->take();
        const auto did = run_once(stop);
        if (!did) {
            pause(stop, trouble_.note(did.error()));
            continue;
        }
        trouble_.end();
        if (*did) continue;
        auto nap = std::chrono::milliseconds(5000);
        if (const auto next = outbox_.next_due(clock_.now()); next && *next) {
            const auto left = std::max<UnixMillis>(**next - clock_.now(), 20);
            nap = std::min(nap, std::chrono::milliseconds(left));
        }
        news->wait(nap, stop);
    }
}

Result<bool> Notifier::run_once(const std::stop_token& stop) {
    const auto now = clock_.now();
    const auto due = TRY(outbox_.next_due(now));
    if (!due || *due > now) return false;
    const auto delivery = TRY(outbox_.claim(now + 2 * kTryMs, now));
    if (!delivery) return false;
    const auto attempt = send(*delivery, stop);
    if (stop.stop_requested() && !attempt.status) return true;  // its lease brings it back
    const bool is_done = attempt.status && *attempt.status >= 200 && *attempt.status < 300;
    const bool is_over = attempt.status == kGone;
    std::optional<UnixMillis> next;
    if (!is_done && !is_over) {
        thread_local std::minstd_rand random{std::random_device{}()};
        const double jitter = std::uniform_real_distribution<>(0, 1)(random);
        next = next_try(delivery->attempts, delivery->created_at, clock_.now(), jitter);
    }
    const auto* status = is_done ? "delivered" : next ? "pending" : "failed";
    TRY(outbox_.note(*delivery, attempt, status, next, clock_.now()));
    metrics_.add("ittybit_webhook_attempts_total", fmt::format("outcome=\"{}\"", status));
    log_attempt(*delivery, attempt, status);
    return true;
}

store::DeliveryAttempt Notifier::send(
    const store::Delivery& delivery, const std::stop_token& stop
) {
    store::DeliveryAttempt attempt;
    attempt.number = delivery.attempts;
    attempt.at = clock_.now();
    const auto url = net::Url::parse(delivery.url);
    if (!url) {
        attempt.error = url.error().message;
        return attempt;
    }
    net::Request request;
    request.method = "POST";
    request.url = *url;
    request.headers = webhook_headers(secret_, delivery.id, attempt.at, delivery.body);
    request.body = delivery.body;
    request.patience.whole = std::chrono::milliseconds(kTryMs);
    // Only the status matters: a receiver's long answer is not an error.
    const net::Receiver receiver{.bytes = [](std::span<const std::byte>) -> Result<bool> {
        return false;
    }};
    const auto answer = client_.send(request, stop, receiver);
    attempt.duration_ms = clock_.now() - attempt.at;
    if (!answer) {
        attempt.error = answer.error().message;
        return attempt;
    }
    attempt.status = answer->status;
    if (answer->status < 200 || answer->status > 299) {
        attempt.error = "it answered " + net::status_in_words(answer->status);
    }
    return attempt;
}

}  // namespace ittybit::work
