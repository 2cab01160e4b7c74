#pragma once

#include "model/protocol.h"

/// Media operations, inside the sandboxed child: options and input bytes in, files in the current
/// folder and facts about them out. One file per kind; run_task.h dispatches.
namespace ittybit::tasks {

/// Who hears what a task does while it works. Calls may come from any of the task's threads, also
/// at once. The child writes them on its socket; a test collects them.
class Events {
public:
    Events() = default;
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;
    virtual ~Events() = default;

    /// At most four a second, never going back, at least one every 2 s while work is done.
    virtual void progress(const Progress& progress) = 0;
    /// Bytes of a file that still grows are final.
    virtual void file_grown(const FileGrown& grown) = 0;
    /// A file is complete and verified.
    virtual void file_ready(const FileReady& ready) = 0;
};

}  // namespace ittybit::tasks
