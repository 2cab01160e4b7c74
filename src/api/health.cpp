#include "api/health.h"

#include <chrono>

#include <fmt/format.h>

#include "base/disk.h"

namespace ittybit::api {

Health::Findings Health::look() {
    std::unique_lock lock(mutex_);
    const auto now = Trouble::Steady::now();
    // While somebody looks, and the database may take its time, the others go by what is known.
    if (is_looking_ || now - looked_at_ < std::chrono::seconds(1)) return last_;
    is_looking_ = true;
    lock.unlock();
    auto findings = look_now();
    lock.lock();
    is_looking_ = false;
    looked_at_ = now;
    last_ = std::move(findings);
    return last_;
}

Health::Findings Health::look_now() {
    Findings findings;
    // A write that is durable: a full disk, a damaged page or a lost mount shows here.
    const auto written = settings_.set("health_asked_at", fmt::format("{}", clock_.now()));
    if (!written) {
        findings.database = written.error().message;
        findings.problems.push_back("the database cannot be written: " + findings.database);
    }
    if (const auto error = claiming_.standing(); !error.empty()) {
        findings.problems.push_back("no job can be taken: " + error);
    }
    if (room_on_disk(disk_.folder, disk_.keep) <= 0) {
        findings.problems.emplace_back("the disk of the data folder has no room for inputs");
    }
    return findings;
}

}  // namespace ittybit::api
