#pragma once

#include <cstdint>

#include "store/database.h"

namespace ittybit::store {

/// Copies every row of `from` into `to` in one transaction: all of them, or none. Both are at the
/// newest schema; `from` is an SQLite database that nobody writes to meanwhile. Gives the number of
/// rows. Errors: `invalid_request` where `to` is in use already.
Result<std::int64_t> copy_rows(Database& from, Database& to);

}  // namespace ittybit::store
