#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/result.h"
#include "model/protocol.h"
#include "sandbox/layers.h"
#include "sandbox/line_reader.h"
#include "sandbox/watchdog.h"
#include "sandbox/workspace.h"

namespace ittybit::sandbox {

/// One walled child, from the parent's side: used for one assignment, watched from then on (by a
/// Watchdog), killed and reaped by the destructor at the latest. One thread at a time; no function
/// waits for the child longer than the watchdog lets it live.
class Child {
public:
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    /// Hands over the work with its inputs, each opened again read-only. From now on memory,
    /// threads, output bytes, the disk, wall and idle time and `stop` are watched, whatever the
    /// caller does. Errors: `task_crashed`, `internal_error`.
    Result<> assign(
        const Assignment& assignment, std::span<const int> inputs, const std::stop_token& stop = {}
    );

    /// The next event; nothing when `wake` (a descriptor) became readable first. Only in here does
    /// idle time run, and not while a Need waits for its reply. Errors: `limit_exceeded`,
    /// `task_timeout`, `disk_full`, `task_crashed` (death, a broken message), `cancelled`; the
    /// child is dead then.
    Result<std::optional<Event>> next_event(int wake = -1);

    /// Answers the last Need. Errors: as `next_event`, above all when the child does not read.
    Result<> reply(const Reply& reply);

    /// Ends the process and waits until it is gone; its files stay until the workspace goes.
    void kill();

    const Layers& layers() const { return layers_; }
    const Workspace& workspace() const { return workspace_; }
    /// Its folder, which outlives it. Once it is dead.
    Workspace take_workspace() { return std::move(workspace_); }

    /// What the child wrote to its standard error, at most 64 KiB: for our log, never for users.
    std::string diagnostics();

    int pid() const { return pid_; }

private:
    friend class Zygote;
    using Instant = std::chrono::steady_clock::time_point;

    Child(
        std::shared_ptr<void> zygote,
        Workspace workspace,
        Fd socket,
        Fd fate,
        Fd log,
        std::int64_t keep_free
    );
    bool meet_process();
    Result<> wait_until_walled();
    Result<> send(std::string_view text, std::span<const int> descriptors = {});
    Result<std::optional<Event>> wait_for_event(int wake);
    bool may_speak();
    Error end(Error why);
    Error death();
    Result<std::optional<Event>> take_event(const std::string& line);
    void drain_log();

    const std::shared_ptr<void> zygote_;  // the process that forked it and will reap it
    Workspace workspace_;
    LineReader socket_;
    Fd fate_;  // tells pid and pidfd, then the exit status; ends with the zygote
    Fd log_;
    const std::int64_t keep_free_;  // bytes of the disk
    Fd process_;                    // pidfd
    int pid_ = 0;
    Layers layers_;
    Instant last_message_{};
    double message_budget_ = 0;
    std::string diagnostics_;
    bool is_waiting_ = false;  // for the reply to a Need
    bool is_over_ = false;
    std::unique_ptr<Watchdog> watchdog_;  // while there is work; last: it looks at the rest
};

}  // namespace ittybit::sandbox
