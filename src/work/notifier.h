#pragma once

#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/trouble.h"
#include "net/client.h"
#include "store/database.h"
#include "store/side_tables.h"
#include "work/metrics.h"

namespace ittybit::work {

/// The headers that sign a webhook (SPEC: Webhooks): Ittybit-Signature and the Standard Webhooks
/// trio.
net::Headers webhook_headers(
    std::string_view secret, const std::string& id, UnixMillis now, std::string_view body
);

/// When a delivery that failed `attempts` times is tried again; nothing when a day has passed.
/// `jitter` in 0–1.
std::optional<UnixMillis> next_try(
    std::int64_t attempts, UnixMillis created_at, UnixMillis now, double jitter
);

/// Sends what lies in the outbox, in order of when it is due. `run` may be called on several
/// threads, so that one slow receiver does not hold up the others.
class Notifier {
public:
    Notifier(
        store::Database& database,
        store::Outbox& outbox,
        net::Client& client,
        Metrics& metrics,
        const Clock& clock,
        std::string secret
    )
        : database_(database),
          outbox_(outbox),
          client_(client),
          metrics_(metrics),
          clock_(clock),
          secret_(std::move(secret)) {}

    void run(const std::stop_token& stop);

    /// Sends the delivery that is due, if there is one. Whether there was.
    Result<bool> run_once(const std::stop_token& stop);

private:
    store::DeliveryAttempt send(const store::Delivery& delivery, const std::stop_token& stop);

    store::Database& database_;
    store::Outbox& outbox_;
    net::Client& client_;
    Metrics& metrics_;
    const Clock& clock_;
    const std::string secret_;
    Trouble trouble_{"webhooks cannot be sent"};
};

}  // namespace ittybit::work
