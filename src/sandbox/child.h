#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "model/protocol.h"
#include "sandbox/layers.h"
#include "sandbox/line_reader.h"
#include "sandbox/workspace.h"

namespace ittybit::sandbox {

/// One walled child, from the parent's side: used for one assignment, watched while its events are
/// awaited, killed and reaped by the destructor at the latest. One thread at a time.
class Child {
public:
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    /// Hands over the work with the input, opened again read-only. Errors: `task_crashed`.
    Result<> assign(const Assignment& assignment, int input);

    /// The next event; nothing when `wake` (a descriptor) became readable first. Watches memory,
    /// threads, output bytes, the disk, idle and wall time meanwhile. Errors: `limit_exceeded`,
    /// `task_timeout`, `task_crashed` (death, a broken message), `cancelled` when `stop` is
    /// requested; the child is dead then.
    Result<std::optional<Event>> next_event(const std::stop_token& stop, int wake = -1);

    /// Answers the last Need: until then the child's time does not run. Errors: `task_crashed`.
    Result<> reply(const Reply& reply);

    /// Ends the process and waits until it is gone; its files stay until the workspace goes.
    void kill();

    const Layers& layers() const { return layers_; }
    const Workspace& workspace() const { return workspace_; }

    /// What the child wrote to its standard error, at most 64 KiB: for our log, never for users.
    std::string diagnostics();

    /// The greatest resident memory seen, in bytes.
    std::int64_t peak_memory() const { return peak_memory_; }

    int pid() const { return pid_; }

private:
    friend class Zygote;
    using Instant = std::chrono::steady_clock::time_point;

    Child(Workspace workspace, Fd socket, Fd fate, Fd log, std::int64_t keep_free);
    bool meet_process();
    Result<> wait_until_walled();
    std::optional<Error> check_limits();
    std::optional<Error> check_usage();
    Result<std::optional<Event>> wait_for_event(const std::stop_token& stop, int wake);
    Error death();
    Result<std::optional<Event>> take_event(const std::string& line);
    void drain_log();

    Workspace workspace_;
    LineReader socket_;
    Fd fate_;  // tells pid and pidfd, then the exit status; ends with the zygote
    Fd log_;
    const std::int64_t keep_free_;  // bytes of the disk
    Fd process_;                    // pidfd
    int pid_ = 0;
    Layers layers_;
    Limits limits_;
    Instant started_{};
    Instant last_progress_{};
    Instant last_told_{};  // when the caller was last given an event
    Instant last_check_{};
    Instant last_usage_check_{};
    double message_budget_ = 0;
    std::int64_t peak_memory_ = 0;
    std::string diagnostics_;
    bool is_waiting_ = false;  // for the reply to a Need
    bool is_over_ = false;
};

}  // namespace ittybit::sandbox
