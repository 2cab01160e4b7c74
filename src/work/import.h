#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/linked_stop.h"
#include "base/thread_safety.h"
#include "model/operation.h"
#include "storage/source.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// An input as operations take it. Borrows from the source.
OperationInput input_from(storage::Source& source);

/// Whether the work reads the whole input: then it is fetched ahead, and found whole, at once.
bool needs_every_byte(const Operation& operation);

/// Whether a failure is about getting the bytes, not about what they are.
bool is_about_fetching(const Error& error);

/// How much of the input is there; nothing while its size is not known.
std::optional<double> percent_of(const storage::Source& source);

/// Completes an input on a thread of its own while the work already reads it. An import that fails
/// stops the work, which could only find out later.
class Import {
public:
    Import(storage::Source& source, bool is_wanted, const std::stop_token& stop);
    Import(const Import&) = delete;
    Import& operator=(const Import&) = delete;
    ~Import() { stop_.request_stop(); }  // the thread's destructor then waits

    /// What the work that reads the input is stopped by.
    std::stop_token work() const { return stop_.get_token(); }
    /// Why the work was stopped, when it was for the import's sake.
    std::optional<Error> failure() const;
    /// How much is there; nothing where it is not known how much is needed.
    std::optional<double> percent() const;
    /// Waits until every byte is there.
    Result<> finish();

private:
    const storage::Source& source_;
    const bool is_needed_;
    mutable Mutex mutex_;
    std::optional<Error> failure_ GUARDED_BY(mutex_);
    LinkedStop stop_;
    std::jthread thread_;
};

}  // namespace ittybit::work
