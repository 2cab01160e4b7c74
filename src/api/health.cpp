#include "api/health.h"

#include <chrono>

#include <fmt/format.h>

#include "base/disk.h"

namespace ittybit::api {
namespace {

constexpr std::chrono::seconds kEvery{1};
constexpr std::chrono::seconds kPatience{12};  // a database that is away says so after ten

Health::Findings without_database(const std::string& why) {
    return {why, {"the database cannot be written: " + why}};
}

}  // namespace

Health::Findings Health::look(Trouble::Steady::time_point now) {
    MutexLock lock(mutex_);
    // While somebody looks, and the database may take its time, the others go by what is known.
    if (is_looking_ && now - looked_at_ > kPatience) return without_database("it does not answer");
    if (is_looking_ || now - looked_at_ < kEvery) return last_;
    is_looking_ = true;
    looked_at_ = now;
    lock.unlock();
    auto findings = look_now();
    lock.lock();
    is_looking_ = false;
    last_ = std::move(findings);
    return last_;
}

Health::Findings Health::look_now() {
    Findings findings;
    // A write that is durable: a full disk, a damaged page or a lost mount shows here.
    const auto written = settings_.set("health_asked_at", fmt::format("{}", clock_.now()));
    if (!written) findings = without_database(written.error().message);
    if (const auto error = claiming_.standing(); !error.empty()) {
        findings.problems.push_back("no job can be taken: " + error);
    }
    if (room_on_disk(disk_.folder, disk_.keep) <= 0) {
        findings.problems.emplace_back("the disk of the data folder has no room for inputs");
    }
    return findings;
}

}  // namespace ittybit::api
