#include "store/records.h"

#include <utility>

namespace ittybit::store {

JobRecord JobRecord::make(Order order, bool is_task, UnixMillis now) {
    JobRecord record;
    record.job = make_job(order, now);
    if (is_task) record.job.tasks = standalone_task(order, record.job.id, now);
    record.order = std::move(order);
    record.is_task = is_task;
    return record;
}

}  // namespace ittybit::store
