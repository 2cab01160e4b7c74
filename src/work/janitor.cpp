#include "work/janitor.h"

#include <chrono>

#include "base/log.h"
#include "base/pause.h"
#include "sandbox/workspace.h"
#include "work/managed.h"

namespace ittybit::work {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(1000);
constexpr UnixMillis kTidyEveryMs = 60'000;
constexpr UnixMillis kUploadMayTakeMs = 86'400'000;
constexpr int kBite = 100;

}  // namespace

void Janitor::run(const std::stop_token& stop) {
    UnixMillis next_tidy = 0;
    while (!stop.stop_requested()) {
        if (const auto done = run_once(stop); !done) {
            log::warn("the janitor is kept from its work", {{"error", done.error().message}});
        }
        if (clock_.now() >= next_tidy) {
            if (const auto done = tidy(stop); !done) {
                log::warn("the janitor cannot tidy up", {{"error", done.error().message}});
            }
            next_tidy = clock_.now() + kTidyEveryMs;
        }
        pause(stop, kLookEvery);
    }
}

Result<bool> Janitor::run_once(const std::stop_token& stop) {
    const int recovered = TRY(jobs_.recover("", clock_.now()));
    if (recovered > 0) {
        log::warn("lost jobs were taken back", {{"count", recovered}});
        metrics_.add("ittybit_jobs_lost_total", "", recovered);
        sandbox::Workspace::remove_abandoned(scratch_);
    }
    const auto garbage = TRY(files_.garbage(kBite));
    for (const auto& file : garbage) TRY(sweep(file, stop));
    return recovered > 0 || !garbage.empty();
}

Result<void> Janitor::sweep(const store::FileRecord& file, const std::stop_token& stop) {
    for (const auto& object : TRY(storage_->list(managed_key({file.id, ""}), stop))) {
        TRY(storage_->remove(object.key, stop));
    }
    return files_.remove(file.id);
}

Result<void> Janitor::tidy(const std::stop_token& stop) {
    const auto now = clock_.now();
    const auto outputs = keep_.outputs > 0 ? now - keep_.outputs : 0;
    TRY(files_.expire(now - keep_.uploads, outputs, now));
    while (TRY(jobs_.forget(now - keep_.keys, now - keep_.jobs)) > 0 && !stop.stop_requested()) {
    }
    TRY(outbox_.forget(now - keep_.jobs));
    TRY(storage_->sweep(now - kUploadMayTakeMs, stop));
    sandbox::Workspace::remove_abandoned(scratch_);
    return jobs_.database().maintain();
}

}  // namespace ittybit::work
