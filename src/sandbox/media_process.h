#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "model/protocol.h"

namespace ittybit::sandbox {

/// Writes a child's events to its parent. Safe from any thread.
class EventWriter {
public:
    explicit EventWriter(int socket) : socket_(socket) {}

    /// Ends the process when the parent is gone: there is nobody left to work for.
    void send(const Event& event);

private:
    Mutex mutex_;
    int socket_ GUARDED_BY(mutex_);
};

using Inputs = std::vector<std::unique_ptr<ByteSource>>;

/// What the media executable is: how its libraries are made ready once, before any fork and any
/// wall, and what a child does with its assignment.
struct MediaProgram {
    std::function<Result<>()> initialise;
    std::function<Result<Finished>(const Assignment&, Inputs&, EventWriter&)> run;
};

/// The whole of `ittybit-media`: greets the parent, initialises, then forks walled children from
/// this one thread until the control socket (descriptor 3) ends. Returns the exit status.
int serve_children(const MediaProgram& program);

}  // namespace ittybit::sandbox
