#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "work/destination.h"
#include "work/ending.h"
#include "work/import.h"
#include "work/ledger.h"
#include "work/run.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// One output on its way, and the ids of its tasks.
struct Output {
    const OutputRequest& request;
    std::string work;
    std::string publish;
    std::unique_ptr<Destination> destination = {};
    std::optional<Outcome> outcome = {};
    std::optional<Error> unsent = {};  // why a file could not be sent on
    bool is_over = false;              // done, or failed

    /// Its working files go, and what was sent without being published is taken back.
    void forget();
    /// Nothing more is done for it.
    void close();
};

/// What the making of outputs needs of the run that it is part of. Borrows.
struct Making {
    Ledger& ledger;
    const Perform& perform;
    const Import& import;  // behind what is read
    const std::string& import_task;
    const std::string& format;  // of the input
    std::function<OperationRequest(const Operation&)> about;
    std::function<void(const Output&)> begin;  // its work, in the ledger
};

/// Makes an output, unless it was made with one before it; those of `all` that need the same
/// pictures are made with it, as far as that can be. Nothing where the output has its outcome.
std::optional<Blamed> make_output(const Making& making, Output& output, std::span<Output> all);

}  // namespace ittybit::work
