#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/http.h"
#include "model/job.h"
#include "store/records.h"
#include "store/side_tables.h"

namespace ittybit::api {

/// A request to process something, read and judged: what POST /jobs and POST /tasks make.
/// All problems are collected; where there is one, `record` means nothing.
struct JobRequest {
    store::JobRecord record;
    std::vector<FieldError> errors;
};

/// Reads a job (SPEC: POST /jobs). Connections are looked up, since a missing one can be known now.
Result<JobRequest> read_job(
    const json::value& body, store::ConnectionTable& connections, UnixMillis now
);

/// Reads a standalone task (SPEC: Standalone tasks).
Result<JobRequest> read_task(
    const json::value& body, store::ConnectionTable& connections, UnixMillis now
);

/// A new job with the same request as one that was made before.
store::JobRecord same_again(const store::JobRecord& earlier, UnixMillis now);

}  // namespace ittybit::api
