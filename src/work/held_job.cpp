#include "work/held_job.h"

#include <algorithm>
#include <chrono>

#include "base/fields_json.h"
#include "work/attempts.h"
#include "work/lease_watch.h"
#include "work/managed.h"

namespace ittybit::work {
namespace {

using Steady = std::chrono::steady_clock;
constexpr auto kBeat = std::chrono::seconds(2);

}  // namespace

std::optional<bool> write_patiently(Trouble& trouble, const std::function<Result<bool>()>& write) {
    const auto until = Steady::now() + LeaseWatch::kPatience;
    for (;;) {
        const auto is_ours = write();
        if (is_ours) {
            trouble.end();
            return *is_ours;
        }
        const auto wait = trouble.note(is_ours.error());
        if (Steady::now() >= until) return std::nullopt;
        std::this_thread::sleep_for(std::min<Steady::duration>(wait, until - Steady::now()));
    }
}

store::Ending written_ending(store::JobRecord record, const std::optional<Made>& made) {
    store::Ending written{std::move(record)};
    if (!made) return written;
    const auto& [file, parts, managed, size] = made->published;
    if (!managed.empty()) {
        const auto name = find_managed(file.url.value_or(""));
        written.files = {{managed, name ? name->name : "", size}};
    }
    written.parts = parts;
    written.parts_task = made->task;
    return written;
}

HeldJob::HeldJob(
    Workshop& shop,
    store::Claimed claimed,
    const std::stop_token& hand_back,
    std::function<void()> at_beat
)
    : shop_(shop),
      claim_(std::move(claimed.claim)),
      at_beat_(std::move(at_beat)),
      log_(shop.metrics, claim_),
      record_(std::move(claimed.record)),
      stop_(hand_back),
      keeper_([this](const std::stop_token& stop) { keep(stop); }) {}

HeldJob::~HeldJob() {
    let_go();
}

store::JobRecord HeldJob::let_go() {
    if (keeper_.joinable()) {
        keeper_.request_stop();
        keeper_.join();
    }
    const MutexLock lock(mutex_);
    return record_;
}

/// The task with this id, with mutex_ held; it will be saved.
Task& HeldJob::change(const std::string& task) {
    unsaved_.insert(task);
    return task_of(record_.job, task);
}

void HeldJob::begin(const std::string& id, std::optional<TaskInput> input) {
    {
        const MutexLock lock(mutex_);
        Task& task = change(id);
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
        const MutexLock lock(mutex_);
        Task& task = change(id);
        if (is_final(task.status)) return;
        ittybit::succeed(task, std::move(output), shop_.clock.now());
        log_.task_ended(task);
    }
    if (!save(true)) lose();
}

void HeldJob::publish(const Made& made) {
    const MutexLock alone(saving_);
    store::Ending written;
    {
        const MutexLock lock(mutex_);
        note(record_.job, made, shop_.clock.now());
        log_.task_ended(task_of(record_.job, made.task));
        unsaved_.clear();  // all are written; where that fails the job is lost
        written = written_ending(record_, made);
    }
    const auto is_ours = write_patiently(shop_.troubles.beating, [&] {
        return shop_.queue.publish(claim_, written, shop_.clock.now());
    });
    if (!is_ours || !*is_ours) lose();
}

void HeldJob::fail(const std::string& id, const Error& error) {
    {
        const MutexLock lock(mutex_);
        if (is_worth_another(error, record_.tries())) return;
        Task& task = change(id);
        if (is_final(task.status)) return;
        ittybit::fail(task, error, shop_.clock.now());
        update_outputs(record_.job);
        log_.task_ended(task);
    }
    if (!save(true)) lose();
}

void HeldJob::report(const std::string& id, Progress progress) {
    {
        const MutexLock lock(mutex_);
        Task& task = change(id);
        if (is_final(task.status)) return;
        if (progress.percent) {
            advance(task, *progress.percent, shop_.clock.now());
            // An earlier attempt may have been further.
            progress.percent = std::max<double>(*progress.percent, *task.progress);
        }
    }
    json::object message{{"task", id}};
    const auto facts = to_json(progress);
    for (const auto& fact : facts.get_object()) message[fact.key()] = fact.value();
    shop_.queue.database().changes().tell(
        store::topic::progress(claim_.job_id), compact_json(message)
    );
}

void HeldJob::measure(const std::string& task, Percent percent) {
    const MutexLock lock(measuring_);
    measured_ = {task, std::move(percent)};
}

void HeldJob::take_measure() {
    const MutexLock lock(measuring_);
    if (!measured_.second) return;
    const auto percent = measured_.second();
    if (percent) report(measured_.first, {percent, std::nullopt, std::nullopt});
}

void HeldJob::keep(const std::stop_token& stop) {
    const auto news =
        shop_.queue.database().changes().subscribe({store::topic::job(claim_.job_id)});
    auto next_beat = Steady::now() + kBeat;
    // At once: it may have been lost before we listened.
    for (bool is_told = true; !stop.stop_requested();) {
        if (Steady::now() >= next_beat) {
            take_measure();
            at_beat_();
            if (!save(false)) return lose();
            next_beat = Steady::now() + kBeat;
        } else if (is_told) {
            const auto is_held = shop_.queue.is_held(claim_);
            if (is_held && !*is_held) return lose();
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_beat - Steady::now());
        is_told = news->wait(left, stop) && !news->take().empty();
    }
}

/// Shows that we live, and writes what has changed of the tasks. False when the job is not ours any
/// more. A database that cannot be written now is tried again with the next beat: until the lease
/// ends nobody else takes the job.
bool HeldJob::save(bool is_new_state) {
    const MutexLock alone(saving_);
    std::vector<Task> changed;
    {
        const MutexLock lock(mutex_);
        for (const auto& task : record_.job.tasks) {
            if (unsaved_.contains(task.id)) changed.push_back(task);
        }
        unsaved_.clear();
        is_new_state = std::exchange(is_state_unsaved_, false) || is_new_state;
    }
    const auto is_ours = shop_.queue.heartbeat(claim_, changed, is_new_state, shop_.clock.now());
    if (!is_ours) {
        shop_.troubles.beating.note(is_ours.error());
        const MutexLock lock(mutex_);
        for (const auto& task : changed) unsaved_.insert(task.id);
        is_state_unsaved_ = is_state_unsaved_ || is_new_state;
        return true;
    }
    shop_.troubles.beating.end();
    return *is_ours;
}

void HeldJob::lose() {
    is_lost_ = true;
    stop_.request_stop();
}

}  // namespace ittybit::work
