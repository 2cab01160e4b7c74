#include "work/notifier.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include <fmt/format.h>

#include "base/log.h"
#include "base/pause.h"
#include "storage/digests.h"

namespace ittybit::work {
namespace {

constexpr UnixMillis kTryMs = 15'000;
constexpr UnixMillis kDayMs = 86'400'000;
constexpr int kGone = 410;
constexpr std::size_t kMostKnown = 10'000;
constexpr auto kLookPause = std::chrono::milliseconds(20);

/// The key of webhook-signature: what is behind `whsec_`, decoded; else the secret's own bytes.
std::string standard_key(std::string_view secret) {
    constexpr std::string_view kPrefix = "whsec_";
    if (!secret.starts_with(kPrefix)) return std::string(secret);
    const auto encoded = secret.substr(kPrefix.size());
    return storage::from_base64(std::string(encoded)).value_or(std::string(secret));
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

/// Addresses of files are signed anew for each try.
std::string body_of(const store::Delivery& delivery, const FileLinks& links, UnixMillis now) {
    if (!links.are_signed()) return delivery.body;
    auto body = parse_json(delivery.body);
    if (!body || !body->is_object()) return delivery.body;
    links.renew(body->get_object(), now);
    return compact_json(*body);
}

bool is_delivered(const Result<net::Response>& answer) {
    return answer && answer->status >= 200 && answer->status < 300;
}

/// Whether no further try can end better.
bool is_over(const Result<net::Response>& answer) {
    if (answer) return is_delivered(answer) || answer->status == kGone;
    const auto kind = answer.error().kind;
    return kind == ErrorKind::kInputBlocked || kind == ErrorKind::kInvalidInput;
}

store::DeliveryAttempt attempt_of(
    const store::Delivery& delivery,
    const Result<net::Response>& answer,
    UnixMillis begun_at,
    UnixMillis now
) {
    store::DeliveryAttempt attempt;
    attempt.number = delivery.attempts;
    attempt.at = begun_at;
    attempt.duration_ms = now - begun_at;
    if (!answer) {
        attempt.error = answer.error().message;
        return attempt;
    }
    attempt.status = answer->status;
    if (!is_delivered(answer)) {
        attempt.error = fmt::format("it answered {}", net::status_in_words(answer->status));
    }
    return attempt;
}

}  // namespace

net::Headers webhook_headers(
    std::string_view secret, const std::string& id, UnixMillis now, std::string_view body
) {
    const auto stamp = fmt::format("{}", now / 1000);
    const auto signed_text = fmt::format("{}.{}.{}", id, stamp, body);
    return {
        {"Content-Type", "application/json"},
        {"Ittybit-Signature", storage::hex_of(storage::hmac_sha256(secret, body))},
        {"webhook-id", id},
        {"webhook-timestamp", stamp},
        {"webhook-signature",
         "v1," + storage::to_base64(storage::hmac_sha256(standard_key(secret), signed_text))},
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

Notifier::Notifier(
    store::Database& database,
    store::Outbox& outbox,
    net::Client& client,
    Metrics& metrics,
    const Clock& clock,
    const FileLinks& links,
    std::string secret
)
    : database_(database),
      outbox_(outbox),
      metrics_(metrics),
      clock_(clock),
      links_(links),
      secret_(std::move(secret)),
      transfers_(client) {}

void Notifier::run(const std::stop_token& stop) {
    const auto news = database_.changes().subscribe({std::string(store::topic::kOutbox)});
    while (!stop.stop_requested()) {
        news->take();
        if (const auto begun = send_due(); !begun) {
            pause(stop, trouble_.note(begun.error()));
            continue;
        }
        trouble_.end();
        auto nap = std::chrono::milliseconds(5000);
        if (const auto next = outbox_.next_due(clock_.now()); next && *next) {
            const auto left = std::max<UnixMillis>(**next - clock_.now(), 20);
            nap = std::min(nap, std::chrono::milliseconds(left));
        }
        // Jobs may end thousands of times a second: look only so often.
        pause(stop, kLookPause);
        news->wait(nap, stop);
    }
}

Result<std::size_t> Notifier::send_due() {
    const auto now = clock_.now();
    const auto room = [this](const std::string& receiver, std::size_t claimed) {
        return room_for(receiver, static_cast<int>(claimed));
    };
    const auto deliveries = TRY(outbox_.claim(room, now + 2 * kTryMs, now));
    for (const auto& delivery : deliveries) {
        count_begun(store::receiver_of(delivery.url));
        send(delivery);
    }
    return deliveries.size();
}

int Notifier::room_for(const std::string& receiver, int claimed) {
    const MutexLock lock(mutex_);
    const int left = kMostUnderWay - under_way_ - claimed;
    const auto found = receivers_.find(receiver);
    if (found == receivers_.end()) return std::min(kMostOfOne, left);
    const auto& known = found->second;
    if (!known.is_failing) return std::min(kMostOfOne - known.under_way, left);
    // What gets no answer leaves half the places to others.
    return std::min(kMostOfOneFailing - known.under_way, left - kMostUnderWay / 2);
}

void Notifier::count_begun(const std::string& receiver) {
    const MutexLock lock(mutex_);
    ++receivers_[receiver].under_way;
    ++under_way_;
}

void Notifier::count_ended(const std::string& receiver, bool has_answered) {
    const MutexLock lock(mutex_);
    --under_way_;
    auto& known = receivers_[receiver];
    --known.under_way;
    known.is_failing = !has_answered;
    const auto is_idle = [](const auto& entry) { return entry.second.under_way == 0; };
    if (has_answered && known.under_way == 0) receivers_.erase(receiver);
    if (receivers_.size() > kMostKnown) std::erase_if(receivers_, is_idle);
}

void Notifier::send(const store::Delivery& delivery) {
    const auto now = clock_.now();
    auto url = net::Url::parse(delivery.url);
    if (!url) return ended(delivery, now, url.error());
    net::Request request;
    request.method = "POST";
    request.url = *std::move(url);
    request.body = body_of(delivery, links_, now);
    request.headers = webhook_headers(secret_, delivery.id, now, request.body);
    request.patience.whole = std::chrono::milliseconds(kTryMs);
    transfers_.start(std::move(request), [this, delivery, now](const auto& answer) {
        ended(delivery, now, answer);
    });
}

void Notifier::ended(
    const store::Delivery& delivery, UnixMillis begun_at, const Result<net::Response>& answer
) {
    count_ended(store::receiver_of(delivery.url), bool(answer));
    if (!answer && answer.error().kind == ErrorKind::kCancelled)
        return;  // its lease brings it back
    const auto now = clock_.now();
    const auto attempt = attempt_of(delivery, answer, begun_at, now);
    std::optional<UnixMillis> next;
    if (!is_over(answer)) {
        thread_local std::minstd_rand random{std::random_device{}()};
        const double jitter = std::uniform_real_distribution<>(0, 1)(random);
        next = next_try(delivery.attempts, delivery.created_at, now, jitter);
    }
    const auto* status = is_delivered(answer) ? "delivered" : next ? "pending" : "failed";
    outbox_.note(delivery, attempt, status, next, now, [](const Result<void>& noted) {
        if (!noted) log::error("a webhook's try is lost", {{"error", noted.error().message}});
    });
    metrics_.add("ittybit_webhook_attempts_total", fmt::format("outcome=\"{}\"", status));
    log_attempt(delivery, attempt, status);
}

}  // namespace ittybit::work
