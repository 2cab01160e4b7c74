#include "media/meter.h"

#include <algorithm>
#include <utility>

namespace ittybit::media {
namespace {

using Steady = std::chrono::steady_clock;

}  // namespace

Meter::Meter(std::optional<double> duration, Report report)
    : duration_(duration), report_(std::move(report)), begun_(Steady::now()), reported_(begun_) {}

int Meter::add_output() {
    const MutexLock lock(mutex_);
    written_.push_back(0);
    return static_cast<int>(written_.size()) - 1;
}

void Meter::written(int output, double seconds) {
    const MutexLock lock(mutex_);
    double& value = written_[static_cast<std::size_t>(output)];
    value = std::max(value, seconds);
    report_if_due();
}

void Meter::moved() {
    const MutexLock lock(mutex_);
    report_if_due();
}

void Meter::report_if_due() {
    using namespace std::chrono_literals;
    const auto now = Steady::now();
    if (now - reported_ < 250ms) return;
    Reading reading;
    const double done = written_.empty() ? 0 : *std::min_element(written_.begin(), written_.end());
    const double elapsed = std::chrono::duration<double>(now - begun_).count();
    reading.speed = done / elapsed;
    if (duration_ && *duration_ > 0) {
        const double percent = std::min(100.0, 100 * done / *duration_);
        if (percent <= percent_ && now - reported_ < 1900ms) return;
        percent_ = std::max(percent_, percent);
        reading.percent = percent_;
        if (done > 0) reading.eta_s = std::max(0.0, *duration_ - done) / (done / elapsed);
    }
    reported_ = now;
    report_(reading);
}

}  // namespace ittybit::media
