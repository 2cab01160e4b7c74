#pragma once

#include <stop_token>
#include <thread>

#include "model/operation.h"
#include "storage/source.h"

namespace ittybit::work {

/// Whether the work reads the whole input: then it is fetched ahead, and found whole, at once.
bool needs_every_byte(const Operation& operation);

/// Whether a failure is about getting the bytes, not about what they are.
bool is_about_fetching(const Error& error);

/// Completes an input on a thread of its own while the work already reads it.
class Import {
public:
    Import(storage::Source& source, bool is_wanted);

    /// Waits until every byte is there.
    Result<> finish(const std::stop_token& stop);

private:
    Result<> result_;
    std::jthread thread_;
};

}  // namespace ittybit::work
