#pragma once

#include "tasks/events.h"

namespace ittybit::tasks {

/// For callers that only want the result.
class SilentEvents : public Events {
public:
    void progress(const Progress&) override {}
    void file_grown(const FileGrown&) override {}
    void file_ready(const FileReady&) override {}
};

}  // namespace ittybit::tasks
