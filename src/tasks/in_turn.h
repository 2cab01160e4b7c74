#pragma once

#include "base/thread_safety.h"
#include "tasks/events.h"

namespace ittybit::tasks {

/// Lets threads report one at a time.
class InTurn : public Events {
public:
    explicit InTurn(Events& events) : events_(events) {}
    void progress(const Progress& progress) override {
        const MutexLock lock(mutex_);
        events_.progress(progress);
    }
    void file_grown(const FileGrown& grown) override {
        const MutexLock lock(mutex_);
        events_.file_grown(grown);
    }
    void file_ready(const FileReady& ready) override {
        const MutexLock lock(mutex_);
        events_.file_ready(ready);
    }

private:
    Mutex mutex_;
    Events& events_ GUARDED_BY(mutex_);
};

}  // namespace ittybit::tasks
