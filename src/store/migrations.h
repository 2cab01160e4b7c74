#pragma once

#include "store/database.h"

namespace ittybit::store {

/// The number of the newest schema.
int newest_schema();

/// Brings the database to schema `target`, one numbered step and transaction after the other.
/// Steps only go forward. Errors: `unavailable` when a newer version of ittybit made the file.
Result<void> migrate(Database& database, int target = newest_schema());

}  // namespace ittybit::store
