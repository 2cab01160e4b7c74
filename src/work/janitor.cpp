#include "work/janitor.h"

#include <chrono>

#include "sandbox/workspace.h"
#include "work/managed.h"

namespace ittybit::work {
namespace {

constexpr std::chrono::milliseconds kLookEvery(1000);
constexpr auto kTidyEvery = std::chrono::seconds(60);
constexpr UnixMillis kUploadMayTakeMs = 86'400'000;
constexpr int kBite = 100;

}  // namespace

void Janitor::run(const std::stop_token& stop) {
    auto next_tidy = Trouble::Steady::now();
    do_rounds(stop, kLookEvery, "the janitor is kept from its work", [&] {
        return look_round(next_tidy, stop);
    });
}

Result<> Janitor::look_round(Trouble::Steady::time_point& next_tidy, const std::stop_token& stop) {
    const auto done = run_once(stop);
    if (Trouble::Steady::now() >= next_tidy) {
        next_tidy = Trouble::Steady::now() + kTidyEvery;
        TRY(tidy(stop));
    }
    return done ? Result<>() : done.error();
}

Result<bool> Janitor::run_once(const std::stop_token& stop) {
    const int lost = TRY(lost_.take_back(LeaseWatch::Steady::now()));
    const auto garbage = TRY(files_.garbage(kBite, after_));
    for (const auto& file : garbage) {
        after_ = file;
        TRY(sweep(file, stop));
    }
    after_ = {};
    return lost > 0 || !garbage.empty();
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
    // A bite at a time: whoever waits for the writer comes in between.
    const auto all_of = [&](const auto& bite) -> Result<> {
        while (!stop.stop_requested() && TRY(bite()) > 0) {
        }
        return {};
    };
    TRY(all_of([&] { return files_.expire(now - keep_.uploads, outputs, now); }));
    TRY(all_of([&] { return jobs_.forget(now - keep_.keys, now - keep_.jobs); }));
    TRY(all_of([&] { return outbox_.forget(now - keep_.jobs); }));
    TRY(storage_->sweep(now - kUploadMayTakeMs, stop));
    sandbox::Workspace::remove_abandoned(scratch_);
    return jobs_.database().maintain();
}

}  // namespace ittybit::work
