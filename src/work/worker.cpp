#include "work/worker.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "base/linked_stop.h"
#include "base/pause.h"
#include "work/served_job.h"

namespace ittybit::work {
namespace {

constexpr auto kLongestNap = std::chrono::milliseconds(5000);
/// Each has a thread here and, mostly, a child that waits.
constexpr int kMostSlowInputs = 16;

}  // namespace

Worker::Worker(Workshop& shop, int slots)
    : shop_(shop), count_(slots), slots_(slots, kMostSlowInputs) {}

void Worker::run(const std::stop_token& stop, int grace_seconds) {
    std::stop_source hard;
    std::jthread last_call;
    std::vector<std::jthread> slots;
    for (int i = 0; i < count_ + kMostSlowInputs; ++i) {
        slots.emplace_back([this, stop, hard_stop = hard.get_token()] { run_slot(stop, hard_stop); }
        );
    }
    shop_.metrics.set("ittybit_slots", "", count_);
    while (!stop.stop_requested()) pause(stop, std::chrono::hours(1));
    last_call = std::jthread([&](const std::stop_token& done) {
        pause(done, std::chrono::seconds(grace_seconds));
        hard.request_stop();
    });
    slots.clear();  // waits for each
}

void Worker::run_slot(const std::stop_token& stop, const std::stop_token& hard_stop) {
    const auto news =
        shop_.queue.database().changes().subscribe({std::string(store::topic::kQueue)});
    while (!stop.stop_requested()) {
        Slots::Hold slot(slots_);
        if (!slot.take(stop)) return;
        LinkedStop rouse(stop);
        const std::stop_callback when_wanted(slots_.wanted(), [&] { rouse.request_stop(); });
        news->take();
        const auto did = run_once(slot, hard_stop);
        if (!did) {
            pause(rouse.get_token(), shop_.troubles.claiming.note(did.error()));
            continue;
        }
        shop_.troubles.claiming.end();
        if (*did) continue;
        auto nap = kLongestNap;
        if (const auto next = shop_.queue.next_available(shop_.clock.now()); next && *next) {
            const auto left = std::max<UnixMillis>(**next - shop_.clock.now(), 20);
            nap = std::min(nap, std::chrono::milliseconds(left));
        }
        news->wait(nap, rouse.get_token());
    }
}

Result<bool> Worker::run_once(Slots::Hold& slot, const std::stop_token& hard_stop) {
    const auto now = shop_.clock.now();
    // A look first: a claim that finds nothing is still a commit, which would wake everybody.
    const auto next = TRY(shop_.queue.next_available(now));
    if (!next || *next > now) return false;
    auto claimed = TRY(shop_.queue.claim(shop_.worker, now));
    if (!claimed) return false;
    ServedJob(shop_, *std::move(claimed), slot, hard_stop).run();
    return true;
}

}  // namespace ittybit::work
