#pragma once

#include "store/database.h"

/// What migrations do that SQL alone cannot. Each call is a bite in a transaction of its own; true
/// says that it was the last. Only for migrations.cpp.
namespace ittybit::store {

/// Schema 6: the tasks of each job move into its row, as JSON. All in one.
Result<bool> gather_tasks(Session& session);

/// Schema 8: the tasks of each job move into rows of their own, and what jobs are found by is
/// written beside them.
Result<bool> scatter_jobs(Session& session);

/// At last: the receiver of each delivery that waits is written beside it.
Result<bool> name_receivers(Session& session);

/// What was asked for becomes one value in each row, the order.
Result<bool> write_orders(Session& session);

}  // namespace ittybit::store
