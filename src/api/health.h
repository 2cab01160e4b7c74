#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/thread_safety.h"
#include "base/trouble.h"
#include "store/side_tables.h"

namespace ittybit::api {

/// Whether the server can do its work: looked at when somebody asks, at most once a second. Safe
/// from any thread.
class Health {
public:
    struct Disk {
        std::string folder;     // of scratch files
        std::int64_t keep = 0;  // bytes that stay free
    };

    /// `claiming`: what keeps the workers of this process from taking jobs.
    Health(store::SettingTable& settings, const Trouble& claiming, const Clock& clock, Disk disk)
        : settings_(settings), claiming_(claiming), clock_(clock), disk_(std::move(disk)) {}

    struct Findings {
        std::string database;               // why it cannot be written; "" when it can
        std::vector<std::string> problems;  // all there are, in words; empty: none
    };
    Findings look(Trouble::Steady::time_point now = Trouble::Steady::now());

private:
    Findings look_now();

    store::SettingTable& settings_;
    const Trouble& claiming_;
    const Clock& clock_;
    const Disk disk_;
    Mutex mutex_;
    bool is_looking_ GUARDED_BY(mutex_) = false;
    Trouble::Steady::time_point looked_at_ GUARDED_BY(mutex_);  // when the last look began
    Findings last_ GUARDED_BY(mutex_);
};

}  // namespace ittybit::api
