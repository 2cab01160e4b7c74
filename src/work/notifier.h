#pragma once

#include <stop_token>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/thread_safety.h"
#include "base/trouble.h"
#include "net/client.h"
#include "net/transfers.h"
#include "store/database.h"
#include "store/side_tables.h"
#include "work/file_links.h"
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

/// Sends what lies in the outbox: hundreds of deliveries under way on one thread, and a bound for
/// each receiver, so that one that is slow or gone holds up nobody but itself.
class Notifier {
public:
    static constexpr int kMostUnderWay = 2000;
    static constexpr int kMostOfOne = 8;
    static constexpr int kMostOfOneFailing = 1;  // whose last try got no answer

    Notifier(
        store::Database& database,
        store::Outbox& outbox,
        net::Client& client,
        Metrics& metrics,
        const Clock& clock,
        const FileLinks& links,
        std::string secret
    );

    void run(const std::stop_token& stop);

    /// Begins to send what is due and has room. How many.
    Result<std::size_t> send_due();

private:
    struct Receiver {
        int under_way = 0;
        bool is_failing = false;
    };

    /// How many more may be sent to this receiver now, beside what is claimed already.
    int room_for(const std::string& receiver, int claimed);
    void send(const store::Delivery& delivery);
    void ended(
        const store::Delivery& delivery, UnixMillis begun_at, const Result<net::Response>& answer
    );
    void count_begun(const std::string& receiver);
    void count_ended(const std::string& receiver, bool has_answered);

    store::Database& database_;
    store::Outbox& outbox_;
    Metrics& metrics_;
    const Clock& clock_;
    const FileLinks& links_;
    const std::string secret_;
    Trouble trouble_{"webhooks cannot be sent"};

    Mutex mutex_;
    std::unordered_map<std::string, Receiver> receivers_ GUARDED_BY(mutex_);
    int under_way_ GUARDED_BY(mutex_) = 0;

    net::Transfers transfers_;  // last: ends before what its exchanges tell
};

}  // namespace ittybit::work
