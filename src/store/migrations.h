#pragma once

#include <cstdint>

#include "store/database.h"

namespace ittybit::store {

/// The number of the newest schema.
int newest_schema();

/// What is said where the database has a newer one. `unavailable`.
Error too_new(std::int64_t schema);

/// Brings the database to schema `target`, one numbered step and transaction after the other.
/// Steps only go forward. Errors: `unavailable` when a newer version of ittybit made the file.
Result<void> migrate(Database& database, int target = newest_schema());

}  // namespace ittybit::store
