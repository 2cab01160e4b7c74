#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "model/limits.h"
#include "sandbox/child.h"
#include "sandbox/layers.h"

namespace ittybit::sandbox {

/// The `ittybit-media` process that has its libraries loaded and forks a child for each media
/// operation. Started at once, awaited at the first use; restarted when it dies, and renewed now
/// and then, since all its children have the same addresses and canaries; gone with this object and
/// the last child. Makes this process one that no other of its user may look into. Safe from any
/// thread.
class Zygote {
public:
    struct Options {
        std::filesystem::path program;           // ittybit-media; see media_program()
        std::filesystem::path scratch;           // where children's folders are made; must exist
        Limits limits;                           // what the kernel enforces on every child
        std::int64_t keep_free = 0;              // bytes of scratch's disk; at most a tenth of it
        std::vector<std::string> left_out = {};  // layers not to build (kLayerNames): for tests
        bool keeps_spare = true;                 // forks the next child before it is asked for
        int children_each = 200;                 // of one process, before the next takes over
    };

    explicit Zygote(Options options);
    Zygote(const Zygote&) = delete;
    Zygote& operator=(const Zygote&) = delete;
    ~Zygote();

    /// Starts the process, so that a later take() waits less. Errors: `internal_error`.
    Result<> start();

    /// A fresh walled child. Errors: `internal_error` (the program is missing, of another build, or
    /// cannot fork), `disk_full`.
    Result<std::unique_ptr<Child>> take();

    /// The walls that children have on this machine: those of a child made for the question.
    Result<Layers> layers();

    int pid() const;

private:
    struct Process;
    Result<std::shared_ptr<Process>> launch() const;

    Result<> ensure_started() REQUIRES(mutex_);
    Result<> ensure_greeted() REQUIRES(mutex_);
    void renew_in_time() REQUIRES(mutex_);
    Result<std::unique_ptr<Child>> request_child() REQUIRES(mutex_);

    Result<std::unique_ptr<Child>> take_spare_or_new();
    Result<std::unique_ptr<Child>> take_walled();
    void prepare_spare();
    void forget_dead();

    const Options options_;
    mutable Mutex mutex_;
    std::shared_ptr<Process> current_ GUARDED_BY(mutex_);
    std::shared_ptr<Process> next_ GUARDED_BY(mutex_);  // getting ready
    std::unique_ptr<Child> spare_ GUARDED_BY(mutex_);
};

/// `ittybit-media` beside this executable, or at `$ITTYBIT_MEDIA_PROGRAM`.
std::filesystem::path media_program();

/// Version, source revision and a hash of the words that the two executables exchange: both must
/// have the same.
std::string build_id();

}  // namespace ittybit::sandbox
