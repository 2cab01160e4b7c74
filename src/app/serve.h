#pragma once

#include <functional>

#include "app/settings.h"
#include "cli/interrupt.h"

namespace ittybit::app {

/// What serve and worker are started with.
struct Start {
    Settings settings;                             // completed
    std::function<Result<Settings>()> read_again;  // as they are said by now
    cli::Interrupt& interrupt;
};

/// Serves, and works, until it is interrupted. Errors: `unavailable`, `invalid_request`.
Result<> serve(const Start& start, bool rotates_secret_key);

/// Works until it is interrupted; `is_listening`: and tells meanwhile how it is. Errors: as those
/// of serve.
Result<> run_worker(const Start& start, bool is_listening);

}  // namespace ittybit::app
