#pragma once

#include "base/clock.h"

/// Only for the store's own files.
namespace ittybit::store {

/// How old a caller's `now` may be when its transaction sees the rows: whoever waits for its turn
/// to write, or for a database that is away, says a time that others have passed. A row that is
/// newer by more was written before the clock was set back.
constexpr UnixMillis kLatest = 30'000;

}  // namespace ittybit::store
