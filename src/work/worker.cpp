#include "work/worker.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/linked_stop.h"
#include "base/log.h"
#include "base/pause.h"
#include "sandbox/zygote.h"
#include "work/piece_work.h"
#include "work/served_job.h"

namespace ittybit::work {
namespace {

constexpr auto kLongestNap = std::chrono::milliseconds(5000);
/// Each has a thread here and, mostly, a child that waits.
constexpr int kMostSlowInputs = 16;
constexpr int kMostSlowLightInputs = 4;

std::string_view label_of(store::Lane lane) {
    return lane == store::Lane::kLight ? "lane=\"light\"" : "lane=\"any\"";
}

std::string topic_of(store::Lane lane) {
    return std::string(lane == store::Lane::kLight ? store::topic::kLight : store::topic::kQueue);
}

/// A slot is busy for as long as it lives.
class Busy {
public:
    Busy(Metrics& metrics, store::Lane lane) : metrics_(metrics), lane_(lane) {
        metrics_.add("ittybit_slots_busy", label_of(lane_));
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { metrics_.add("ittybit_slots_busy", label_of(lane_), -1); }

private:
    Metrics& metrics_;
    const store::Lane lane_;
};

}  // namespace

Worker::Worker(Workshop& shop, int slots, int light_slots)
    : shop_(shop),
      any_{store::Lane::kAny, slots, kMostSlowInputs},
      light_{store::Lane::kLight, light_slots, light_slots > 0 ? kMostSlowLightInputs : 0} {}

void Worker::run(const std::stop_token& stop, int grace_seconds) {
    std::stop_source hard;
    std::jthread last_call;
    std::vector<std::jthread> slots;
    for (auto* lane : {&any_, &light_}) {
        shop_.metrics.set("ittybit_slots", label_of(lane->which), lane->count);
        shop_.metrics.set("ittybit_slots_busy", label_of(lane->which), 0);
        for (int i = 0; i < lane->count + lane->most_slow; ++i) {
            slots.emplace_back([this, lane, stop, hard_stop = hard.get_token()] {
                run_slot(*lane, stop, hard_stop);
            });
        }
    }
    while (!stop.stop_requested()) {
        show();
        pause(stop, std::chrono::milliseconds(store::WorkerTable::kBeatMs));
    }
    // Else it is forgotten soon.
    static_cast<void>(shop_.workers.hide(shop_.worker));
    last_call = std::jthread([&](const std::stop_token& done) {
        pause(done, std::chrono::seconds(grace_seconds));
        hard.request_stop();
    });
    slots.clear();  // waits for each
}

/// That somebody is here whom long encodes can be shared with.
void Worker::show() {
    const auto shown = shop_.workers.show(shop_.worker, shop_.clock.now());
    if (!shown) log::debug("nobody knows of this worker", {{"error", shown.error().message}});
}

void Worker::run_slot(Lane& lane, const std::stop_token& stop, const std::stop_token& hard_stop) {
    const auto news = shop_.queue.database().changes().subscribe({topic_of(lane.which)});
    while (!stop.stop_requested()) {
        Slots::Hold slot(lane.slots);
        if (!slot.take(stop)) return;
        LinkedStop rouse(stop);
        const std::stop_callback when_wanted(lane.slots.wanted(), [&] { rouse.request_stop(); });
        news->take();
        const auto did = run_once(slot, hard_stop, lane.which);
        if (!did) {
            pause(rouse.get_token(), shop_.troubles.claiming.note(did.error()));
            continue;
        }
        shop_.troubles.claiming.end();
        if (*did) continue;
        auto nap = kLongestNap;
        const auto next = shop_.queue.next_available(shop_.clock.now(), lane.which);
        if (next && *next) {
            const auto left = std::max<UnixMillis>(**next - shop_.clock.now(), 20);
            nap = std::min(nap, std::chrono::milliseconds(left));
        }
        const Slots::Idle idle(lane.slots);
        news->wait(nap, rouse.get_token());
    }
}

Result<bool> Worker::run_once(
    Slots::Hold& slot, const std::stop_token& hard_stop, store::Lane lane
) try {
    if (lane == store::Lane::kAny && TRY(encode_one(hard_stop))) return true;
    const auto now = shop_.clock.now();
    // A look first: a claim that finds nothing is still a commit, which would wake everybody.
    const auto next = TRY(shop_.queue.next_available(now, lane));
    if (!next || *next > now) return false;
    auto claimed = TRY(shop_.queue.claim(shop_.worker, now, lane));
    if (!claimed) return false;
    const Busy busy(shop_.metrics, lane);
    ServedJob(shop_, *std::move(claimed), slot, hard_stop).run();
    return true;
} catch (const std::system_error& failure) {
    // What was claimed goes to whoever sees that nobody keeps its lease.
    return Error{
        ErrorKind::kInternalError, fmt::format("no thread is left: {}", failure.what()), ""
    };
}

/// A piece of a job that others have begun: before new ones, so that it is not begun in vain.
Result<bool> Worker::encode_one(const std::stop_token& hard_stop) {
    const auto build = sandbox::build_id();
    if (!TRY(shop_.segments.is_any_waiting(build))) return false;
    const auto claimed = TRY(shop_.segments.claim(shop_.worker, build, shop_.clock.now()));
    if (!claimed) return false;
    const Busy busy(shop_.metrics, store::Lane::kAny);
    encode_piece(shop_, *claimed, {}, hard_stop, {});
    return true;
}

}  // namespace ittybit::work
