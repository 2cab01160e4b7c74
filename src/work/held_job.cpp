#include "work/held_job.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/pause.h"

namespace ittybit::work {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kBeat = std::chrono::seconds(2);
constexpr auto kLookPause = std::chrono::milliseconds(100);

}  // namespace

HeldJob::HeldJob(
    Workshop& shop,
    store::JobStore::Claimed claimed,
    const std::stop_token& hand_back,
    std::function<void()> at_beat
)
    : shop_(shop),
      claim_(std::move(claimed.claim)),
      at_beat_(std::move(at_beat)),
      log_(shop.metrics, claim_),
      record_(std::move(claimed.record)),
      follow_(hand_back, [this] { stop_.request_stop(); }),
      keeper_([this](const std::stop_token& stop) { keep(stop); }) {}

HeldJob::~HeldJob() {
    let_go();
}

store::JobRecord HeldJob::let_go() {
    if (keeper_.joinable()) {
        keeper_.request_stop();
        keeper_.join();
        shop_.live.forget(claim_.job_id);
    }
    return record_;
}

Task& HeldJob::find(const std::string& task) {
    return *std::ranges::find(record_.job.tasks, task, &Task::id);
}

void HeldJob::begin(const std::string& id, std::optional<TaskInput> input) {
    {
        const std::lock_guard lock(mutex_);
        Task& task = find(id);
        if (is_final(task.status)) return;
        if (input) task.input = std::move(input);
        if (task.status != TaskStatus::kWaiting) return;
        ittybit::begin(task, shop_.clock.now());
        log_.task_started(task);
    }
    if (!save(true)) lose();
}

void HeldJob::succeed(const std::string& id, File output) {
    {
        const std::lock_guard lock(mutex_);
        Task& task = find(id);
        if (is_final(task.status)) return;
        ittybit::succeed(task, std::move(output), shop_.clock.now());
        log_.task_ended(task);
    }
    if (!save(true)) lose();
}

void HeldJob::report(const std::string& id, Progress progress) {
    {
        const std::lock_guard lock(mutex_);
        Task& task = find(id);
        if (progress.percent && !is_final(task.status)) {
            advance(task, *progress.percent, shop_.clock.now());
            // An earlier attempt may have been further.
            progress.percent = std::max<double>(*progress.percent, *task.progress);
        }
    }
    shop_.live.tell(claim_.job_id, id, progress);
}

void HeldJob::measure(const std::string& task, Percent percent) {
    const std::lock_guard lock(measuring_);
    measured_ = {task, std::move(percent)};
}

void HeldJob::take_measure() {
    const std::lock_guard lock(measuring_);
    if (!measured_.second) return;
    const auto percent = measured_.second();
    if (percent) report(measured_.first, {percent, std::nullopt, std::nullopt});
}

void HeldJob::keep(const std::stop_token& stop) {
    auto& database = shop_.jobs.database();
    auto next_beat = Steady::now() + kBeat;
    while (!stop.stop_requested()) {
        const auto seen = database.version();
        if (Steady::now() >= next_beat) {
            take_measure();
            at_beat_();
            if (!save(false)) return lose();
            next_beat = Steady::now() + kBeat;
        } else {
            const auto is_held = shop_.jobs.is_held(claim_);
            if (is_held && !*is_held) return lose();
        }
        // Others may commit thousands of times a second: look only so often.
        pause(stop, kLookPause);
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(next_beat - Steady::now());
        if (left.count() > 0) database.wait_for_change(seen, left, stop);
    }
}

/// Extends the lease and writes how far the tasks are. False when the job is not ours any more. A
/// database that cannot be written now is tried again with the next beat: until the lease ends
/// nobody else takes the job.
bool HeldJob::save(bool is_new_state) {
    const std::lock_guard alone(saving_);
    std::vector<Task> tasks;
    const auto now = shop_.clock.now();
    {
        const std::lock_guard lock(mutex_);
        tasks = record_.job.tasks;
    }
    const auto is_ours = shop_.jobs.heartbeat(claim_, tasks, is_new_state, now + kLeaseMs, now);
    if (!is_ours) {
        log::warn("heartbeat failed", {{"job", claim_.job_id}, {"error", is_ours.error().message}});
        return true;
    }
    return *is_ours;
}

void HeldJob::lose() {
    is_lost_ = true;
    stop_.request_stop();
}

}  // namespace ittybit::work
