#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "model/limits.h"
#include "sandbox/child.h"
#include "sandbox/layers.h"

namespace ittybit::sandbox {

/// The `ittybit-media` process that has its libraries loaded and forks a child for each media
/// operation. Started at once, awaited at the first use; restarted when it dies; gone with this
/// object. Safe from any thread.
class Zygote {
public:
    struct Options {
        std::filesystem::path program;           // ittybit-media; see media_program()
        std::filesystem::path scratch;           // where children's folders are made; must exist
        Limits limits;                           // what the kernel enforces on every child
        std::int64_t keep_free = 0;              // bytes of scratch's disk; at most a tenth of it
        std::vector<std::string> left_out = {};  // layers not to build (kLayerNames): for tests
        bool keeps_spare = true;                 // forks the next child before it is asked for
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

    int pid() const { return pid_; }

private:
    // With the lock held:
    Result<> ensure_started();
    Result<> ensure_greeted();
    Result<std::unique_ptr<Child>> request_child();
    void stop();

    Result<std::unique_ptr<Child>> take_spare_or_new();
    Result<std::unique_ptr<Child>> take_walled();
    void prepare_spare();
    void forget_dead();

    const Options options_;
    std::mutex mutex_;
    Fd control_;
    int pid_ = -1;
    bool is_greeted_ = false;
    std::unique_ptr<Child> spare_;
};

/// `ittybit-media` beside this executable, or at `$ITTYBIT_MEDIA_PROGRAM`.
std::filesystem::path media_program();

/// Version, source revision and a hash of the words that the two executables exchange: both must
/// have the same.
std::string build_id();

}  // namespace ittybit::sandbox
